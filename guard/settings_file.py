"""A settings file → plain values with the line of each key; hostile YAML is refused in bounded time."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from guard.errors import SettingsError

MOST_BYTES = 1 << 20
MOST_LEVELS = 64
MOST_NODES = 10_000
_LONGEST_SHOWN = 80

_UNPRINTABLE = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

Place = tuple["str | int", ...]


@dataclass(frozen=True)
class Document:
    """The values of a file and where each stands."""

    file: str
    values: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[Place, int] = field(default_factory=dict)

    def error(self, path: Place, problem: str, hint: str = "") -> SettingsError:
        """An error at a key, with the nearest line that is known."""
        line = next((self.lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in self.lines), None)
        return SettingsError(self.file, line, dotted(path), problem, hint)


def dotted(path: Place) -> str:
    """`labels.flaky_test.attempts`, `strategies[0].run`; nothing unprintable, whatever the keys are."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    text = printable(text)
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"


def printable(text: str) -> str:
    """The text with a question mark for each character that moves or hides others."""
    return _UNPRINTABLE.sub("?", text)


def shown(value: object) -> str:
    """A value as a message repeats it: short, on one line, without the user info of a URL."""
    text = re.sub(r"://[^/@\s]{1,300}@", "://***@", printable(repr(value)))
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"


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
    from guard import settings_yaml

    values, lines = settings_yaml.parsed(text, file, most_nodes)
    return Document(file, values, lines)
