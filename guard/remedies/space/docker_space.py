"""Room in docker's own store (`allow: {reclaim: [docker]}`), the least that is enough: build cache, dangling images, unused images.

Volumes are never touched: they hold data. Only a local daemon whose store lies on the full file system.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from guard.remedies import own_command
from guard.types import Action, Surroundings

STORE = "/var/lib/docker"
SOCKET = "/var/run/docker.sock"
STEPS = (("builder", "prune", "--force"), ("image", "prune", "--force"), ("image", "prune", "--all", "--force"))
WHAT = "docker prune"
_LIMIT_S = 120.0


def action(surroundings: Surroundings, device: int, wanted: int, mount: str) -> Action | None:
    """What would be run for `wanted` bytes on the file system `device`; None where it is not allowed or not here."""
    if "docker" not in surroundings.allow.reclaim or surroundings.allow.delete is None or "docker" not in surroundings.tools:
        return None
    given = surroundings.env.get("DOCKER_HOST", "")
    socket = given.removeprefix("unix://") if given.startswith("unix://") else SOCKET if not given else ""
    try:
        here = bool(socket) and Path(socket).is_socket() and os.lstat(STORE).st_dev == device
    except OSError:
        here = False
    if not here or surroundings.env.get("DOCKER_CONTEXT", "default") != "default":
        return None
    return Action("run", WHAT, {"wanted": str(wanted), "mount": mount})


def act(found: Action, surroundings: Surroundings, free: Callable[[str], tuple[int, int] | None]) -> tuple[list[str], str]:
    """(what was done and what it gave, why it failed); stops as soon as enough is free."""
    done: list[str] = []
    begin = free(found.data["mount"])
    if begin is None:
        return done, "free space cannot be read"
    before = begin
    for step in STEPS:
        problem = own_command.run((surroundings.tools["docker"], *step), surroundings.env, _LIMIT_S)
        if problem:
            return done, "" if done else f"docker {' '.join(step)} {problem}"
        after = free(found.data["mount"]) or before
        done.append(f"ran docker {' '.join(step)}: {max(after[0] - before[0], 0) >> 20} MB more are free")
        if after[0] - begin[0] >= int(found.data["wanted"]):
            break
        before = after
    return done, ""
