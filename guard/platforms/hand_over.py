"""Text at the end of a file that the CI reads after the step: opened without following a link."""

from __future__ import annotations

import os
import stat


def append(path: str, text: str, mode: int = 0o644) -> str:
    """Append whole lines, after an unfinished last line too. Returns why it could not be done, or ""."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | _CAREFUL, mode)
    except (OSError, ValueError) as error:
        return f"{path} is left as it is: {getattr(error, 'strerror', None) or error}"
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return f"{path} is left as it is: it is no regular file"
        data = text.encode("utf-8", "backslashreplace")
        if status.st_size and os.pread(descriptor, 1, status.st_size - 1) != b"\n":
            data = b"\n" + data
        written = 0
        while written < len(data):
            written += os.write(descriptor, data[written:])
    except OSError as error:
        return f"{path} is left as it is: {error.strerror}"
    finally:
        os.close(descriptor)
    return ""


def size(path: str) -> int:
    """The size of a file in bytes; 0 where there is none."""
    try:
        return os.lstat(path).st_size
    except (OSError, ValueError):
        return 0


def read(path: str, most: int) -> bytes | None:
    """The content of a regular file of at most `most` bytes; None where it is none, or cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | _CAREFUL)
    except (OSError, ValueError):
        return None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > most:
            return None
        chunks = []
        while chunk := os.read(descriptor, 1 << 20):
            chunks.append(chunk)
        return b"".join(chunks)
    except OSError:
        return None
    finally:
        os.close(descriptor)


# A FIFO must not make guard wait, a link must not lead it elsewhere.
_CAREFUL = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
