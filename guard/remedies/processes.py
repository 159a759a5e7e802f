"""Who holds a file, a lock or a port: asked of /proc (Linux); where there is none, nobody is found and nothing is proved."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from guard.types import Applied, Change, Outcome, Process

_PROC = Path("/proc")
_LISTEN = "0A"  # linux/tcp_states.h, TCP_LISTEN


def visible() -> bool:
    """Whether processes can be looked at here at all."""
    return (_PROC / "self/stat").exists()


def process(pid: int) -> Process | None:
    """The living process with this pid (proc(5): name, session and start of /proc/PID/stat); None when gone or a zombie."""
    try:
        stat = (_PROC / str(pid) / "stat").read_bytes()
        end = stat.rindex(b")")
        fields = stat[end + 2 :].split()
        if fields[0] in (b"Z", b"X"):
            return None
        name = stat[stat.index(b"(") + 1 : end].decode("utf-8", "replace")
        return Process(pid, int(fields[19]), name, int(fields[3]))
    except (OSError, ValueError, IndexError):
        return None


def same(one: Process) -> bool:
    """Whether the process with this pid is still the one that was seen."""
    now = process(one.pid)
    return now is not None and now.start_ticks == one.start_ticks


def began(one: Process) -> float | None:
    """When it began, seconds since the epoch to a hundredth; None where that is not told."""
    try:
        up = float((_PROC / "uptime").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return time.time() - up + one.start_ticks / os.sysconf("SC_CLK_TCK")


def everyone() -> Iterator[Process]:
    """All living processes that /proc shows, this one left out."""
    try:
        names = [path.name for path in _PROC.iterdir() if path.name.isdigit()]
    except OSError:
        return
    for name in names:
        if int(name) != os.getpid():
            found = process(int(name))
            if found is not None:
                yield found


def with_open(path: Path) -> tuple[Process, ...]:
    """The processes that have this file open, by device and inode; those of other users can be seen by root alone."""
    try:
        wanted = path.stat()
    except OSError:
        return ()
    found = []
    for one in everyone():
        folder = _PROC / str(one.pid) / "fd"
        try:
            handles = list(folder.iterdir())
        except OSError:
            continue
        for handle in handles:
            try:
                status = handle.stat()
            except OSError:
                continue
            if (status.st_dev, status.st_ino) == (wanted.st_dev, wanted.st_ino):
                found.append(one)
                break
    return tuple(found)


def working_in(folder: Path, name: str, unseen: bool = True) -> tuple[Process, ...]:
    """The processes whose name begins with `name` and that work in this folder or below it, or (`unseen`) cannot be looked at."""
    found = []
    for one in everyone():
        if not one.name.startswith(name):
            continue
        try:
            cwd = (_PROC / str(one.pid) / "cwd").readlink()
        except FileNotFoundError:
            continue
        except OSError:
            if unseen:
                found.append(one)
            continue
        if cwd == folder or folder in cwd.parents or _names(one.pid, folder):
            found.append(one)
    return tuple(found)


def _names(pid: int, folder: Path) -> bool:
    """Whether the command line names the folder (`git -C FOLDER`, `--git-dir=FOLDER/.git`)."""
    try:
        return os.fsencode(folder) in (_PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return False


def with_lock(path: Path) -> tuple[int, ...]:
    """The pids that hold a lock of the kernel (fcntl, flock) on this file, by /proc/locks; 0: one that is not shown here."""
    try:
        status = path.stat()
        lines = (_PROC / "locks").read_text("ascii", "replace").splitlines()
    except OSError:
        return ()
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    found = []
    for line in lines:
        # `1: POSIX  ADVISORY  WRITE 14124 fe:00:398608 0 EOF`; a waiting one has `->` after the number.
        fields = line.split()
        if len(fields) >= 6 and fields[1] != "->" and fields[5] == device:
            found.append(max(int(fields[4]), 0) if re.fullmatch(r"-?\d+", fields[4]) else 0)
    return tuple(found)


def listening(port: int) -> tuple[tuple[Process, ...], bool]:
    """The processes that listen on a TCP port, and whether anybody does (one of another user may not be shown)."""
    sockets = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = (_PROC / "net" / table).read_text("ascii", "replace").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if len(fields) > 9 and fields[3] == _LISTEN and int(fields[1].rsplit(":", 1)[1], 16) == port:
                sockets.add(f"socket:[{fields[9]}]")
    if not sockets:
        return (), False
    found = []
    for one in everyone():
        folder = _PROC / str(one.pid) / "fd"
        try:
            if any(_link(handle) in sockets for handle in folder.iterdir()):
                found.append(one)
        except OSError:
            continue
    return tuple(found), True


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""


def ours(one: Process, outcome: Outcome) -> bool:
    """Whether this job's own attempts made it: a survivor, one of its session, a descendant of guard, or of this run's id.

    Sharing the runner's user or cgroup proves nothing.
    """
    survivors = outcome.telemetry.survivors
    if any((seen.pid, seen.start_ticks) == (one.pid, one.start_ticks) for seen in survivors):
        return True
    # The session of guard itself is the runner's: everything else of the job may be in it.
    sessions = {seen.session for seen in survivors if seen.session} - {os.getsid(0)}
    if one.session in sessions or _descends(one.pid):
        return True
    run = outcome.command.env.get("PIPEGUARD_RUN_ID", "")
    return bool(run) and f"PIPEGUARD_RUN_ID={run}" in environment(one.pid)


def _descends(pid: int) -> bool:
    for _ in range(1000):
        try:
            stat = (_PROC / str(pid) / "stat").read_bytes()
            pid = int(stat[stat.rindex(b")") + 2 :].split()[1])
        except (OSError, ValueError, IndexError):
            return False
        if pid == os.getpid():
            return True
        if pid <= 1:
            return False
    return False


def environment(pid: int) -> list[str]:
    """`NAME=value` as the process was started with; [] where it cannot be read."""
    try:
        return (_PROC / str(pid) / "environ").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return []


def end(one: Process, grace_s: float = 2.0) -> str:
    """TERM, a grace, KILL, each only while it is the process that was seen. Returns why it lives on, "" when it is gone."""
    for number, seconds in ((signal.SIGTERM, grace_s), (signal.SIGKILL, 2.0)):
        problem = _signal(one, number)
        if problem:
            return problem
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not same(one):
                return ""
            time.sleep(0.02)
    return "" if not same(one) else "it does not end"


def end_each(change: Change, grace_s: float) -> Applied:
    """End each process that a change names, where it is still the one that was seen; what was done, or why one would not go."""
    done: list[str] = []
    for action in change.actions:
        one = Process(int(action.target), int(action.data["start_ticks"]), action.data["name"])
        if not same(one):
            done.append(f"{shown(one)} has ended already")
            continue
        problem = end(one, grace_s)
        if problem:
            return Applied(change, tuple(done), error=f"{shown(one)}: {problem}")
        done.append(f"ended {shown(one)}")
    return Applied(change, tuple(done))


def _signal(one: Process, number: int) -> str:
    """Send a signal by a handle on the process where the kernel has such, so that no other can get its pid meanwhile."""
    try:
        handle = os.pidfd_open(one.pid)
    except ProcessLookupError:
        return ""
    except (OSError, AttributeError):
        handle = -1
    try:
        if not same(one):
            return ""
        if handle >= 0 and hasattr(signal, "pidfd_send_signal"):
            signal.pidfd_send_signal(handle, number)
        else:
            os.kill(one.pid, number)
    except ProcessLookupError:
        return ""
    except OSError as error:
        return error.strerror or "not allowed"
    finally:
        if handle >= 0:
            os.close(handle)
    return ""


def shown(one: Process) -> str:
    """How a refusal names it: `node (pid 4711)`."""
    return f"{one.name} (pid {one.pid})"
