"""What the kernel tells about memory, disks and limits: absent is None, never a guess."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

CGROUP_ROOT = "/sys/fs/cgroup"


def cgroup_folders() -> Iterator[tuple[int, str]]:
    """(version, folder) of our own memory cgroup and of those above it, nearest first.

    Inside a container the path of /proc/self/cgroup may not be visible; then the mount's root stands for it.
    """
    try:
        with open("/proc/self/cgroup") as file:
            rows = [row.rstrip("\n").split(":", 2) for row in file]
    except OSError:
        return
    for _, controllers, path in (row for row in rows if len(row) == 3):
        if controllers == "":
            version, marker = 2, "memory.events"
            root = CGROUP_ROOT if os.path.exists(f"{CGROUP_ROOT}/cgroup.controllers") else f"{CGROUP_ROOT}/unified"
        elif "memory" in controllers.split(","):
            version, root, marker = 1, f"{CGROUP_ROOT}/memory", "memory.oom_control"
        else:
            continue
        folder = os.path.normpath(f"{root}/{path}")
        while folder.startswith(root):
            if os.path.exists(f"{folder}/{marker}"):
                yield version, folder
            folder = os.path.dirname(folder)


def oom_kills() -> int | None:
    """OOM kills counted so far in our own cgroup: v2 `memory.events`, v1 `memory.oom_control` (kernel 4.13)."""
    for version, folder in cgroup_folders():
        count = _counter(f"{folder}/{'memory.events' if version == 2 else 'memory.oom_control'}", "oom_kill")
        if count is not None:
            return count
    return None


def oom_kills_host() -> int | None:
    """OOM kills on the machine since it started: `oom_kill` in /proc/vmstat (kernel 4.13)."""
    return _counter("/proc/vmstat", "oom_kill")


def memory_limit() -> int | None:
    """The smallest memory limit of our cgroups in bytes; None when none is set."""
    limits = []
    for version, folder in cgroup_folders():
        text = _read(f"{folder}/{'memory.max' if version == 2 else 'memory.limit_in_bytes'}")
        # v1 says "no limit" as a huge number rounded to pages.
        if text and text.strip().isdigit() and int(text) < 1 << 60:
            limits.append(int(text))
    return min(limits, default=None)


def memory_available() -> int | None:
    """Bytes that could be had now: the machine's MemAvailable, or what the cgroup leaves, if less."""
    host = _meminfo("MemAvailable")
    room = []
    for version, folder in cgroup_folders():
        limit = _read(f"{folder}/{'memory.max' if version == 2 else 'memory.limit_in_bytes'}")
        used = _read(f"{folder}/{'memory.current' if version == 2 else 'memory.usage_in_bytes'}")
        if limit and used and limit.strip().isdigit() and used.strip().isdigit() and int(limit) < 1 << 60:
            cached = _counter(f"{folder}/memory.stat", "inactive_file" if version == 2 else "total_inactive_file")
            room.append(max(int(limit) - int(used) + (cached or 0), 0))
    if host is not None:
        room.append(host)
    return min(room, default=None)


def memory_total() -> int | None:
    """The machine's memory in bytes."""
    return _meminfo("MemTotal")


def disk(path: str) -> tuple[int, int, int, int] | None:
    """Free bytes, bytes, free inodes and inodes of a path's file system, as an ordinary user may have them."""
    try:
        status = os.statvfs(path)
    except OSError:
        return None
    return (
        status.f_bavail * status.f_frsize,
        status.f_blocks * status.f_frsize,
        status.f_favail,
        status.f_files,
    )


def _meminfo(name: str) -> int | None:
    text = _read("/proc/meminfo")
    for row in (text or "").splitlines():
        key, _, value = row.partition(":")
        if key == name:
            return int(value.split()[0]) * 1024
    return None


def _counter(path: str, name: str) -> int | None:
    for row in (_read(path) or "").splitlines():
        words = row.split()
        if len(words) == 2 and words[0] == name and words[1].isdigit():
            return int(words[1])
    return None


def _read(path: str) -> str | None:
    try:
        with open(path) as file:
            return file.read()
    except (OSError, ValueError):
        return None
