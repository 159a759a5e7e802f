"""The processes that descend from guard: who they are, and how to end them all."""

from __future__ import annotations

import os
import sys
from time import monotonic, sleep

from guard.attempt.bare import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# linux/prctl.h
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def become_subreaper() -> bool:
    """Have orphans of the command come to us rather than to init, so that none escapes by a double fork.

    Returns whether the kernel did it (Linux 3.4 and later).
    """
    return _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with(parent: int) -> None:
    """Have this process, just forked, killed when `parent` is: KILL of a command that guard stands for is KILL of it.

    Its own children do not inherit that, and a program that changes its user loses it (prctl(2)).
    """
    if _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) and os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def _prctl(option: int, value: int) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    try:
        # The C part alone: the `ctypes` package costs a passing run two milliseconds more.
        import _ctypes

        handle = _ctypes.dlopen(None, 0)  # type: ignore[arg-type]
        prctl = _ctypes.dlsym(handle, "prctl")
        return bool(_ctypes.call_function(prctl, (option, value, 0, 0, 0)) == 0)
    except Exception:
        try:
            import ctypes

            return bool(ctypes.CDLL(None).prctl(option, value, 0, 0, 0) == 0)
        except Exception:
            return False


class Seen:
    """One process as /proc told of it; `start` in clock ticks tells a reused pid apart."""

    __slots__ = ("group", "name", "parent", "pid", "rss_pages", "session", "start", "state")

    def __init__(self, pid: int, stat: bytes) -> None:
        """Read a line of /proc/PID/stat (proc(5))."""
        name_end = stat.rindex(b")")
        fields = stat[name_end + 2 :].split()
        self.pid = pid
        self.name = stat[stat.index(b"(") + 1 : name_end].decode("utf-8", "replace")
        self.state = fields[0]
        self.parent = int(fields[1])
        self.group = int(fields[2])
        self.session = int(fields[3])
        self.start = int(fields[19])
        self.rss_pages = int(fields[21])


def processes() -> dict[int, Seen]:
    """All processes that /proc shows, by pid; empty where there is no /proc."""
    found: dict[int, Seen] = {}
    try:
        names = os.listdir("/proc")
    except OSError:
        return found
    for name in names:
        if name.isdigit():
            seen = process(int(name))
            if seen is not None:
                found[seen.pid] = seen
    return found


def process(pid: int) -> Seen | None:
    """One process, or None when it is gone or cannot be read."""
    try:
        descriptor = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
    except OSError:
        return None
    try:
        return Seen(pid, os.read(descriptor, 1024))
    except (OSError, ValueError, IndexError):
        return None
    finally:
        os.close(descriptor)


def descendants(of: int | None = None) -> list[Seen]:
    """The living (not zombie) descendants of a process, by default of this one."""
    everyone = processes()
    children: dict[int, list[Seen]] = {}
    for seen in everyone.values():
        children.setdefault(seen.parent, []).append(seen)
    found: list[Seen] = []
    queue = [of if of is not None else os.getpid()]
    while queue:
        for seen in children.get(queue.pop(), ()):
            queue.append(seen.pid)
            if seen.state not in (b"Z", b"X"):
                found.append(seen)
    return found


def signal_all(those: Iterable[Seen], number: int) -> None:
    """Send a signal to each that is still the process it was."""
    for seen in those:
        now = process(seen.pid)
        if now is not None and now.start == seen.start:
            try:
                os.kill(seen.pid, number)
            except OSError:
                pass


def signal_group(group: int, number: int) -> None:
    """Send a signal to a process group; a group that is gone is no error."""
    try:
        os.killpg(group, number)
    except OSError:
        pass


def reap() -> None:
    """Collect children that have ended (orphans of the command come to us)."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except OSError:
            return
        if not pid:
            return


def visible() -> bool:
    """Whether the kernel shows us processes at all."""
    return process(os.getpid()) is not None


def group_lives(group: int) -> bool:
    """Whether a process group has a member, one that has ended but was not collected included."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def end_group(group: int, grace_s: float = 2.0) -> bool:
    """End a process group, for where the tree cannot be seen: TERM, a grace, KILL. Returns whether it is gone."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        signal_group(group, number)
        signal_group(group, signal.SIGCONT)
        until = monotonic() + grace_s
        while monotonic() < until:
            reap()
            if not group_lives(group):
                return True
            sleep(0.02)
    return False


def end_all(grace_s: float = 2.0, kill_s: float = 5.0) -> list[Seen]:
    """End every descendant: TERM, a grace, then KILL until none is left. Returns those that would not go."""
    left = descendants()
    if not left:
        reap()
        return []
    signal_all(left, signal.SIGTERM)
    signal_all(left, signal.SIGCONT)
    _wait_until_gone(grace_s)
    return kill_all(kill_s)


def kill_all(kill_s: float = 5.0) -> list[Seen]:
    """KILL every descendant, again and again while new ones appear. Returns those that would not go."""
    until = monotonic() + kill_s
    while True:
        left = descendants()
        if not left:
            reap()
            return []
        for seen in left:
            try:
                os.kill(seen.pid, signal.SIGKILL)
            except OSError:
                pass
        sleep(0.01)
        reap()
        if monotonic() > until:
            return descendants()


def _wait_until_gone(seconds: float) -> None:
    until = monotonic() + seconds
    while monotonic() < until:
        reap()
        if not descendants():
            return
        sleep(0.02)
