"""TeamCity: service messages (jetbrains.com, "Service Messages")."""

from __future__ import annotations

from guard.platforms import plain
from guard.platforms.lazy_pattern import LazyPattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

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

def publish(document: Mapping[str, Any], environment: Mapping[str, str]) -> list[str]:
    """Parameters always; messages, a word in the build's status and the run's page when something failed.

    Never `buildStatus status=…`: it would make a red build green. Never `buildProblem`: a step that may fail would not be one.
    """
    from guard.platforms.facts import variables

    lines = [f"##teamcity[setParameter name='env.{name}' value='{value(text)}']" for name, text in variables(document).items()]
    if document["status"] == "passed":
        return lines
    from guard.platforms import messages, page_file

    problem = page_file.write(document, environment)
    if environment.get("PIPEGUARD_SUMMARY") and not problem:
        lines.append(f"##teamcity[publishArtifacts '{value(environment['PIPEGUARD_SUMMARY'])} => pipeguard']")
    lines += messages.lines(annotate, document, environment)
    words = _status(document)
    if words:
        lines.append(f"##teamcity[buildStatus text='{{build.status.text}}; {value(words)}']")
    return [*lines, *([f"guard: {escape(problem)}"] if problem else [])]


def _status(document: Mapping[str, Any]) -> str:
    from guard.platforms.facts import diagnosis

    if document["status"] == "healed":
        return f"healed by {', '.join(document['healed_by']) or 'running again'}"
    cause = diagnosis(document)
    return f"{cause['label']} ({cause['probability']:.0%})" if cause and document["status"] == "failed" else ""
