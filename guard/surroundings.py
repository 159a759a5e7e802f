"""`look_around()` → Surroundings: a frozen look at the machine, taken once after a failure."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from guard import cpus, detect, forks, mounts
from guard.attempt import memory
from guard.types import Allow, Surroundings

TOOLS = (
    "python3", "pip", "uv", "poetry", "node", "npm", "yarn", "pnpm", "java", "mvn", "gradle", "go", "cargo", "rustc",
    "gcc", "clang", "make", "cmake", "ninja", "ccache", "git", "docker", "podman", "apt-get", "dpkg", "dnf", "apk",
    "terraform", "psql", "jcmd", "py-spy", "fuser", "lsof", "sudo",
)  # fmt: skip


def look_around(env: Mapping[str, str], cwd: str, allow: Allow, probes: bool) -> Surroundings:
    """The machine as it is now; what cannot be told is None or empty. Starts and connects nothing."""
    here = detect.real_folder(cwd)
    workspace = detect.workspace(env)
    home = env.get("HOME") or os.path.expanduser("~")
    temp = env.get("TMPDIR") or ("/tmp" if os.name == "posix" else env.get("TEMP") or here)
    return Surroundings(
        platform=detect.platform(env),
        system=sys.platform,
        cwd=here,
        workspace=workspace,
        home=home,
        temp=temp,
        env=dict(env),
        cpus=cpus.usable(),
        memory_total_bytes=memory.total(),
        memory_limit_bytes=memory.limit(),
        memory_available_bytes=memory.available(),
        mounts=mounts.of(
            (here, workspace, temp, home, "/", "/var/tmp", env.get("RUNNER_TEMP", ""), "/dev/shm", *_caches(env, home))
        ),
        tools=_tools(env.get("PATH", os.defpath)),
        root=hasattr(os, "geteuid") and os.geteuid() == 0,
        allow=allow,
        probes=probes,
        fork_build=forks.fork_build(env),
    )


# Where the tools' own variables put caches and what they fetch: these may be volumes of their own.
_CACHE_VARIABLES = (
    "XDG_CACHE_HOME", "PIP_CACHE_DIR", "UV_CACHE_DIR", "npm_config_cache", "NPM_CONFIG_CACHE", "YARN_CACHE_FOLDER",
    "CARGO_HOME", "CARGO_TARGET_DIR", "GOPATH", "GOCACHE", "GOMODCACHE", "GRADLE_USER_HOME", "CCACHE_DIR", "NUGET_PACKAGES",
    "RUNNER_TOOL_CACHE", "CI_BUILDS_DIR",
)  # fmt: skip
_CACHE_FOLDERS = (".cache", ".npm", ".cargo", ".m2", ".gradle", "go")


def _caches(env: Mapping[str, str], home: str) -> tuple[str, ...]:
    named = (env.get(name, "") for name in _CACHE_VARIABLES)
    usual = [os.path.join(home, name) for name in _CACHE_FOLDERS]
    return tuple(path for path in (*named, *usual, "/var/lib/docker") if os.path.isabs(path))


def _tools(path: str) -> dict[str, str]:
    """Those of TOOLS on PATH, none of them run; a relative entry of PATH means whatever folder we stand in."""
    folders = [folder for folder in path.split(os.pathsep) if os.path.isabs(folder)]
    found = {}
    for name in TOOLS:
        for folder in folders:
            candidate = os.path.join(folder, name)
            if os.access(candidate, os.X_OK) and os.path.isfile(candidate):
                found[name] = candidate
                break
    return found
