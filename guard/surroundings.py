"""`look_around()` → Surroundings: a frozen look at the machine, taken once after a failure."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from guard import detect
from guard.attempt import kernel
from guard.types import Allow, Mount, Surroundings

TOOLS = (
    "python3", "pip", "uv", "poetry", "node", "npm", "yarn", "pnpm", "java", "mvn", "gradle", "go", "cargo", "rustc",
    "gcc", "clang", "make", "cmake", "ninja", "ccache", "git", "docker", "podman", "apt-get", "dpkg", "dnf", "apk",
    "terraform", "psql", "jcmd", "py-spy", "fuser", "lsof", "sudo",
)  # fmt: skip


def look_around(env: Mapping[str, str], cwd: str, allow: Allow, probes: bool) -> Surroundings:
    """The machine as it is now; what cannot be told is None or empty. Starts and connects nothing."""
    here = os.path.realpath(cwd)
    home = env.get("HOME") or os.path.expanduser("~")
    temp = env.get("TMPDIR") or "/tmp"
    return Surroundings(
        platform=detect.platform(env),
        system=sys.platform,
        cwd=here,
        workspace=detect.workspace(env),
        home=home,
        temp=temp,
        env=dict(env),
        cpus=cpus(),
        memory_total_bytes=kernel.memory_total(),
        memory_limit_bytes=kernel.memory_limit(),
        memory_available_bytes=kernel.memory_available(),
        mounts=_mounts((here, temp, home, "/", "/var/tmp", env.get("RUNNER_TEMP", ""), "/dev/shm")),
        tools=_tools(env.get("PATH", os.defpath)),
        root=hasattr(os, "geteuid") and os.geteuid() == 0,
        allow=allow,
        probes=probes,
        fork_build=detect.fork_build(env),
    )


def cpus() -> int:
    """CPUs we may use: affinity, and a cgroup's quota where it is less."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = kernel.cpu_quota()
    return max(min(count, int(quota + 0.99)) if quota else count, 1)


def _mounts(places: tuple[str, ...]) -> tuple[Mount, ...]:
    found = []
    for place in dict.fromkeys(places):
        figures = kernel.disk(place) if place else None
        if figures is not None:
            free, total, inodes, all_inodes = figures
            found.append(Mount(place, free, total, inodes if all_inodes else None, all_inodes or None))
    return tuple(found)


def _tools(path: str) -> dict[str, str]:
    folders = [folder for folder in path.split(os.pathsep) if folder]
    found = {}
    for name in TOOLS:
        for folder in folders:
            candidate = os.path.join(folder, name)
            if os.access(candidate, os.X_OK) and os.path.isfile(candidate):
                found[name] = candidate
                break
    return found
