"""The action's one step started as the runner starts it, without a terminal: cancelled, without Python, its two streams."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.skins.act_runner import ROOT, checkout
from tests.skins.entry_process import Ended, run

pytestmark = pytest.mark.tools

Step = Callable[..., Ended]


@pytest.fixture(scope="module")
def action(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkout(tmp_path_factory.mktemp("action"))


@pytest.fixture
def step(action: Path, tmp_path: Path) -> Step:
    """Run the composite's step; its environment is made of the action file, as the runner makes it."""

    def run_it(script: str, *, cancel_when: Callable[[], bool] | None = None, timeout_s: float | None = None, environment: dict[str, str] | None = None, **inputs: str) -> Ended:
        described = yaml.safe_load((action / "action.yml").read_text())
        (only,) = described["runs"]["steps"]
        given = {name: str(entry.get("default", "")) for name, entry in described["inputs"].items()}
        given.update({"run": script, **{name.replace("_", "-"): value for name, value in inputs.items()}})
        variables = {}
        for name, text in only["env"].items():
            words = str(text).removeprefix("${{ inputs.").removesuffix(" }}").split(" || ")[0]
            variables[name] = given[words] if str(text).startswith("${{") else str(text)
        for name in ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STEP_SUMMARY"):
            (tmp_path / name).touch()
            variables[name] = str(tmp_path / name)
        (tmp_path / "workspace").mkdir(exist_ok=True)
        (tmp_path / "step.sh").write_text(only["run"])
        variables |= {
            "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(tmp_path / "workspace"), "GITHUB_ACTION_PATH": str(action),
            "RUNNER_TEMP": str(tmp_path), "RUNNER_OS": "Linux", "HOME": str(tmp_path), "PATH": os.environ["PATH"], "MARK": str(tmp_path / "mark"),
            **(environment or {}),
        }  # fmt: skip
        return run(["sh", "-e", str(tmp_path / "step.sh")], variables, tmp_path / "workspace", cancel_when=cancel_when, timeout_s=timeout_s)

    return run_it


def outputs(folder: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in (folder / "GITHUB_OUTPUT").read_text().splitlines() if "=" in line)


def test_cancelled(step: Step, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    ended = step('echo x >> "$MARK"\nsleep 60', cancel_when=mark.exists, result_file="r.json")
    assert (ended.code, ended.by, ended.left) == (130, "SIGINT", [])
    assert mark.read_text() == "x\n"
    assert outputs(tmp_path)["status"] == "interrupted"
    assert json.loads((tmp_path / "workspace" / "r.json").read_text())["status"] == "interrupted"


def test_cancelled_while_it_cleans_up(step: Step, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    ended = step('trap "sleep 0.3; echo cleaned; exit 3" INT\ntouch "$MARK"\nsleep 60 & wait', cancel_when=mark.exists)
    assert (ended.code, ended.by, ended.left) == (130, "SIGINT", [])
    assert "cleaned" in ended.out


def test_cancelled_and_deaf(step: Step, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    ended = step('trap "" INT TERM\ntouch "$MARK"\nsleep 60', cancel_when=mark.exists)
    assert (ended.code, ended.left) == (130, [])
    # A second signal ends it at once, before the runner would kill the tree.
    assert ended.by == "SIGTERM"


def test_over_its_time(step: Step, tmp_path: Path) -> None:
    ended = step('echo x >> "$MARK"\ntrap "" TERM\nsleep 77 & sleep 77', timeout="1s", attempts="1")
    assert ended.code == 124
    assert (tmp_path / "mark").read_text() == "x\n"
    assert outputs(tmp_path)["exit-code"] == "124"


def test_streams_stay_apart_and_nothing_is_added_on_a_pass(step: Step) -> None:
    ended = step("echo out\necho err >&2\n[ ! -t 0 ] && [ ! -t 1 ]")
    assert (ended.code, ended.out, ended.err) == (0, "out\n", "err\n")


def test_standard_output_stays_the_command_s_on_a_failure(step: Step) -> None:
    ended = step("echo out\nexit 9", attempts="1")
    assert (ended.code, ended.out) == (9, "out\n")
    assert "guard: attempt 1 failed: exit code 9" in ended.err


@pytest.mark.parametrize("version", ["", "3.6.9", "3.9.18"])
def test_without_a_python_that_can_the_command_runs_bare(version: str, step: Step, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "sh", "sleep", "mktemp", "env"):
        (tools / name).symlink_to(shutil.which(name) or name)
    if version:
        old = tools / "python3"
        old.write_text(f"#!/bin/sh\necho Python {version}\n")
        old.chmod(0o755)
    # On macOS the step looks on PATH alone.
    ended = step('echo "$0 $X"\nfalse | true\necho no', environment={"PATH": str(tools), "RUNNER_OS": "macOS", "X": "it's"})
    assert (ended.code, ended.out) == (1, "bash it's\n")
    assert ended.err == "guard: no Python 3.10 or newer that could run guard here; the command runs without it\n"


def test_guard_s_own_files_missing_is_no_reason_to_fail(step: Step, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    (bare / "guard" / "platforms").mkdir(parents=True)
    shutil.copy(ROOT / "guard" / "platforms" / "github_step.sh", bare / "guard" / "platforms")
    ended = step("echo ran; exit 5", environment={"GITHUB_ACTION_PATH": str(bare)})
    assert (ended.code, ended.out) == (5, "ran\n")


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"attempts": "0"}, "PIPEGUARD_ATTEMPTS: '0' is no number from 1 to 20"), ({"timeout": "soon"}, "PIPEGUARD_TIMEOUT:"),
        ({"remedies": "pray"}, "PIPEGUARD_REMEDIES: 'pray' is no remedy"), ({"config": "no.yml"}, "no.yml"),
        ({"working_directory": "nowhere"}, "working-directory: nowhere is no folder here"), ({"shell": "fish"}, "shell: fish is none of"),
    ],
)  # fmt: skip
def test_a_wrong_input_stops_before_anything_runs(inputs: dict[str, str], words: str, step: Step, tmp_path: Path) -> None:
    ended = step('touch "$MARK"', **inputs)
    assert ended.code == 2
    assert words in ended.err
    assert "Traceback" not in ended.err
    assert not (tmp_path / "mark").exists()


def test_variables_of_the_job_hold_where_an_input_is_not_given() -> None:
    (only,) = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    for name, text in only["env"].items():
        if name not in ("PIPEGUARD_SKIN", "PIPEGUARD_SCRIPT", "PIPEGUARD_SHELL", "PIPEGUARD_WORKING_DIRECTORY", "PIPEGUARD_GITHUB_TOKEN"):
            assert text.endswith(f"|| env.{name} }}}}")
    assert "${{" not in only["run"]


def test_the_token_is_not_the_command_s(step: Step) -> None:
    ended = step('echo "[${PIPEGUARD_GITHUB_TOKEN-none}]"', github_token="a-token-of-this-test")
    assert ended.out == "[none]\n"


def test_no_python_of_the_user_s_own_is_used(step: Step, tmp_path: Path) -> None:
    trap = tmp_path / "site"
    trap.mkdir()
    (trap / "sitecustomize.py").write_text("raise SystemExit(99)\n")
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "signal.py").write_text("raise SystemExit(98)\n")
    environment = {"PYTHONPATH": str(trap), "PYTHONHOME": "", "PYTHONSTARTUP": str(trap / "sitecustomize.py")}
    ended = step('echo "$PYTHONPATH"; exit 3', environment=environment)
    assert (ended.code, ended.out) == (3, f"{trap}\n")


# Refused twice, then red: a cause outside the job, so that guard waits before it runs the script again.
REFUSED = """\
echo "$PIPEGUARD_ATTEMPT" >> "$MARK"
[ "$PIPEGUARD_ATTEMPT" = 1 ] || sleep 60
echo "curl: (7) Failed to connect to host.example port 443: Connection refused" >&2
exit 7
"""


def test_cancelled_in_the_wait_before_the_next_attempt(step: Step, tmp_path: Path) -> None:
    said = tmp_path / "mark"
    ended = step(REFUSED, cancel_when=lambda: said.exists() and not alive_below(said), result_file="r.json")
    assert (ended.code, ended.by, ended.left) == (130, "SIGINT", [])
    assert said.read_text() == "1\n"
    assert json.loads((tmp_path / "workspace" / "r.json").read_text())["status"] == "interrupted"


def test_cancelled_in_the_second_attempt(step: Step, tmp_path: Path) -> None:
    lock = "git init -q r 2>/dev/null; [ -f done ] || touch r/.git/index.lock done\n"
    mark = tmp_path / "mark"
    ended = step(f'{lock}touch x r/x; git -C r add x; echo "$PIPEGUARD_ATTEMPT" >> "$MARK"; sleep 60', cancel_when=mark.exists)
    assert (ended.code, ended.by, ended.left) == (130, "SIGINT", [])
    assert mark.read_text() == "2\n"
    assert outputs(tmp_path)["status"] == "interrupted"


def test_over_the_step_s_own_time(step: Step, tmp_path: Path) -> None:
    """`timeout-minutes` ends a step as a cancellation does, and what it handed over goes with it: no attempt follows."""
    ended = step('echo x >> "$MARK"; echo made=1 >> "$GITHUB_OUTPUT"; sleep 77 & sleep 77', timeout_s=3, result_file="r.json")
    assert (ended.code, ended.by, ended.left) == (130, "SIGINT", [])
    assert ended.conclusion() == ("failure", "failure")
    assert ended.conclusion(continue_on_error=True) == ("failure", "success")
    assert (tmp_path / "mark").read_text() == "x\n"
    assert outputs(tmp_path)["status"] == "interrupted"
    assert json.loads((tmp_path / "workspace" / "r.json").read_text())["status"] == "interrupted"


def test_over_the_step_s_own_time_while_a_strategy_runs(step: Step, tmp_path: Path) -> None:
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / ".pipeguard.yml").write_text(
        "strategies:\n  - {name: slow, when: {pattern: boom}, run: 'touch ../strategy; sleep 78', then: retry}\n"
    )
    ended = step("echo boom; exit 3", timeout_s=6)
    assert (tmp_path / "strategy").exists(), ended.err
    assert (ended.code, ended.by, ended.left) == (130, "SIGINT", [])
    assert ended.conclusion() == ("failure", "failure")


@pytest.mark.parametrize(("goes_on", "conclusion"), [(False, "failure"), (True, "success")])
def test_red_is_red_and_goes_on_only_where_the_step_says_so(step: Step, tmp_path: Path, goes_on: bool, conclusion: str) -> None:
    ended = step("echo error: cannot find symbol >&2; exit 9")
    assert ended.conclusion(goes_on) == ("failure", conclusion)
    assert outputs(tmp_path)["exit-code"] == "9"


def alive_below(mark: Path) -> bool:
    """Whether the attempt that wrote the mark may still run: it needs far less than this after its last line."""
    return time.time() - mark.stat().st_mtime < 0.7


@pytest.mark.parametrize("script", ["-v", "+x", "--version", "- echo"])
def test_a_script_that_begins_like_an_option_is_a_script(step: Step, tmp_path: Path, script: str) -> None:
    (tmp_path / "plain.sh").write_text(script)
    plain = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", str(tmp_path / "plain.sh")], capture_output=True)
    assert step(script).code == plain.returncode == 127


def test_outputs_that_are_too_large_are_said(step: Step, tmp_path: Path) -> None:
    write = "python3 -c \"print('big=' + 'x' * {})\" >> \"$GITHUB_OUTPUT\""
    ended = step(write.format(900_000))
    assert (ended.code, ended.err) == (0, "")
    assert len(json.loads(outputs(tmp_path)["outputs"])["big"]) == 900_000
    for size in (1_100_000, 17_000_000):
        ended = step(write.format(size))
        assert ended.code == 0
        assert "guard: output outputs is left empty: " in ended.err
        assert outputs(tmp_path)["outputs"] == "{}"


def test_a_plain_checkout_of_the_action_remembers(step: Step, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path / "workspace")], check=True)
    for _ in range(2):
        ended = step("echo red; exit 3")
        assert ended.code == 3
        assert "internal fault" not in ended.err
    assert (tmp_path / "workspace" / ".pipeguard" / "history.db").is_file()
