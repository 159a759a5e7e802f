"""Where the child's output goes: one pipe where our stdout and stderr are the same open file, else two."""

from __future__ import annotations

import os
import stat


def hold_standard_descriptors() -> tuple[int, ...]:
    """Fill closed descriptors 0, 1 and 2 with /dev/null, so that no pipe of ours lands there.

    Returns those that were closed: the child gets them closed again.
    """
    closed = []
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            closed.append(descriptor)
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)
    return tuple(closed)


def same_open_file(first: int, second: int) -> bool:
    """Whether two descriptors are one open file, so that the order of what both print is defined."""
    one, two = os.fstat(first), os.fstat(second)
    if (one.st_dev, one.st_ino, one.st_rdev) != (two.st_dev, two.st_ino, two.st_rdev):
        return False
    if not stat.S_ISREG(one.st_mode):
        return True
    return _same_description(first, second)


def _same_description(first: int, second: int) -> bool:
    """For a regular file: opened once and duplicated, or opened twice (each with its own offset)?"""
    import fcntl

    if os.lseek(first, 0, os.SEEK_CUR) != os.lseek(second, 0, os.SEEK_CUR):
        return False
    old, other = fcntl.fcntl(first, fcntl.F_GETFL), fcntl.fcntl(second, fcntl.F_GETFL)
    if old != other:
        return False
    # Status flags belong to the open file: one flipped through the first name shows through the second only
    # if both are one. O_NONBLOCK means nothing to a regular file, so nobody is disturbed.
    fcntl.fcntl(first, fcntl.F_SETFL, old ^ os.O_NONBLOCK)
    try:
        return fcntl.fcntl(second, fcntl.F_GETFL) != other
    finally:
        fcntl.fcntl(first, fcntl.F_SETFL, old)
