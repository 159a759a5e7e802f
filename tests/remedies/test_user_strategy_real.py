"""A strategy's command really runs: shell options, streams, limit, nothing left of it."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from guard.remedies.user_strategy import Strategy, perform
from guard.types import Surroundings

pytestmark = pytest.mark.tools


def around(tmp_path: Path) -> Surroundings:
    return Surroundings(cwd=str(tmp_path), workspace=str(tmp_path), env={"PATH": "/usr/bin:/bin", "GIVEN": "yes"})


def test_output_goes_to_stderr_and_stdin_is_empty(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    applied = perform(Strategy("one", None, None, 'echo "out $GIVEN"; cat; echo done > file'), around(tmp_path))
    assert not applied.error
    assert applied.done == ("ran strategy one",)
    assert (tmp_path / "file").read_text() == "done\n"
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err == "out yes\n"


@pytest.mark.parametrize(("run", "said"), [("false | true; echo no > file", "exit code 1"), ("exit 7", "exit code 7"), ("kill -9 $$", "signal 9")])
def test_a_failing_one_says_how(tmp_path: Path, run: str, said: str) -> None:
    applied = perform(Strategy("one", None, None, run), around(tmp_path))
    assert said in applied.error
    assert not (tmp_path / "file").exists()


def test_the_whole_group_ends_at_the_limit(tmp_path: Path) -> None:
    begin = time.monotonic()
    applied = perform(Strategy("slow", None, None, "trap '' TERM; sleep 47.11 & sleep 47.11", timeout_s=0.5), around(tmp_path))
    assert "not done after" in applied.error
    assert time.monotonic() - begin < 10
    alive = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert "sleep 47.11" not in alive.splitlines()


def test_a_missing_working_directory(tmp_path: Path) -> None:
    applied = perform(Strategy("one", None, None, "true"), Surroundings(cwd=str(tmp_path / "gone"), env={}))
    assert "could not start" in applied.error
