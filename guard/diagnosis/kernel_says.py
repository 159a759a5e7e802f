"""Telemetry → what the kernel proves about the end of an attempt; it goes before anything the log says."""

from __future__ import annotations

import re
from dataclasses import dataclass

from guard.types import Mount, Outcome

_KILLED_TEXT = re.compile(r"\b[Kk]illed\b|\b[Ss]ignal:? ?9\b|SIGKILL|\b137\b")
_FULL_BYTES = 512 << 10


@dataclass(frozen=True)
class Proof:
    """A label that telemetry shows, how surely, and by what."""

    label: str
    probability: float
    source: str
    text: str
    path: str = ""


def proof(outcome: Outcome) -> Proof | None:
    """What the kernel and our own limits prove; None when they are silent."""
    if outcome.ended == "not_started":
        return Proof("configuration_error", 0.97, "telemetry:not_started", outcome.message)
    killed = _died_by(outcome, 9)
    kills = outcome.telemetry.oom_kills
    if kills:
        return Proof("out_of_memory", 0.98, "telemetry:oom_kill", _plural(kills, "in this job's cgroup"))
    host = outcome.telemetry.oom_kills_host
    if host and (killed or says_killed(outcome)):
        return Proof("out_of_memory", 0.93, "telemetry:oom_kill", _plural(host, "on this machine"))
    if outcome.ended in ("attempt_timeout", "idle_timeout", "budget"):
        limit = {"attempt_timeout": "time limit of the attempt", "idle_timeout": "limit without output"}
        text = f"ended by guard: {limit.get(outcome.ended, 'time budget')} after {outcome.duration_s:.0f} s"
        return Proof("hang", 0.95, f"telemetry:{outcome.ended}", text)
    return None


def full_disk(outcome: Outcome) -> Mount | None:
    """A file system that was full when the attempt ended and was not when it began, or had no inode left."""
    before = {mount.path: mount for mount in outcome.telemetry.disks_before}
    for mount in outcome.telemetry.disks_after:
        if mount.free_bytes is not None and mount.free_bytes < _FULL_BYTES and (mount.total_bytes or 0) > 0:
            return mount
        if mount.free_inodes == 0 and before.get(mount.path, mount).total_inodes:
            return mount
    return None


def no_oom_kill(outcome: Outcome) -> bool:
    """Whether the kernel keeps count and counted none: a `Killed` was somebody else's doing."""
    return outcome.telemetry.oom_kills_host == 0 and not outcome.telemetry.oom_kills


def is_kill_text(text: str) -> bool:
    """Whether a line reports a KILL (and not, say, a heap that the runtime itself gave up on)."""
    return _KILLED_TEXT.search(text) is not None


def says_killed(outcome: Outcome) -> bool:
    """Whether the end of the log or the exit code reports a KILL."""
    end = (outcome.window.tail or outcome.window.head)[-20000:].decode("utf-8", "replace")
    return _died_by(outcome, 9) or is_kill_text(end)


def _died_by(outcome: Outcome, number: int) -> bool:
    return outcome.signal == number or outcome.exit_code == 128 + number


def _plural(count: int, where: str) -> str:
    return f"the kernel counted {count} out-of-memory kill{'s' if count > 1 else ''} {where} during the attempt"
