"""A real Bazel: its own files damaged, its server without memory and killed, its output base held by another."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.remedies.build_tools import guarded, healed

pytestmark = pytest.mark.tools


@pytest.fixture(scope="module")
def bazel(bazel_program: str, tmp_path_factory: Any) -> Iterator[tuple[str, ...]]:
    """The argv up to its command, with a private root; its server is ended at the end."""
    words = (bazel_program, f"--output_user_root={tmp_path_factory.mktemp('root')}", "--max_idle_secs=60")
    yield words
    with contextlib.suppress(subprocess.SubprocessError):
        subprocess.run([*words, "shutdown"], cwd=_workspace(tmp_path_factory.mktemp("end")), capture_output=True, timeout=60, check=False)


def _workspace(folder: Path, build: str = "") -> Path:
    (folder / "WORKSPACE").touch()
    (folder / "BUILD").write_text('genrule(name = "a", outs = ["a.txt"], cmd = "echo hi > $@")\n' + build)
    return folder


def _root(bazel: tuple[str, ...]) -> Path:
    return Path(bazel[1].partition("=")[2])


def test_a_damaged_installation_is_deleted_and_unpacked_anew(bazel: tuple[str, ...], tmp_path: Path) -> None:
    _workspace(tmp_path)
    subprocess.run([*bazel, "build", "//:a"], cwd=tmp_path, capture_output=True, timeout=200, check=True)
    (installation,) = (_root(bazel) / "install").glob("[0-9a-f]*")
    # Bazel knows its files by a date in the future.
    os.utime(installation / "A-server.jar")
    run = guarded(tmp_path, *bazel, "build", "//:a")
    healed(run, "purge_cache", "corrupt_artifact")
    assert run["attempts"][0]["exit_code"] == 36
    assert run["attempts"][0]["plan"]["remedies"][0]["details"]["entries"] == [f"install/{installation.name}"]


def test_a_server_that_is_killed_is_started_anew(bazel: tuple[str, ...], tmp_path: Path) -> None:
    once = tmp_path / "once"
    slow = f"if [ ! -e {once} ]; then touch {once}; sleep 60; fi; echo hi > $@"
    _workspace(tmp_path, f'genrule(name = "slow", outs = ["s.txt"], local = 1, cmd = "{slow}")\n')

    def kill() -> None:
        for _ in range(600):
            if once.exists():
                for file in _root(bazel).glob("*/server/server.pid.txt"):
                    with contextlib.suppress(OSError, ValueError):
                        os.kill(int(file.read_text()), signal.SIGKILL)
                return
            time.sleep(0.1)

    killer = threading.Thread(target=kill)
    killer.start()
    run = guarded(tmp_path, *bazel, "build", "//:slow")
    killer.join()
    healed(run, "wait", "infrastructure")
    assert run["attempts"][0]["exit_code"] == 37


def test_what_another_command_holds_is_not_touched(bazel: tuple[str, ...], tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    _workspace(tmp_path, f'genrule(name = "slow", outs = ["s.txt"], local = 1, cmd = "while [ ! -e {gate} ]; do sleep 0.2; done; echo > $@")\n')
    with subprocess.Popen([*bazel, "build", "//:slow"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as holder:
        assert holder.stdout is not None
        for line in holder.stdout:
            if b"Executing genrule //:slow" in line:
                break
        run = guarded(tmp_path, *bazel[:1], bazel[1], "--noblock_for_lock", "build", "//:a", flags=("--budget", "5s"))
        still = holder.poll() is None
        gate.touch()
        holder.communicate(timeout=60)
    assert run["status"] == "failed", run["text"]
    assert still
    assert holder.returncode == 0
    assert run["attempts"][0]["diagnosis"]["label"] == "stale_state"

