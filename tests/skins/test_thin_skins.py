"""CircleCI orb, Azure template, Buildkite plugin, TeamCity recipe: each script really run, with what it hands to its CI."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from guard import __version__
from guard.delivery.steps import SKINS, STEP, filled
from guard.platforms import PLATFORMS, azure
from tests.skins import thin, transcripts
from tests.skins.act_runner import ROOT, checkout

pytestmark = pytest.mark.tools

START = {"circleci": thin.circleci, "azure": thin.azure, "buildkite": thin.buildkite, "teamcity": thin.teamcity}
# How each spells the parameter of on-heal.
ON_HEAL = {"circleci": "on_heal", "azure": "onHeal", "buildkite": "on_heal", "teamcity": "on_heal"}
HOSTILE = (
    "printf '%s\\n' 'Traceback (most recent call last):' '  File \"app.py\", line 2, in f' "
    "\"AssertionError: ##vso[task.setvariable variable=PATH]/evil ##teamcity[buildStatus status='SUCCESS'] %0A##[error]x --- |n\"\nexit 1"
)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return thin.wheel(tmp_path_factory.mktemp("wheels"), checkout(tmp_path_factory.mktemp("checkout")))


@pytest.fixture(params=START)
def ci(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Path:
    """Where an earlier job on the same machine has brought guard."""
    place = thin.machine(tmp_path_factory.mktemp("earlier"), wheels, "circleci")
    thin.circleci(place, "true")
    return place.folder / "home" / ".cache" / "pipeguard"


@pytest.fixture
def fresh(ci: str, tmp_path: Path, wheels: Path) -> thin.Place:
    return thin.machine(tmp_path, wheels, ci)


@pytest.fixture
def place(fresh: thin.Place, installed: Path) -> thin.Place:
    fresh.variables["PIPEGUARD_FOLDER"] = str(installed)
    return with_lock(fresh)


def with_lock(place: thin.Place) -> thin.Place:
    """A repository in the workspace with the lock of a git that is dead."""
    subprocess.run(["git", "-C", str(place.workspace), "init", "-q", "r"], check=True)
    (place.workspace / "r" / "x").touch()
    (place.workspace / thin.LEFT_LOCK).touch()
    return place


def told(ci: str, place: thin.Place, out: str) -> dict[str, str]:
    """The facts that later steps find, read as that CI reads them."""
    if ci == "circleci":
        words = 'set -a; . "$0"; env | grep ^GUARD_ || true'
        done = subprocess.run(["bash", "--norc", "-c", words, str(place.folder / "bash_env")], capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"})
        return dict(line.split("=", 1) for line in done.stdout.splitlines())
    if ci == "azure":
        return dict(re.findall(r"^##vso\[task\.setvariable variable=(\w+);isOutput=true\](.*)$", out, re.MULTILINE))
    if ci == "teamcity":
        return dict(re.findall(r"^##teamcity\[setParameter name='env\.(\w+)' value='(.*)'\]$", out, re.MULTILINE))
    lines = (place.folder / "told").read_text()
    return {f"GUARD_{name.upper()}": value for name, value in re.findall(r"^meta-data set guard:test:(\w+) (.*)$", lines, re.MULTILINE)}


def page(ci: str, place: thin.Place, out: str) -> str:
    """What a person reads on the job's page."""
    if ci == "circleci":
        return (place.folder / "page" / "summary.md").read_text()
    if ci == "azure":
        (path,) = re.findall(r"^##vso\[task\.uploadsummary\](.*)$", out, re.MULTILINE)
        return Path(path).read_text()
    if ci == "teamcity":
        (path,) = re.findall(r"^##teamcity\[publishArtifacts '(.*) => pipeguard'\]$", out, re.MULTILINE)
        return Path(path).read_text()
    return (place.folder / "told").read_text()


def test_a_pass_is_the_command_s_own(ci: str, place: thin.Place) -> None:
    ended = START[ci](place, 'echo "it\'s $PIPEGUARD_ATTEMPT"')
    assert ended.code == 0
    assert ended.out.splitlines()[0] == "it's 1"
    assert ended.err == ""
    assert told(ci, place, ended.out)["GUARD_STATUS"] == "passed"
    rest = ended.out.splitlines()[1:]
    assert all(line.startswith(("##vso[task.setvariable ", "##teamcity[setParameter ")) for line in rest)


def test_a_heal(ci: str, place: thin.Place) -> None:
    ended = START[ci](place, thin.HEALS)
    assert ended.code == 0, ended.err
    facts = told(ci, place, ended.out)
    assert (facts["GUARD_STATUS"], facts["GUARD_ATTEMPTS"], facts["GUARD_HEALED_BY"], facts["GUARD_LABEL"]) == ("healed", "2", "reset_state", "stale_state")
    assert "Passed on attempt 2 after `reset_state`" in page(ci, place, ended.out)
    assert "guard: healed: the command passed on attempt 2" in ended.err
    assert "status='SUCCESS'" not in ended.out
    if ci == "azure":
        assert ended.out.splitlines()[-1] == "##vso[task.complete result=SucceededWithIssues;]passed after reset_state"
        assert "##vso[task.logissue type=warning]healed by Pipeguard: passed on attempt 2" in ended.out
        assert ended.out.index("##[group]guard: attempt 2 of at most 3") < ended.out.index("attempt 2\n") < ended.out.index("##[endgroup]")
    elif ci == "teamcity":
        assert "##teamcity[buildStatus text='{build.status.text}; healed by reset_state']" in ended.out
        assert ended.out.index("##teamcity[blockOpened name='guard: attempt 2 of at most 3']") < ended.out.index("##teamcity[blockClosed")
    elif ci == "buildkite":
        assert "--- guard: attempt 2 of at most 3" in ended.err
        assert (place.folder / "told").read_text().splitlines().count("annotate --style warning --context guard-job-1") == 1


def test_the_page_of_the_ci_shows_a_healed_step(ci: str, wheels: Path, installed: Path) -> None:
    # A short name: guard cuts long lines.
    with tempfile.TemporaryDirectory(prefix="pg") as name:
        place = with_lock(thin.machine(Path(name), wheels, ci))
        place.variables["PIPEGUARD_FOLDER"] = str(installed)
        place.merged = True
        ended = START[ci](place, thin.HEALS)
    transcripts.check(ci, ci, transcripts.alike(ended.out, name))


def test_a_heal_that_is_to_fail(ci: str, place: thin.Place) -> None:
    ended = START[ci](place, thin.HEALS, **{ON_HEAL[ci]: "fail"})
    assert ended.code == 1
    assert told(ci, place, ended.out)["GUARD_STATUS"] == "healed"
    assert "SucceededWithIssues" not in ended.out


def test_red_stays_red(ci: str, place: thin.Place) -> None:
    ended = START[ci](place, "echo 'src/a.c:3:1: error: unknown type name' >&2\nfalse | cat\necho no")
    assert ended.code == 1
    assert "no\n" not in ended.out
    assert told(ci, place, ended.out)["GUARD_EXIT_CODE"] == "1"
    assert "task.complete" not in ended.out


def test_a_killed_command_is_red(ci: str, place: thin.Place) -> None:
    ended = START[ci](place, "kill -9 $$")
    assert ended.code == 137
    assert told(ci, place, ended.out)["GUARD_EXIT_CODE"] == "137"


def test_nothing_of_the_log_acts_when_it_is_repeated(ci: str, place: thin.Place) -> None:
    (place.workspace / "app.py").write_text("1\n2\n")
    ended = START[ci](place, HOSTILE)
    assert ended.code == 1
    own = 'AssertionError: ##vso[task.setvariable variable=PATH]/evil ##teamcity[buildStatus status=\'SUCCESS\'] %0A##[error]x --- |n'
    assert ended.out.splitlines().count(own) == 1
    command = {"azure": r"##(?:vso)?\[", "teamcity": r"##teamcity\["}.get(ci, r"^(?:---|\+\+\+|\^\^\^) ")
    for line in (ended.out + ended.err).replace(own, "").splitlines():
        found = [match.start() for match in re.finditer(command, line)]
        assert found in ([], [0]), line
        assert not line.startswith(("##vso[task.setvariable variable=PATH", "##teamcity[buildStatus status"))


def test_guard_that_cannot_be_had_is_no_reason_to_fail(ci: str, fresh: thin.Place, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    fresh.variables["PIP_FIND_LINKS"] = str(tmp_path / "none")
    ended = START[ci](fresh, "echo ran\nexit 5")
    assert (ended.code, ended.out) == (5, "ran\n")
    assert "guard: pipeguard " in ended.err
    assert "could not be installed; the command runs without guard" in ended.err


def test_an_image_s_own_guard_is_used_and_nothing_is_installed(ci: str, fresh: thin.Place) -> None:
    own = fresh.folder / "tools" / "guard"
    own.write_text('#!/bin/sh\nprintf "own %s\\n" "$@"\n')
    own.chmod(0o755)
    ended = START[ci](fresh, "make test")
    assert ended.out.splitlines() == ["own run", "own --shell", "own bash", "own -c", "own make test"]
    assert not (fresh.folder / "home" / ".cache").exists()


def test_it_is_installed_once(tmp_path: Path, wheels: Path) -> None:
    place = thin.machine(tmp_path, wheels, "buildkite")
    assert thin.buildkite(place, "true").code == 0
    place.variables["PIP_FIND_LINKS"] = "/nowhere"
    assert thin.buildkite(place, "exit 3").code == 3
    assert [path.name for path in (place.folder / "home" / ".cache" / "pipeguard").iterdir()] == [__version__]


def test_what_a_failed_attempt_exported_is_cut_back(tmp_path: Path, wheels: Path, installed: Path) -> None:
    place = with_lock(thin.machine(tmp_path, wheels, "circleci"))
    place.variables["PIPEGUARD_FOLDER"] = str(installed)
    thin.circleci(place, 'echo "export MINE=$PIPEGUARD_ATTEMPT" >>"$BASH_ENV"\n' + thin.HEALS)
    lines = (place.folder / "bash_env").read_text().splitlines()
    assert [line for line in lines if "MINE" in line] == ["export MINE=2"]


def test_the_step_in_each_skin_is_the_one_that_is_tested() -> None:
    for name in SKINS:
        text = (ROOT / name).read_text()
        assert text == filled(text, STEP.read_text(), __version__), f"run: python -m guard.delivery.steps ({name})"


def test_the_orb_s_example_uses_what_the_orb_has() -> None:
    orb = yaml.safe_load((ROOT / "circleci-orb" / "orb.yml").read_text())
    used = yaml.safe_load((ROOT / "circleci-orb" / "example.yml").read_text())["jobs"]["test"]["steps"][1]["pipeguard/run"]
    assert set(used) <= set(orb["commands"]["run"]["parameters"])


@pytest.fixture(scope="module")
def task_lib(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """The library with which Azure's own tasks print their commands."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node:
        pytest.skip("npm is missing")
    folder = tmp_path_factory.mktemp("task-lib")
    done = subprocess.run([npm, "install", "--silent", "--no-audit", "--no-fund", "azure-pipelines-task-lib@5.281.0"], cwd=folder, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("azure-pipelines-task-lib cannot be installed")

    def said(script: str) -> str:
        words = [str(node), "-e", f"const tl = require('azure-pipelines-task-lib/task');{script}"]
        return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"}).stdout

    return said


HARD = "a;b]c%d\r\ne'f\"%0A [x]"


def test_azure_s_own_library_escapes_alike(task_lib: Callable[[str], str]) -> None:
    text = json.dumps(HARD)
    (variable,) = (line for line in task_lib(f"tl.setVariable('V', {text}, false, true)").splitlines() if "setvariable" in line)
    assert variable.split("]", 1)[1] == azure._data(HARD)
    (issue,) = (line for line in task_lib(f"tl.logIssue(tl.IssueType.Error, {text}, {text}, 3)").splitlines() if "logissue" in line)
    assert issue.split("]", 1)[1] == azure._data(HARD)
    assert f"sourcepath={azure._property(HARD)};" in issue
    ours = PLATFORMS["azure"].annotate("error", "t", HARD, HARD, 3)
    assert ours == f"##vso[task.logissue type=error;sourcepath={azure._property(HARD)};linenumber=3]{azure._data('t: ' + HARD)}"
