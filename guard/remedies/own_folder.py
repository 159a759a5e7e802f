"""A fresh folder of ours for the attempts alone (0700), and its removal when it is still the one that we made."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path


def make(folder: Path) -> dict[str, str]:
    """Make it; returns what `remove` needs. Raises OSError, also where something stands there already: that is nobody's that we know."""
    folder.mkdir(0o700)
    folder.chmod(0o700)
    made = folder.lstat()
    return {"folder": str(folder), "device": str(made.st_dev), "inode": str(made.st_ino)}


def remove(made: Mapping[str, str], prefix: str) -> None:
    """Remove the folder with all that the attempts left in it; one that was exchanged, or has another name, stays."""
    folder = made.get("folder", "")
    if not Path(folder).name.startswith(prefix) or not shutil.rmtree.avoids_symlink_attacks:
        return
    try:
        found = os.lstat(folder)
    except OSError:
        return
    ours = (str(found.st_dev), str(found.st_ino)) == (made.get("device"), made.get("inode"))
    if ours and stat.S_ISDIR(found.st_mode):
        shutil.rmtree(folder, ignore_errors=True)


def usable(place: str) -> bool:
    """Whether we may write there, and programs may be run from there: `go test` and configure scripts run what they build in TMPDIR."""
    try:
        flags = os.statvfs(place).f_flag
    except (OSError, ValueError):
        return False
    barred = getattr(os, "ST_NOEXEC", 0) | getattr(os, "ST_RDONLY", 0)
    return not flags & barred and os.access(place, os.W_OK | os.X_OK)


def ours(folder: Path, prefix: str) -> bool:
    """Whether it is a real folder that this very process made for itself, by its name, mode and owner."""
    try:
        found = folder.lstat()
    except (OSError, ValueError):
        return False
    private = stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o700 and found.st_uid == os.geteuid()
    return private and folder.is_absolute() and folder.name.startswith(f"{prefix}{os.getpid()}-")
