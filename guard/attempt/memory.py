"""What the kernel tells about memory: the machine's and the cgroup's; absent is None, never a guess."""

from __future__ import annotations

from guard.attempt import kernel


def limit() -> int | None:
    """The smallest memory limit of our cgroups in bytes; None when none is set."""
    limits = []
    for version, folder in kernel.cgroup_folders():
        text = kernel.read(f"{folder}/{'memory.max' if version == 2 else 'memory.limit_in_bytes'}")
        # v1 says "no limit" as a huge number rounded to pages.
        if text and text.strip().isdigit() and int(text) < 1 << 60:
            limits.append(int(text))
    return min(limits, default=None)


def available() -> int | None:
    """Bytes that could be had now: the machine's MemAvailable, or what the cgroup leaves, if less."""
    host = _meminfo("MemAvailable")
    room = []
    for version, folder in kernel.cgroup_folders():
        most = kernel.read(f"{folder}/{'memory.max' if version == 2 else 'memory.limit_in_bytes'}")
        used = kernel.read(f"{folder}/{'memory.current' if version == 2 else 'memory.usage_in_bytes'}")
        if most and used and most.strip().isdigit() and used.strip().isdigit() and int(most) < 1 << 60:
            cached = kernel.counter(f"{folder}/memory.stat", "inactive_file" if version == 2 else "total_inactive_file")
            room.append(max(int(most) - int(used) + (cached or 0), 0))
    if host is not None:
        room.append(host)
    return min(room, default=None)


def total() -> int | None:
    """The machine's memory in bytes."""
    return _meminfo("MemTotal")


def _meminfo(name: str) -> int | None:
    text = kernel.read("/proc/meminfo")
    for row in (text or "").splitlines():
        key, _, value = row.partition(":")
        if key == name:
            return int(value.split()[0]) * 1024
    return None
