"""How many CPUs this process may use: its affinity, and the quotas of its cgroups where they leave less."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator

CGROUP_ROOT = "/sys/fs/cgroup"
OWN_CGROUPS = "/proc/self/cgroup"


def usable() -> int:
    """At least 1; a quota of a part of a CPU counts as a whole one."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = quota()
    return max(min(count, math.ceil(share)), 1) if share is not None else count


def quota(root: str | None = None, own: str | None = None) -> float | None:
    """The smallest quota, in CPUs, of our cgroup and of those above it (v2 `cpu.max`, v1 `cpu.cfs_quota_us`).

    None without one. `root` and `own` stand for /sys/fs/cgroup and /proc/self/cgroup.
    """
    return min(_quotas(root or CGROUP_ROOT, own or OWN_CGROUPS), default=None)


def _quotas(root: str, own: str) -> Iterator[float]:
    for row in _read(own).splitlines():
        _, _, rest = row.partition(":")
        controllers, _, path = rest.partition(":")
        if not controllers:
            # v2 alone at the root, or beside v1 at `unified` (the hybrid layout of systemd).
            for base in (root, f"{root}/unified"):
                for folder in _upwards(base, path):
                    yield from _of(*(_read(f"{folder}/cpu.max").split() or ["max"])[:2])
        elif "cpu" in controllers.split(","):
            for folder in _upwards(f"{root}/cpu", path):
                yield from _of(_read(f"{folder}/cpu.cfs_quota_us").strip(), _read(f"{folder}/cpu.cfs_period_us").strip())


def _upwards(base: str, path: str) -> Iterator[str]:
    """Nearest first, `base` last: in a container the path may not be visible, and the mount's root stands for it."""
    parts = [part for part in path.split("/") if part and part != ".."]
    for count in range(len(parts), -1, -1):
        yield "/".join((base, *parts[:count]))


def _of(limit: str, period: str = "100000") -> Iterator[float]:
    # "max" (v2) and -1 (v1) mean no quota.
    if limit.isdigit() and period.isdigit() and int(limit) and int(period):
        yield int(limit) / int(period)


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
