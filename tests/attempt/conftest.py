"""Real children: each test runs guard as a process, as a CI would."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Guarded = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An empty folder to run in, outside of any repository."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def guarded(workspace: Path) -> Guarded:
    """Run `guard run OPTIONS -- COMMAND`; stdin is closed unless given."""

    def run(*command: str, options: tuple[str, ...] = (), **more: object) -> subprocess.CompletedProcess[bytes]:
        keywords: dict[str, object] = {"stdin": subprocess.DEVNULL, "capture_output": True, "cwd": workspace, "timeout": 60}
        if "stdout" in more or "stderr" in more:
            del keywords["capture_output"]
        keywords.update(more)
        return subprocess.run([sys.executable, "-m", "guard", "run", *options, "--", *command], **keywords)  # type: ignore[call-overload,no-any-return]

    return run


@pytest.fixture
def marker() -> Iterator[str]:
    """A number that no other process sleeps for; what still sleeps for it at the end is killed."""
    seconds = f"{70000 + os.getpid() % 10000}.{time.monotonic_ns() % 10**6:06d}"
    yield seconds
    for pid in sleeping(seconds):
        os.kill(pid, 9)


def sleeping(seconds: str) -> list[int]:
    """The processes that run `sleep SECONDS`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if words[:2] == [b"sleep", seconds.encode()]:
                found.append(int(entry.name))
    return found


def soon(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Whether a condition comes true within so many seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return condition()
