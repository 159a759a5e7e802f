"""How much room files take on disk, and how much of it comes free when they go."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

_MOST_ENTRIES = 200_000


def size_of(path: Path) -> int:
    """Bytes on disk of a file or of a folder with all below it; links are not followed, what cannot be read is 0."""
    return sum(map(on_disk, _statuses(path)))


def holds(entry: Path, device: int) -> tuple[int, int]:
    """(bytes, inodes) that deleting the entry gives back to a file system: nothing of what lies on another one.

    Links are not followed; a file with another hard link gives back nothing.
    """
    size = count = 0
    for status in _statuses(entry):
        if status.st_dev != device or kept_elsewhere(status):
            continue
        size += on_disk(status)
        count += 1
        if count >= _MOST_ENTRIES:
            break
    return size, count


def on_disk(status: os.stat_result) -> int:
    """Bytes that the file itself takes (stat(2): blocks of 512 bytes, whatever the file system's own are)."""
    return status.st_blocks * 512


def kept_elsewhere(status: os.stat_result) -> bool:
    """Whether another hard link keeps the file when one name goes. A folder's links are its own subfolders."""
    return not stat.S_ISDIR(status.st_mode) and status.st_nlink > 1


def _statuses(entry: Path) -> Iterator[os.stat_result]:
    """Of the entry and of all below it, itself first; what cannot be read is passed over."""
    try:
        first = entry.lstat()
    except OSError:
        return
    yield first
    if not stat.S_ISDIR(first.st_mode):
        return
    for folder, folders, files in os.walk(entry, followlinks=False):
        for name in (*folders, *files):
            try:
                yield Path(folder, name).lstat()
            except OSError:
                continue
