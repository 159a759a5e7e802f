"""Whether files were made by this run's own earlier attempts: by the moment of their birth, which no program can set."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

from guard.frameworks.output import started
from guard.remedies import processes
from guard.types import Outcome

# statx(2), linux/stat.h: the birth is at byte 80, seconds (64 bits) and nanoseconds (32 bits); the mask is the first word.
_AT_FDCWD, _NOFOLLOW, _BIRTH = -100, 0x100, 0x800
_SIZE, _AT = 256, 80
_MOST = 200_000


def in_this_run(path: Path, outcome: Outcome) -> bool:
    """Whether it and all that is in it was born after guard began and before the present attempt did. False where that is not told."""
    guard, end = processes.process(os.getpid()), started(outcome)
    begin = processes.began(guard) if guard is not None else None
    if outcome.number < 2 or begin is None or end is None:
        return False
    count = 0
    for one in _all(path):
        birth = _birth(one)
        count += 1
        if birth is None or not begin <= birth <= end or count > _MOST:
            return False
    return True


def _all(path: Path) -> Iterator[Path]:
    yield path
    if path.is_dir() and not path.is_symlink():
        for folder, folders, files in os.walk(path):
            yield from (Path(folder, name) for name in (*folders, *files))


def _birth(path: Path) -> float | None:
    """Seconds since the epoch; None where the system or the file system does not keep it."""
    buffer = ctypes.create_string_buffer(_SIZE)
    try:
        failed = ctypes.CDLL(None, use_errno=True).statx(_AT_FDCWD, os.fsencode(path), _NOFOLLOW, _BIRTH, buffer)
    except (AttributeError, OSError):
        return None
    if failed or not int.from_bytes(buffer.raw[:4], "little") & _BIRTH:
        return None
    seconds = int.from_bytes(buffer.raw[_AT : _AT + 8], "little", signed=True)
    return seconds + int.from_bytes(buffer.raw[_AT + 8 : _AT + 12], "little") / 1e9
