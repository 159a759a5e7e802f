"""A settings file → its document; hostile files are refused in bounded time."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from guard.errors import SettingsError
from guard.settings.document import Document, printable

MOST_BYTES = 1 << 20
MOST_NODES = 10_000


def read(path: Path, most_nodes: int = MOST_NODES) -> Document:
    """Read a settings file. Raises SettingsError with file, line and key."""
    name = _short(path)
    data = _bytes(path, name)
    if len(data) > MOST_BYTES:
        raise SettingsError(name, None, "", "is larger than 1 MiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SettingsError(name, line, "", "is not UTF-8", "save the file as UTF-8") from error
    return parse(text, name, most_nodes)


def _bytes(path: Path, name: str) -> bytes:
    """The file's content, at most one byte more than is allowed. Never waits for the writer of a FIFO."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except (OSError, ValueError) as error:
        raise SettingsError(name, None, "", f"cannot be read: {_why(path, error)}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise SettingsError(name, None, "", "is no regular file")
    with os.fdopen(descriptor, "rb") as file:
        try:
            return file.read(MOST_BYTES + 1)
        except OSError as error:
            raise SettingsError(name, None, "", f"cannot be read: {error.strerror}") from error


def _why(path: Path, error: Exception) -> str:
    if isinstance(error, FileNotFoundError) and os.path.lexists(path):
        return "the link leads nowhere"
    return getattr(error, "strerror", None) or "no such file"


def _short(path: Path) -> str:
    """The path as a person would write it here."""
    try:
        relative = os.path.relpath(path)
    except (OSError, ValueError):
        return printable(str(path))
    return printable(str(path) if relative.startswith("..") else relative)


def parse(text: str, file: str, most_nodes: int = MOST_NODES) -> Document:
    """The document of a text. Raises SettingsError; ModuleNotFoundError where PyYAML is not installed."""
    # Only a run with a settings file loads the parser.
    from guard.settings.yaml_text import parsed

    values, lines = parsed(text, file, most_nodes)
    return Document(file, values, lines)
