"""A GitLab job's script under guard, as the shell executor runs it: the job's verdict, its reports, and nothing left."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.skins import transcripts
from tests.skins.gitlab_runner import Job, ShellExecutor, script
from tests.skins.inlined_guard import ROOT, skin

pytestmark = pytest.mark.tools

OPENS = "python3 -c \"files = [open('/dev/null') for _ in range(200)]; print('opened', len(files))\""
# The limit as some runners set it; an ordinary user may raise it as far as the hard one.
LOW = "ulimit -S -n 64"
SECTION = re.compile(r"section_(start|end):\d+:(\S+?)[\[\r]")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return skin("gitlab-component", tmp_path_factory.mktemp("gitlab")) / "include" / "guard.yml"


@pytest.fixture(scope="module")
def guarded(template: Path) -> list[str]:
    return script(template, ".guard")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def run(guarded: list[str], place: Path):
    def run_it(text: str, before: str = ":", shell: str = "bash", cancel_after: str | None = None, **env: str) -> Job:
        temporary = place.parent / "tmp"
        temporary.mkdir(exist_ok=True)
        executor = ShellExecutor(place, {"PIPEGUARD_RUN": text, "TMPDIR": str(temporary), **env}, (shell,))
        job = executor.run([before, *guarded], cancel_after)
        assert job.left == (), job.log
        # What guard unpacked is gone.
        assert [path.name for path in temporary.iterdir() if not path.name.startswith("pipeguard-fault")] == [], job.log
        assert "internal fault" not in job.log, job.log
        return job

    return run_it


def left_lock(folder: Path) -> None:
    """A repository whose index is locked by a git that is no more."""
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    (folder / "file").write_text("x")
    (folder / ".git" / "index.lock").touch()


def expect(job: Job, code: int, status: str, attempts: int, label: str = "", healed_by: str = "") -> None:
    assert job.code == code, job.log
    assert job.dotenv == {
        "PIPEGUARD_STATUS": status, "PIPEGUARD_ATTEMPTS": str(attempts), "PIPEGUARD_LABEL": label,
        "PIPEGUARD_HEALED_BY": healed_by, "PIPEGUARD_EXIT_CODE": str(code),
    }, job.log  # fmt: skip


def suites(job: Job) -> list[ElementTree.Element]:
    """The JUnit reports, each valid by our own schema."""
    assert job.reports is not None
    paths = sorted(job.reports.glob("junit-*.xml"))
    if shutil.which("xmllint") is None:
        pytest.skip("xmllint is not installed (libxml2-utils)")
    schema = Path(__file__).with_name("junit.xsd")
    checked = subprocess.run(["xmllint", "--noout", "--nonet", "--schema", str(schema), *map(str, paths)], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    return [suite for path in paths for suite in ElementTree.parse(path).getroot()]


def findings(job: Job) -> list[dict[str, object]]:
    """The Code Quality report; each finding has what GitLab wants of it."""
    assert job.reports is not None
    found = json.loads((job.reports / "codequality.json").read_text())
    for one in found:
        assert set(one) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert one["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert set(one["location"]) == {"path", "lines"}
        assert not one["location"]["path"].startswith(("/", "./"))
        assert one["location"]["lines"]["begin"] >= 1
    assert len({one["fingerprint"] for one in found}) == len(found)
    return found


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_a_pass(run, place: Path, shell: str) -> None:
    subprocess.run(["git", "init", "-q"], cwd=place, check=True)
    job = run("echo one; echo two >&2", shell=shell)
    expect(job, 0, "passed", 1)
    assert job.log == "one\ntwo\n"
    assert [suite.attrib["failures"] for suite in suites(job)] == ["0"]
    assert findings(job) == []
    assert subprocess.run(["git", "status", "--porcelain"], cwd=place, capture_output=True, text=True).stdout == ""


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_red_for_no_known_cause(run, shell: str) -> None:
    job = run("echo nothing to see; exit 42", shell=shell)
    expect(job, 42, "failed", 1, "unknown")
    assert not SECTION.search(job.log)
    [suite] = suites(job)
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("1", "1")
    assert suite[0].attrib["name"] == "the job"
    assert suite[0][0].attrib["type"] == "unknown"
    [finding] = findings(job)
    assert finding["location"] == {"path": ".gitlab-ci.yml", "lines": {"begin": 1}}


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_a_heal(run, shell: str) -> None:
    job = run(OPENS, before=LOW, shell=shell)
    expect(job, 0, "healed", 2, "resource_limit", "raise_limit")
    assert "opened 200" in job.log
    assert any("healed: the command passed on attempt 2 after raise_limit" in line for line in job.guards_lines)
    marks = SECTION.findall(job.log)
    assert [kind for kind, _ in marks] == ["start", "end"]
    assert len({name for _, name in marks}) == 1
    opened = job.log.index("section_start")
    assert job.log.index("Too many open files") < opened < job.log.index("opened 200") < job.log.index("section_end")
    [suite] = suites(job)
    assert (suite.attrib["failures"], suite.attrib["errors"]) == ("0", "0")
    assert "healed by raise_limit" in (suite[0].findtext("system-out") or "")
    assert {one["severity"] for one in findings(job)} == {"info"}
    assert job.reports is not None
    [document] = [json.loads(path.read_text()) for path in job.reports.glob("run-*.json")]
    assert (document["status"], document["platform"]) == ("healed", "gitlab")


def test_the_documented_transcript(run, place: Path) -> None:
    left_lock(place)
    job = run("git add file && git status --short")
    transcripts.check("gitlab", "gitlab", transcripts.alike(shown(job.log), str(place)))


def shown(log: str) -> str:
    """The log as GitLab shows it: section marks are read, and a folded section shows its title."""
    return re.sub(r"(?:\r?\x1b\[0K)?section_(?:start|end):\d+:[\w\[\]=]+\r\x1b\[0K", "", log).replace("\x1b[0K", "")


def test_a_heal_of_a_left_lock(run, place: Path) -> None:
    left_lock(place)
    job = run("git add file")
    expect(job, 0, "healed", 2, "stale_state", "reset_state")
    assert not (place / ".git" / "index.lock").exists()


def test_a_heal_that_is_not_wanted(run) -> None:
    job = run(OPENS, before=LOW, PIPEGUARD_ON_HEAL="fail")
    assert job.code == 1
    assert job.dotenv["PIPEGUARD_STATUS"] == "healed"
    assert job.dotenv["PIPEGUARD_EXIT_CODE"] == "1"
    assert [suite.attrib["failures"] for suite in suites(job)] == ["1"]


def test_refused(run, place: Path) -> None:
    (place / "wrong.py").write_text("x = 1\ndef f(:\n")
    job = run("python3 wrong.py")
    expect(job, 1, "failed", 1, "compile_error")
    [finding] = findings(job)
    assert finding["location"] == {"path": "wrong.py", "lines": {"begin": 2}}
    assert finding["severity"] == "major"


def test_not_twice(run, place: Path) -> None:
    (place / "deploy.sh").write_text("echo deploying >>times; echo 'curl: (7) Failed to connect to host port 443: Connection refused' >&2; exit 7\n")
    job = run("sh ./deploy.sh")
    expect(job, 7, "failed", 1, "connection_failure")
    assert (place / "times").read_text() == "deploying\n"


def test_killed_by_a_signal(run) -> None:
    job = run("kill -KILL $$")
    assert job.code == 137, job.log
    assert job.dotenv["PIPEGUARD_EXIT_CODE"] == "137"
    assert job.dotenv["PIPEGUARD_STATUS"] == "failed"


def test_over_its_time(run) -> None:
    job = run("echo begins; sleep 60", PIPEGUARD_TIMEOUT="1s", PIPEGUARD_ATTEMPTS="1")
    assert job.code == 124, job.log
    assert job.dotenv["PIPEGUARD_EXIT_CODE"] == "124"


def test_cancelled(run) -> None:
    job = run("trap 'echo cleaned up; exit 3' TERM; echo begun; sleep 60 & wait", cancel_after="begun")
    # The job's shell is ended by the signal itself; guard still tells how the command ended.
    assert job.code in (128 + signal.SIGTERM, 255 - 0), job.log
    assert "cleaned up" in job.log
    assert job.dotenv["PIPEGUARD_STATUS"] == "interrupted"
    assert [suite.attrib["errors"] for suite in suites(job)] == ["1"]
    assert job.seconds < 10


def test_cancelled_and_deaf(run) -> None:
    job = run("trap '' TERM; echo begun; while :; do sleep 1; done", cancel_after="begun")
    assert job.dotenv["PIPEGUARD_STATUS"] == "interrupted"


def test_retry_of_the_job_is_a_job_of_its_own(guarded: list[str], place: Path, tmp_path: Path) -> None:
    """`retry: {exit_codes: […]}` sees the command's own exit code, and each try has its own reports."""
    subprocess.run(["git", "init", "-q"], cwd=place, check=True)
    text = f'echo "try $CI_JOB_ID" >> {tmp_path}/tries; [ "$CI_JOB_ID" = 78 ] || {{ echo "error: cannot find symbol"; exit 42; }}'
    executor = ShellExecutor(place, {"PIPEGUARD_RUN": text})
    red, green = executor.retried(guarded, 2, exit_codes=(42,))
    assert (tmp_path / "tries").read_text() == "try 77\ntry 78\n"
    assert (red.code, green.code) == (42, 0)
    expect(green, 0, "passed", 1)
    (only,) = executor.retried(guarded, 2, exit_codes=(1,))
    assert only.code == 42


def test_over_the_job_s_time(guarded: list[str], place: Path) -> None:
    executor = ShellExecutor(place, {"PIPEGUARD_RUN": "echo begun; sleep 79 & sleep 79"})
    (job,) = executor.retried(guarded, 2, timeout_s=4)
    assert job.timed_out
    assert (job.left, job.dotenv["PIPEGUARD_STATUS"], job.dotenv["PIPEGUARD_ATTEMPTS"]) == ((), "interrupted", "1")


def test_a_service_that_comes_up_late(run, place: Path) -> None:
    """What `services:` starts may not listen yet when the script begins."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    late = f"import http.server, time; time.sleep(2.5); http.server.HTTPServer(('127.0.0.1', {port}), http.server.BaseHTTPRequestHandler).serve_forever()"
    service = subprocess.Popen([sys.executable, "-c", late], stderr=subprocess.DEVNULL)
    try:
        job = run(f"python3 -c \"import socket; socket.create_connection(('127.0.0.1', {port}))\"")
    finally:
        service.kill()
        service.wait()
    assert job.code == 0, job.log
    assert job.dotenv["PIPEGUARD_STATUS"] == "healed"


def test_hostile_output(run) -> None:
    forged = r"printf '\033[0Ksection_start:1:evil\r\033[0Kerror: section_end:1:evil PIPEGUARD_STATUS=passed\n'"
    job = run(f"{forged}; {OPENS[:-1]}; raise OSError(24, 'Too many open files section_start:2:worse <b>&')\"", before=LOW, PIPEGUARD_ATTEMPTS="1")
    assert job.code == 1
    assert not any(re.search(r"section_(start|end):|[\r\x1b]", line) for line in job.guards_lines), job.log
    assert job.dotenv["PIPEGUARD_STATUS"] == "failed"
    assert set(job.dotenv) == {f"PIPEGUARD_{name}" for name in ("STATUS", "ATTEMPTS", "LABEL", "HEALED_BY", "EXIT_CODE")}
    assert len(suites(job)) == 1


def test_any_text_is_the_script(run) -> None:
    text = """echo "a b" 'c "d"' $((6 * 7)) \\$HOME `echo sub` # none
cat <<'END'
it's a "here" document $HOME `x`
END
printf '%s|' "$@" "ä ☃"; echo
false || echo "$0 is $BASH_VERSION" | sed 's/ is .*/ is bash/'"""
    job = run(text)
    assert job.code == 0
    assert job.log == "a b c \"d\" 42 $HOME sub\nit's a \"here\" document $HOME `x`\nä ☃|\nbash is bash\n"


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_a_job_without_a_script_is_red(run, shell: str) -> None:
    job = run("", shell=shell)
    assert job.code != 0
    assert "PIPEGUARD_RUN: is empty, it has to hold the script of this job" in job.log


def test_shell_options_are_the_runner_s(run) -> None:
    assert run("false | cat; echo never").code == 1
    assert "never" not in run("false; echo never").log


def test_two_guarded_commands(template: Path, place: Path) -> None:
    lines = [
        *script(template, ".guard-setup"), LOW, "mkdir -p sub && cd sub", "pipeguard run -- sh -c 'echo first'", f"pipeguard run -- {OPENS}",
        "pipeguard run -- true",
    ]  # fmt: skip
    job = ShellExecutor(place).run(lines)
    assert job.code == 0, job.log
    # The report is about the worst of them.
    assert job.dotenv["PIPEGUARD_STATUS"] == "healed"
    assert len(suites(job)) == 3
    failed = ShellExecutor(place).run([*lines, "pipeguard run -c 'exit 5' || exit $?", "echo never"])
    assert failed.code == 5
    assert "never" not in failed.log
    expect(failed, 5, "failed", 1, "unknown")
    assert len(suites(failed)) == 4


def test_standard_input_is_the_script_s_own(template: Path, place: Path) -> None:
    lines = [*script(template, ".guard-setup"), "echo given | pipeguard run -- cat", "pipeguard run -- cat </dev/null"]
    job = ShellExecutor(place).run(lines)
    assert (job.code, job.log) == (0, "given\n")


def without_python(folder: Path) -> str:
    """A PATH without any Python."""
    folder.mkdir()
    for name in ("bash", "sh", "cat", "mkdir", "rm", "head", "chmod", "sed", "sleep", "wc", "git", "mktemp"):
        (folder / name).symlink_to(shutil.which(name) or name)
    return str(folder)


@pytest.mark.parametrize("shell", ["bash", "sh"])
@pytest.mark.parametrize(("text", "code"), [("echo it\\'s here", 0), ("echo it\\'s here; false; echo never", 1)])
def test_without_python_it_runs_bare(run, tmp_path: Path, shell: str, text: str, code: int) -> None:
    job = run(text, shell=shell, PATH=without_python(tmp_path / "bin"))
    assert job.log == "guard: there is no python3 here; the command runs without guard\nit's here\n"
    expect(job, code, "failed" if code else "passed", 1)


def fake_python(folder: Path, before: str) -> str:
    """A PATH whose python3 is this one after some statements, and which has no other."""
    path = without_python(folder)
    python = folder / "python3"
    python.write_text(f'#!/bin/sh\nshift 3\nboot=$1; shift\nexec {os.path.realpath(sys.executable)} -I -S -c "{before}\n$boot" "$@"\n')
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.parametrize(
    ("before", "why"),
    [
        ("import sys; sys.version_info = (3, 6, 9, 'final', 0)", "this python3 is 3.6, guard wants 3.10 or newer"),
        ("import sys; sys.modules['zlib'] = None", "guard could not be unpacked (ModuleNotFoundError)"),
    ],
)
def test_with_a_python_that_cannot_it_runs_bare(run, tmp_path: Path, before: str, why: str) -> None:
    job = run("echo here; exit 6", PATH=fake_python(tmp_path / "bin", before))
    assert job.log == f"guard: {why}; the command runs without guard\nhere\n"
    expect(job, 6, "failed", 1)


def test_a_python_that_cannot_unpack_the_rest_runs_once(run, tmp_path: Path) -> None:
    path = fake_python(tmp_path / "bin", "import sys; sys.modules['lzma'] = None")
    assert run("echo here", PATH=path).log == "here\n"
    job = run("echo here; exit 6", PATH=path)
    assert job.code == 6
    assert job.log.startswith("here\nguard: its own files cannot be read any more (the run); the command's own result stands")


def test_an_old_python_beside_a_newer_one(run, tmp_path: Path) -> None:
    path = fake_python(tmp_path / "bin", "import sys; sys.version_info = (3, 6, 9, 'final', 0)")
    (tmp_path / "bin" / "python3.12").symlink_to(os.path.realpath(sys.executable))
    job = run("echo here; exit 6", PATH=path)
    assert "without guard" not in job.log
    expect(job, 6, "failed", 1, "unknown")


def test_no_room_for_the_reports(run, place: Path) -> None:
    (place / ".pipeguard").write_text("a file where the folder should be")
    job = run("echo fine")
    assert job.code == 0
    assert job.reports is None
    assert "fine" in job.log


def test_reports_do_not_follow_links(run, place: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_text("mine\n")
    job = run(f"mkdir -p .pipeguard/reports/77; ln -s {target} .pipeguard/reports/77/gitlab.env; echo done")
    assert job.code == 0
    assert target.read_text() == "mine\n"


def test_what_is_committed_runs(place: Path) -> None:
    """The last release's text, as a checkout of the repository has it."""
    committed = ROOT / "gitlab-component" / "include" / "guard.yml"
    job = ShellExecutor(place, {"PIPEGUARD_RUN": OPENS}).run([LOW, *script(committed, ".guard")])
    expect(job, 0, "healed", 2, "resource_limit", "raise_limit")
