"""A report → its file: written beside it and moved into place, so that no reader sees half of it."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path


def write(path: str, text: str, mode: int = 0o666) -> str:
    """Write the file, with what the umask leaves of `mode`; a link is replaced. Returns why it could not be done, or ""."""
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            kind = target.lstat().st_mode
            if not (stat.S_ISREG(kind) or stat.S_ISLNK(kind)):
                return "it is a folder or a special file"
        except FileNotFoundError:
            pass
        beside = target.with_name(f".pipeguard-{secrets.token_hex(8)}")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), mode)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
                file.write(text)
            beside.replace(target)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)
    return ""
