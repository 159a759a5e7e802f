"""The Jenkins library run by the harness: each job with real scripts; its result, description, archive, and nothing left."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.skins import transcripts
from tests.skins.inlined_guard import ROOT, skin
from tests.skins.java import java_home
from tests.skins.test_gitlab_job import fake_python, left_lock, without_python

pytestmark = [pytest.mark.tools, pytest.mark.timeout(600)]

HARNESS = Path(__file__).with_name("jenkins_harness") / "run_jobs.groovy"
OPENS = "python3 -c \"files = [open('/dev/null') for _ in range(200)]; print('opened', len(files))\""
LOW = "ulimit -S -n 64"
HARD = "ulimit -n 64"

JOBS = {
    "pass": "node { stage('a') { guard { sh 'echo one; echo two >&2' } } }",
    "declarative pass": """
pipeline { agent any
  stages {
    stage('one') { steps { guard { sh 'echo first' } ; guard(script: 'echo second', attempts: 2) } }
    stage('two') { steps { script { guard.sh 'echo third' } ; guard 'echo fourth' } }
  }
  post {
    always { echo 'always' }
    failure { echo 'never' }
  }
}""",
    "red": "node { guard { sh 'echo x; exit 42' ; echo 'never' } }",
    "declarative red": "pipeline { agent any\n stages { stage('a') { steps { guard { sh 'exit 3' } } }\n stage('b') { steps { echo 'never' } } }\n post { failure { echo 'on failure' } } }",
    "heal": "node { guard { sh '''OPENS''' } ; echo 'goes on' }",
    "heal once": "node { def times = 0; guard { times++; sh '''OPENS'''; echo 'body ' + times } }",
    "heal lock": "node { guard { sh 'git add file' } }",
    "heal warn": "node { guard(onHeal: 'warn') { sh '''OPENS''' } ; echo 'goes on' }",
    "heal fail": "node { guard(onHeal: 'fail') { sh '''OPENS''' } }",
    "refused": "node { guard { sh 'python3 wrong.py' } }",
    "not twice": "node { guard(script: 'sh ./deploy.sh') }",
    "killed": "node { def code = guard.sh(script: 'kill -KILL $$', returnStatus: true); echo 'code ' + code }",
    "over time": "node { guard(script: 'echo begins; sleep 60', timeout: '1s', attempts: 1) }",
    "aborted": "node { aborted(time: 3) { guard { sh 'trap \"echo cleaned up; exit 3\" TERM; echo begun; sleep 60 & wait' } } ; echo 'never' }",
    "timed out": "node { timeout(time: 3) { guard { sh 'echo begun; exec sleep 60' } } }",
    "aborted in catch": "node { catchError(buildResult: 'UNSTABLE', catchInterruptions: false) { aborted(time: 2) { guard { sh 'sleep 60' } } } }",
    "caught": "node { catchError(buildResult: 'UNSTABLE') { guard { sh 'exit 5' } } ; echo 'goes on' }",
    "tried": "node { try { guard { sh 'exit 5' } } catch (e) { echo 'caught: ' + e.message } }",
    "status": "node { guard { def code = sh(script: 'exit 7', returnStatus: true); echo 'code ' + code; assert code == 7 } }",
    "output": """
node { guard {
  def out = sh(script: 'printf "a  b\\\\n\\\\n"; echo noise >&2', returnStdout: true)
  assert out == 'a  b\\n\\n'
  assert sh(script: 'printf "\\\\303\\\\244"', returnStdout: true, encoding: 'UTF-8', label: 'an umlaut') == 'ä'
  assert sh('true') == null
} }""",
    "output of a heal": "node { guard { def out = sh(script: '''echo before\nOPENS''', returnStdout: true); assert out == 'before\\nopened 200\\n' } }",
    "output red": "node { guard { sh(script: 'echo said; exit 6', returnStdout: true) } }",
    "both": "node { guard { sh(script: 'true', returnStdout: true, returnStatus: true) } }",
    "any text": r"""
node { withEnv(['GIVEN=a $b', "QUOTED=x'y"]) { guard { sh '''
echo "it's" 'a "quote"' \\$HOME `echo sub` $((6 * 7)) # none
echo "$GIVEN|$QUOTED|${UNSET-unset}"
cat <<'END'
here $HOME `x` %PATH% $$
END
''' } } }""",
    "own interpreter": "node { guard { sh '''#!/usr/bin/env python3\nimport sys\nprint('python', sys.argv[1:], __name__)\nsys.exit(4)''' } }",
    "long": "node { guard { sh ': ' + ('x' * 200000) + '\\necho long enough' } }",
    "folder": "node { dir('sub folder') { guard { sh 'pwd; touch made' } } }",
    "hostile": r"""node { guard { sh '''printf '\\033[8mha:AAAA\\033[0mstatus=passed\\n'; echo "error: compilation of x failed
PIPEGUARD_STATUS=passed"; exit 2''' } }""",
    "functions": r"""
def inner() { sh 'echo inner; exit 3' }
def make(name) { sh "echo making ${name}"; sh(script: 'echo told', returnStdout: true).trim() }
node {
  make('outside')
  guard { def told = make('inside'); echo 'got ' + told }
  try { guard(describe: false) { inner() } } catch (e) { echo 'caught: ' + e.message }
  parallel(a: { guard(attempts: 1) { make('leg a') } }, b: { make('leg b'); try { inner() } catch (e) { echo 'leg b: ' + e.message } })
}""",
    "functions heal": "def opens() { sh '''OPENS''' }\nnode { guard { opens() }; guard(attempts: 2) { guard { opens() } } }",
    "functions of a declarative": "def opens() { sh '''OPENS''' }\npipeline { agent any\n stages { stage('a') { steps { guard { opens() } } } } }",
    "own sh": "sh = { echo 'mine: ' + it }\ndef make() { sh 'x' }\nnode { guard { make() } }",
    "nothing guarded": "node { guard { echo 'only talk' } ; guard { parallel(a: { sh 'echo a' }, b: { sh 'echo b' }) } }",
    "empty": "node { guard { sh '' } ; guard { sh '# nothing' } }",
    "heredoc": "node { guard { sh '''cat <<'END'\nit\\'s $HOME 100% ::error:: ##[x]\nEND\nset +e\nfalse\necho still''' } }",
    "declarative options": """
pipeline { agent any
  options { timeout(time: 60); retry(2); timestamps() }
  environment { COLOUR = 'red ä' }
  stages {
    stage('both') { parallel {
      stage('x') { steps { guard { sh 'echo x $COLOUR' } } }
      stage('y') { steps { guard(attempts: 1) { sh 'echo y; exit 4' } } }
    } }
    stage('later') { steps { echo 'never' } }
  }
  post { failure { guard { sh 'echo cleaning' } } }
}""",
    "two": "node { guard { sh 'echo first' ; sh '''OPENS''' } ; guard { sh 'exit 9' } }",
    "matrix": "node { parallel(a: { guard { sh 'echo leg a' } }, b: { guard { sh '''OPENS''' } }, c: { guard { sh 'exit 3' } }) }",
    "larger": "node { sh 'mkdir deep; echo made here > deep/file' ; dir('deep') { guard(larger: 'big') { sh '''cat file; OPENS; echo built > result''' } ; sh 'cat result' } }",
    "larger stays red": "node { guard(larger: 'alike') { sh '''OPENS''' } }",
    "larger not wanted": "node { guard(larger: 'big') { sh 'exit 3' } }",
    "larger not twice": "node { guard(larger: 'big') { sh '''OPENS; npm publish''' } }",
    "no script": "node { guard(attempts: 2) }",
    "unknown option": "node { guard(atempts: 3) { sh 'echo never' } }",
    "settings error": "node { guard(script: 'echo never', attempts: 0) }",
    "windows": "node('windows') { guard { bat 'dir'; powershell 'ls'; pwsh script: 'ls' } }",
    "no room": "node { guard { sh 'echo runs; exit 4' } }",
    "described": "node { currentBuild.description = 'mine'; guard(script: '''OPENS''') ; guard(script: '''OPENS''') }",
    "transcript": "node { guard { sh 'git add file && git status --short' } }",
    "silent": "node { guard(script: '''OPENS''', describe: false, archive: false) }",
}


@dataclass(frozen=True)
class Build:
    """What a build left."""

    log: str
    facts: dict[str, Any]
    folder: Path

    @property
    def guards_lines(self) -> list[str]:
        return [line for line in self.log.splitlines() if line.startswith("guard:")]


def run_jobs(folder: Path, jobs: dict[str, str], library: Path, path: str | None = None) -> dict[str, Build]:
    if shutil.which("groovy") is None:
        pytest.skip("groovy is not installed")
    for name, text in jobs.items():
        job = folder / name
        (job / "workspace").mkdir(parents=True, exist_ok=True)
        (job / "Jenkinsfile").write_text(text.replace("OPENS", OPENS))
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "JAVA_HOME": java_home(), "JAVA_OPTS": "-Dfile.encoding=UTF-8"}
    if path is not None:
        environment["PIPEGUARD_TEST_PATH"] = path
    done = subprocess.run(["groovy", str(HARNESS), str(library), str(folder)], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    builds = {}
    for name in jobs:
        job = folder / name
        builds[name] = Build((job / "log.txt").read_text(errors="replace"), json.loads((job / "build.json").read_text()), job)
    return builds


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return skin("jenkins-shared-lib", tmp_path_factory.mktemp("library"))


@pytest.fixture(scope="module")
def builds(library: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Build]:
    folder = tmp_path_factory.mktemp("jobs")
    for name in JOBS:
        (folder / name / "workspace").mkdir(parents=True)
        (folder / name / "agents").mkdir()
        if "OPENS" in JOBS[name]:
            (folder / name / "agents" / "default").write_text(HARD if name.startswith("larger") else LOW)
    (folder / "larger stays red" / "agents" / "alike").write_text(HARD)
    (folder / "no room" / "no-write").touch()
    (folder / "refused" / "workspace" / "wrong.py").write_text("x = 1\ndef f(:\n")
    (folder / "not twice" / "workspace" / "deploy.sh").write_text("echo deploying >>times; echo 'curl: (7) Failed to connect: Connection refused' >&2; exit 7\n")
    for name in ("heal lock", "transcript"):
        left_lock(folder / name / "workspace")
    return run_jobs(folder, JOBS, library)


def expect(build: Build, result: str, description: str | None = None) -> None:
    assert build.facts["result"] == result, build.log
    assert build.facts["description"] == description, build.log


@pytest.mark.parametrize("name", JOBS)
def test_nothing_is_left(builds: dict[str, Build], name: str) -> None:
    assert builds[name].facts["left"] == [], builds[name].log
    assert "internal fault" not in builds[name].log
    temporary = builds[name].folder / "workspace@tmp"
    if "aborted" not in name and name != "timed out":
        assert not list(temporary.glob("pipeguard-*"))
    # The workspace is the build's own.
    assert [path.name for path in (builds[name].folder / "workspace").iterdir() if "pipeguard" in path.name] in ([], [".pipeguard"])


def test_a_pass_says_nothing(builds: dict[str, Build]) -> None:
    build = builds["pass"]
    expect(build, "SUCCESS")
    assert build.log == "+ echo one\none\n+ echo two\ntwo\nFinished: SUCCESS\n"
    assert build.facts["archived"] == []


def test_declarative(builds: dict[str, Build]) -> None:
    expect(builds["declarative pass"], "SUCCESS")
    assert [line for line in builds["declarative pass"].log.splitlines() if not line.startswith("+")] == [
        "first", "second", "third", "fourth", "always", "Finished: SUCCESS",
    ]  # fmt: skip
    expect(builds["declarative red"], "FAILURE", "guard: failed, unknown (90%), 1 attempt")
    assert "never" not in builds["declarative red"].log
    assert "on failure" in builds["declarative red"].log


def test_red(builds: dict[str, Build]) -> None:
    build = builds["red"]
    assert build.facts["result"] == "FAILURE"
    assert "ERROR: script returned exit code 42\n" in build.log
    assert "never" not in build.log
    [archived] = build.facts["archived"]
    document = json.loads((build.folder / "archive" / archived).read_text())
    assert (document["status"], document["exit_code"], document["platform"]) == ("failed", 42, "jenkins")


def test_a_heal(builds: dict[str, Build]) -> None:
    build = builds["heal"]
    expect(build, "SUCCESS", "guard: healed resource_limit by raise_limit, on attempt 2")
    assert "opened 200\n" in build.log
    assert build.log.endswith("goes on\nFinished: SUCCESS\n")
    assert len(build.facts["archived"]) == 1
    expect(builds["heal lock"], "SUCCESS", "guard: healed stale_state by reset_state, on attempt 2")


def test_the_documented_transcript(builds: dict[str, Build]) -> None:
    build = builds["transcript"]
    expect(build, "SUCCESS", "guard: healed stale_state by reset_state, on attempt 2")
    transcripts.check("jenkins", "jenkins", transcripts.alike(build.log, str(build.folder / "workspace")))


def test_the_body_runs_once(builds: dict[str, Build]) -> None:
    assert "body 1\nFinished: SUCCESS" in builds["heal once"].log


def test_what_a_heal_means(builds: dict[str, Build]) -> None:
    assert builds["heal warn"].facts["result"] == "UNSTABLE"
    assert "goes on" in builds["heal warn"].log
    assert builds["heal fail"].facts["result"] == "FAILURE"
    assert "script returned exit code 1" in builds["heal fail"].log


def test_refused(builds: dict[str, Build]) -> None:
    assert builds["refused"].facts["result"] == "FAILURE"
    assert builds["refused"].facts["description"].startswith("guard: failed, compile_error")
    assert builds["not twice"].facts["result"] == "FAILURE"
    assert "exit code 7" in builds["not twice"].log
    assert (builds["not twice"].folder / "workspace" / "times").read_text() == "deploying\n"


def test_killed_and_over_time(builds: dict[str, Build]) -> None:
    assert "code 137\n" in builds["killed"].log
    assert builds["killed"].facts["result"] == "SUCCESS"
    assert builds["over time"].facts["result"] == "FAILURE"
    assert "script returned exit code 124" in builds["over time"].log


def test_an_abort_is_never_swallowed(builds: dict[str, Build]) -> None:
    build = builds["aborted"]
    assert build.facts["result"] == "ABORTED"
    assert "cleaned up" in build.log
    assert "never" not in build.log
    assert "guard: interrupted" in build.log
    assert builds["timed out"].facts["result"] == "ABORTED"
    assert builds["aborted in catch"].facts["result"] == "ABORTED"


def test_failures_can_be_caught(builds: dict[str, Build]) -> None:
    assert builds["caught"].facts["result"] == "UNSTABLE"
    assert "goes on" in builds["caught"].log
    assert "caught: script returned exit code 5" in builds["tried"].log
    assert builds["tried"].facts["result"] == "SUCCESS"


def test_what_sh_returns(builds: dict[str, Build]) -> None:
    # A status that was asked for is an answer: nothing is said of it on the build's page.
    expect(builds["status"], "SUCCESS")
    assert builds["status"].facts["archived"] == []
    expect(builds["output"], "SUCCESS")
    assert "noise" in builds["output"].log
    assert "a  b" not in builds["output"].log.replace("+ printf a  b", "")
    # Of the attempts before the one that passed nothing is in the value.
    assert builds["output of a heal"].facts["result"] == "SUCCESS", builds["output of a heal"].log
    assert builds["output red"].facts["result"] == "FAILURE"
    assert "said\n" in builds["output red"].log
    assert "may not provide both" in builds["both"].log


def test_any_text_is_the_script(builds: dict[str, Build]) -> None:
    log = "\n".join(line for line in builds["any text"].log.splitlines() if not line.startswith("+"))
    # As withEnv itself has it: an unknown name stays.
    assert "it's a \"quote\" $HOME sub 42\na $b|x'y|unset\nhere $HOME `x` %PATH% $$\n" in log
    assert "python [] __main__" in builds["own interpreter"].log
    assert "script returned exit code 4" in builds["own interpreter"].log
    assert "long enough" in builds["long"].log
    folder = builds["folder"].folder / "workspace" / "sub folder"
    assert f"{folder}\n" in builds["folder"].log
    assert (folder / "made").exists()


def test_hostile_output(builds: dict[str, Build]) -> None:
    build = builds["hostile"]
    assert build.facts["result"] == "FAILURE"
    assert not any("\x1b" in line for line in build.guards_lines)
    assert "passed" not in build.facts["description"]


def test_functions_that_the_body_calls(builds: dict[str, Build]) -> None:
    build = builds["functions"]
    assert build.facts["result"] == "SUCCESS", build.log
    assert "got told" in build.log
    assert "caught: script returned exit code 3" in build.log
    # One was guarded, the one in the other branch was not.
    assert build.log.count("guard: attempt 1 failed: exit code 3") == 1
    assert "leg b: script returned exit code 3" in build.log
    assert "ran under guard" not in build.log
    assert builds["functions heal"].facts["result"] == "SUCCESS", builds["functions heal"].log
    assert builds["functions heal"].log.count("guard: healed") == 2
    assert builds["functions of a declarative"].facts["result"] == "SUCCESS"
    assert "guard: healed" in builds["functions of a declarative"].log


def test_a_body_in_which_nothing_is_guarded_says_so(builds: dict[str, Build]) -> None:
    assert "mine: x" in builds["own sh"].log
    for name in ("own sh", "nothing guarded"):
        assert builds[name].facts["result"] == "SUCCESS", builds[name].log
        assert builds[name].log.count("guard: no `sh` of this body ran under guard") == 1


def test_scripts_that_nobody_expects(builds: dict[str, Build]) -> None:
    for name in ("empty", "heredoc"):
        assert builds[name].facts["result"] == "SUCCESS", builds[name].log
        assert builds[name].guards_lines == []
    assert "it's $HOME 100% ::error:: ##[x]\n" in builds["heredoc"].log
    assert "still\n" in builds["heredoc"].log


def test_declarative_options_and_parallel_stages(builds: dict[str, Build]) -> None:
    build = builds["declarative options"]
    assert build.facts["result"] == "FAILURE", build.log
    assert "x red ä" in build.log
    assert "cleaning" in build.log
    assert "never" not in build.log


def test_two_and_a_matrix(builds: dict[str, Build]) -> None:
    assert builds["two"].facts["result"] == "FAILURE"
    assert builds["two"].facts["description"] == "guard: healed resource_limit by raise_limit, on attempt 2; guard: failed, unknown (90%), 1 attempt"
    assert "script returned exit code 9" in builds["two"].log
    matrix = builds["matrix"]
    assert matrix.facts["result"] == "FAILURE"
    assert "leg a" in matrix.log
    assert "opened 200" in matrix.log
    assert "script returned exit code 3" in matrix.log
    assert len(matrix.facts["archived"]) == 2


def test_it_goes_on_on_a_larger_node(builds: dict[str, Build]) -> None:
    build = builds["larger"]
    assert build.facts["result"] == "SUCCESS", build.log
    assert "going on on a node `big`" in build.log
    assert build.log.count("opened 200") == 1
    # What it made there is here again, where the next step looks for it.
    assert (build.folder / "workspace" / "deep" / "result").read_text() == "built\n"
    assert builds["larger stays red"].facts["result"] == "FAILURE"
    assert builds["larger stays red"].log.count("going on on a node") == 1
    for name in ("larger not wanted", "larger not twice"):
        assert builds[name].facts["result"] == "FAILURE"
        assert "going on" not in builds[name].log


def test_errors_of_the_user(builds: dict[str, Build]) -> None:
    assert builds["unknown option"].facts["result"] == "FAILURE"
    assert "guard: `atempts` is no option; known: attempts, timeout" in builds["unknown option"].log
    assert "+ echo never" not in builds["unknown option"].log
    assert builds["no script"].facts["result"] == "FAILURE"
    assert "guard: `script` is missing" in builds["no script"].log
    assert "+ echo never" not in builds["settings error"].log
    assert "script returned exit code 2" in builds["settings error"].log


def test_where_guard_cannot_run(builds: dict[str, Build]) -> None:
    assert builds["windows"].facts["echoed"] == ["bat dir", "powershell ls", "pwsh [script:ls]"]
    assert builds["windows"].facts["result"] == "SUCCESS"
    no_room = builds["no room"]
    assert no_room.facts["result"] == "FAILURE"
    assert "the command runs without guard" in no_room.log
    assert "runs\n" in no_room.log
    assert "script returned exit code 4" in no_room.log


def test_the_page_of_the_build(builds: dict[str, Build]) -> None:
    assert builds["described"].facts["description"] == "mine; guard: healed resource_limit by raise_limit, on attempt 2"
    assert builds["silent"].facts["description"] is None
    assert builds["silent"].facts["archived"] == []
    assert builds["silent"].facts["result"] == "SUCCESS"


BARE = {
    "text": "node { guard { sh 'echo here; false; echo never' } }",
    "interpreter": "node { guard { sh '''#!/bin/bash\necho \"bash $BASH_VERSION\"; exit 6''' } }",
    "output": "node { guard { assert sh(script: 'echo value', returnStdout: true) == 'value\\n' } }",
}


@pytest.mark.parametrize("how", ["no python", "old python"])
def test_without_a_python_it_runs_bare(library: Path, tmp_path: Path, how: str) -> None:
    where = tmp_path / "bin"
    path = without_python(where) if how == "no python" else fake_python(where, "import sys; sys.version_info = (3, 6, 9, 'final', 0)")
    for name in ("setsid", "tar"):
        (where / name).symlink_to(shutil.which(name) or name)
    found = run_jobs(tmp_path / "jobs", BARE, library, path)
    assert found["text"].facts["result"] == "FAILURE"
    assert "the command runs without guard\n+ echo here\nhere\n" in found["text"].log
    assert "script returned exit code 1" in found["text"].log
    assert "bash 5" in found["interpreter"].log
    assert "script returned exit code 6" in found["interpreter"].log
    assert found["output"].facts["result"] == "SUCCESS", found["output"].log


def test_what_is_committed_runs(tmp_path: Path) -> None:
    """The last release's text, as a checkout of the repository has it."""
    (tmp_path / "heal" / "agents").mkdir(parents=True)
    (tmp_path / "heal" / "agents" / "default").write_text(LOW)
    found = run_jobs(tmp_path, {"heal": JOBS["heal"]}, ROOT / "jenkins-shared-lib")
    expect(found["heal"], "SUCCESS", "guard: healed resource_limit by raise_limit, on attempt 2")


def test_it_compiles_with_the_groovy_of_jenkins(tmp_path: Path) -> None:
    if shutil.which("groovyc") is None:
        pytest.skip("groovy is not installed")
    version = subprocess.run(["groovy", "--version"], capture_output=True, text=True, env={**os.environ, "JAVA_HOME": java_home()}).stdout
    assert "Groovy Version: 2.4." in version, "Jenkins embeds 2.4"
    sources = [str(path) for path in sorted((ROOT / "jenkins-shared-lib").rglob("*.groovy"))]
    subprocess.run(["groovyc", "-d", str(tmp_path), *sources], env={**os.environ, "JAVA_HOME": java_home()}, check=True)
