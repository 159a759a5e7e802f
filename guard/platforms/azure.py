"""Azure Pipelines: logging commands (learn.microsoft.com, "Logging commands")."""

from __future__ import annotations

from guard.platforms import plain
from guard.platforms.lazy_pattern import LazyPattern

NAME = "azure"
STREAM = 1

# The agent reads `##vso[…]` and `##[…]` wherever they stand in a line.
_COMMAND = LazyPattern(r"##(?=(?:vso|build)?\[)")

shelter = plain.shelter


def escape(text: str) -> str:
    """The text with a space inside whatever could open a command: there is no switch that turns them off."""
    return _COMMAND.sub("# #", plain.escape(text))


def group(title: str) -> str:
    """Opens a group."""
    return f"##[group]{escape(title)}"


def end_group(title: str) -> str:
    """Closes the open group."""
    del title
    return "##[endgroup]"


def annotate(level: str, title: str, text: str, file: str = "", line: int | None = None) -> str:
    """An issue of the job; a notice is none there."""
    if level not in ("error", "warning"):
        return ""
    properties = f"type={level}"
    if file:
        properties += f";sourcepath={_property(file)}" + (f";linenumber={line}" if line is not None else "")
    return f"##vso[task.logissue {properties}]{_data(f'{title}: {text}')}"


def _data(text: str) -> str:
    return _COMMAND.sub("# #", text).replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace("]", "%5D").replace(";", "%3B")

publish = plain.publish
