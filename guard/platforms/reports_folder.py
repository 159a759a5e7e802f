"""The folder of a job's reports: kept out of git, and its files replaced whole without following a link."""

from __future__ import annotations

import os

from guard.platforms import hand_over


def prepare(folder: str) -> str:
    """Make the folder, with a `.gitignore` of its own. Returns why it cannot be had, or ""."""
    try:
        os.makedirs(folder, exist_ok=True)
    except (OSError, ValueError) as error:
        return f"no reports in {folder}: {getattr(error, 'strerror', None) or error}"
    if os.path.islink(folder):
        return f"no reports in {folder}: it is a link"
    ignore = os.path.join(folder, ".gitignore")
    return "" if os.path.lexists(ignore) else hand_over.append(ignore, "*\n")


def replace(path: str, text: str) -> str:
    """Put a text in a file's place, whole. Returns why it could not be done, or ""."""
    beside = f"{path}.{os.getpid()}"
    try:
        if os.path.lexists(path) and (os.path.islink(path) or not os.path.isfile(path)):
            return f"{path} is left as it is: it is no regular file"
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o644)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode("utf-8", "backslashreplace"))
            os.replace(beside, path)
        except BaseException:
            os.unlink(beside)
            raise
    except (OSError, ValueError) as error:
        return f"{path} is left as it is: {getattr(error, 'strerror', None) or error}"
    return ""
