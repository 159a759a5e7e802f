"""Paths → the file systems they lie on, with what is free there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from guard import detect
from guard.attempt import kernel
from guard.types import Mount

OWN_MOUNTS = "/proc/self/mountinfo"


def of(places: Iterable[str], table: str = "") -> tuple[Mount, ...]:
    """One Mount a file system, in the order of the places; places that do not exist are left out.

    A Mount's path is its mount point where the kernel tells it (`table` stands for /proc/self/mountinfo), else the
    first of the places that lie on it, links followed: its st_dev is that of everything on that file system.
    """
    points = mount_points(table or OWN_MOUNTS)
    found: dict[int, Mount] = {}
    for place in places:
        path = detect.real_folder(place) if place and "\0" not in place else ""
        device = _device(path)
        figures = kernel.disk(path) if device is not None else None
        if device is None or figures is None or device in found:
            continue
        free, total, inodes, all_inodes = figures
        # File systems without a fixed number of inodes (btrfs, some overlays) say 0 of 0.
        known = (inodes, all_inodes) if all_inodes else (None, None)
        found[device] = Mount(_point(path, device, points), free, total, *known)
    return tuple(found.values())


def mount_points(table: str) -> tuple[str, ...]:
    """The mount points, deepest first (proc(5): the fifth field, with octal escapes); () where there is no table."""
    try:
        with open(table, encoding="utf-8", errors="surrogateescape") as file:
            rows = [row.split(" ") for row in file]
    except OSError:
        return ()
    names = {re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), row[4]) for row in rows if len(row) > 5}
    return tuple(sorted(names, key=lambda name: (-len(name), name)))


def _point(path: str, device: int, points: tuple[str, ...]) -> str:
    for point in points:
        if path == point or path.startswith(point.rstrip("/") + "/"):
            # A subvolume has a device of its own below its mount point; then the path itself stands for it.
            return point if _device(point) == device else path
    return path


def _device(path: str) -> int | None:
    try:
        return os.stat(path).st_dev if path else None
    except (OSError, ValueError):
        return None
