"""What the kernel tells before each attempt, of killed processes and of disks: absent is None, never a guess."""

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
        count = counter(f"{folder}/{'memory.events' if version == 2 else 'memory.oom_control'}", "oom_kill")
        if count is not None:
            return count
    return None


def oom_kills_host() -> int | None:
    """OOM kills on the machine since it started: `oom_kill` in /proc/vmstat (kernel 4.13)."""
    return counter("/proc/vmstat", "oom_kill")


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


def counter(path: str, name: str) -> int | None:
    """The number beside a name in a file of `name number` rows."""
    for row in (read(path) or "").splitlines():
        words = row.split()
        if len(words) == 2 and words[0] == name and words[1].isdigit():
            return int(words[1])
    return None


def read(path: str) -> str | None:
    """The text of a file of the kernel's."""
    try:
        with open(path) as file:
            return file.read()
    except (OSError, ValueError):
        return None
