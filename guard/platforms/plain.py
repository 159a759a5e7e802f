"""A terminal, or a CI without commands in its log: control characters go, nothing else."""

from __future__ import annotations

import re

NAME = "none"

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")


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
