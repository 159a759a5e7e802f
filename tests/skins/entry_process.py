"""Runs a step as the GitHub runner does and ends it as the runner does: the entry process alone is told to stop.

SIGINT, 7.5 s, SIGTERM, 2.5 s, then the whole tree is killed (docs.github.com, "Workflow cancellation reference").
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

FIRST_S = 7.5
SECOND_S = 2.5


@dataclass(frozen=True)
class Ended:
    """How a step ended."""

    code: int
    out: str
    err: str
    by: str
    """`itself`, or the last signal that the runner had to send."""
    left: list[int]
    """Descendants alive after it."""
    why: str = "itself"
    """`itself`, `cancelled`, or `timed out`."""

    def conclusion(self, continue_on_error: bool = False) -> tuple[str, str]:
        """`steps.x.outcome` and `steps.x.conclusion` (docs.github.com, "Contexts reference"); a step over its time has failed."""
        if self.why == "cancelled":
            return "cancelled", "cancelled"
        outcome = "success" if self.code == 0 and self.why == "itself" else "failure"
        return outcome, "success" if continue_on_error else outcome


def run(words: Sequence[str], environment: dict[str, str], folder: Path, *, cancel_when: Callable[[], bool] | None = None, timeout_s: float | None = None, merged: bool = False) -> Ended:
    """Run to the end; `cancel_when` says when a person presses the button; `merged`: both streams are one, as in a log.

    `timeout_s`: the step's `timeout-minutes`, in seconds. A step over it is ended as one that is cancelled.
    """
    step = subprocess.Popen(
        list(words), cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if merged else subprocess.PIPE, text=True, errors="replace"
    )
    by = why = "itself"
    seen: set[int] = set()
    if timeout_s is not None:
        try:
            step.wait(timeout_s)
        except subprocess.TimeoutExpired:
            why = "timed out"
    elif cancel_when is not None:
        until = time.monotonic() + 30
        while not cancel_when() and step.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        why = "cancelled"
    if why != "itself":
        seen = descendants(step.pid)
        for number, patience in ((signal.SIGINT, FIRST_S), (signal.SIGTERM, SECOND_S)):
            step.send_signal(number)
            by = number.name
            try:
                step.wait(patience)
                break
            except subprocess.TimeoutExpired:
                seen |= descendants(step.pid)
        else:
            by = "SIGKILL"
            for pid in (step.pid, *seen):
                _kill(pid)
    out, err = step.communicate(timeout=60)
    return Ended(step.returncode, out, err or "", by, sorted(pid for pid in seen if alive(pid)), why)


def descendants(root: int) -> set[int]:
    """Everything below a process, by /proc."""
    parents: dict[int, int] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parents[int(entry)] = int(Path("/proc", entry, "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
    found = {root}
    while True:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        if not more:
            return found - {root}
        found |= more


def alive(pid: int) -> bool:
    """Whether it runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        return
