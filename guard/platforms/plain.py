"""A terminal, or a CI without commands in its log: control characters go, nothing else."""

from __future__ import annotations

from guard.platforms.lazy_pattern import LazyPattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

NAME = "none"
STREAM = 2

# Besides ASCII's and C1's: line and paragraph separators, and the marks that turn the direction of what follows.
_CONTROL = LazyPattern("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def escape(text: str) -> str:
    """The text on one line, without control characters."""
    return _CONTROL.sub(" ", text)


def group(title: str) -> str:
    """There are no groups."""
    del title
    return ""


def end_group(title: str) -> str:
    """There are no groups."""
    del title
    return ""


def annotate(level: str, title: str, text: str, file: str = "", line: int | None = None) -> str:
    """There are no annotations."""
    del level, title, text, file, line
    return ""


def shelter() -> tuple[str, str]:
    """There is no switch."""
    return "", ""


def publish(document: Mapping[str, Any], environment: Mapping[str, str]) -> list[str]:
    """There is nobody to tell."""
    del document, environment
    return []
