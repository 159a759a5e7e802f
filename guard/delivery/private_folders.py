"""Where guard keeps what it fetched for itself: the runner's tool cache, a job's cache, the user's own; never a user's environment.

A folder is used only where nobody but its owner can have written into it: what lies there is imported.
"""

from __future__ import annotations

import os
import stat
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from guard import __version__, packed

MARK = ".complete"
"""Written last: a folder without it is not finished."""


def requirements(purpose: str) -> bytes:
    """The pinned packages of a purpose (`classifier`, `settings`), in pip's form."""
    return packed.data("delivery", f"{purpose}.txt")


def name(purpose: str) -> str:
    """The folder of a purpose below each place: other pins, another Python or machine have another."""
    import hashlib

    pins = hashlib.sha256(requirements(purpose)).hexdigest()[:12]
    tag = f"{sys.implementation.cache_tag}-{sysconfig.get_platform()}".replace(os.sep, "_")
    return os.path.join("pipeguard", f"{__version__}-{tag}", f"{purpose}-{pins}")


def places(env: Mapping[str, str]) -> tuple[Path, ...]:
    """Folders that may hold ours, the runner's tool cache first (GitHub and Azure name theirs); only absolute ones count."""
    home = env.get("HOME", "")
    named = (
        env.get("RUNNER_TOOL_CACHE", ""),
        env.get("AGENT_TOOLSDIRECTORY", ""),
        env.get("PIPEGUARD_CACHE", ""),
        env.get("XDG_CACHE_HOME", "") or (os.path.join(home, ".cache") if home else ""),
    )
    return tuple(dict.fromkeys(Path(path) for path in named if os.path.isabs(path) and os.path.normpath(path) != os.sep))


def finished(purpose: str, env: Mapping[str, str]) -> Path | None:
    """The first folder that holds all of a purpose and that nobody else can have written."""
    for place in places(env):
        folder = place / name(purpose)
        if os.path.isfile(folder / MARK) and all(ours(one) for one in below(place, folder)):
            return folder
    return None


def below(place: Path, folder: Path) -> tuple[Path, ...]:
    """The folders from `place` (not itself) down to `folder`."""
    parts = folder.relative_to(place).parts
    return tuple(place.joinpath(*parts[:count]) for count in range(1, len(parts) + 1))


def ours(folder: Path) -> bool:
    """Whether it is a real folder of this user's (or root's) that nobody else may write."""
    try:
        status = os.lstat(folder)
    except OSError:
        return False
    if not stat.S_ISDIR(status.st_mode):
        return False
    if not hasattr(os, "getuid"):
        return True
    return status.st_uid in (os.getuid(), 0) and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
