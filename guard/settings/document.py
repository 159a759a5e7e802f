"""What a settings file says, with the line of each key, and how a message names a key or repeats a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from guard.errors import SettingsError

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
