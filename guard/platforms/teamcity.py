"""TeamCity: service messages (jetbrains.com, "Service Messages")."""

from __future__ import annotations

from guard.platforms import plain
from guard.platforms.lazy_pattern import LazyPattern

NAME = "teamcity"
STREAM = 1

_COMMAND = LazyPattern(r"##teamcity(?=\[)")
_STATUS = {"error": "ERROR", "warning": "WARNING", "notice": "NORMAL"}

shelter = plain.shelter


def escape(text: str) -> str:
    """The text with no service message in it."""
    return _COMMAND.sub("## teamcity", plain.escape(text))


def group(title: str) -> str:
    """Opens a block."""
    return f"##teamcity[blockOpened name='{value(title)}']"


def end_group(title: str) -> str:
    """Closes the block of that title."""
    return f"##teamcity[blockClosed name='{value(title)}']"


def annotate(level: str, title: str, text: str, file: str = "", line: int | None = None) -> str:
    """A message of the build log."""
    place = f" ({file}:{line})" if file and line is not None else f" ({file})" if file else ""
    return f"##teamcity[message text='{value(f'{title}: {text}{place}')}' status='{_STATUS.get(level, 'NORMAL')}']"


def value(text: str) -> str:
    """A value of a service message: `|` escapes."""
    found = []
    for letter in text:
        if letter in "'|[]":
            found.append(f"|{letter}")
        elif letter == "\n":
            found.append("|n")
        elif letter == "\r":
            found.append("|r")
        elif ord(letter) > 127:
            found.append(f"|0x{ord(letter):04X}" if ord(letter) < 0x10000 else "?")
        else:
            found.append(letter)
    return "".join(found)

publish = plain.publish
