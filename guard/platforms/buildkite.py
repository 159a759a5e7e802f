"""Buildkite: lines that begin with `---`, `+++` or `~~~` open groups (buildkite.com, "Managing log output")."""

from __future__ import annotations

from guard.platforms import plain
from guard.platforms.lazy_pattern import LazyPattern

NAME = "buildkite"
STREAM = 2

_HEADER = LazyPattern(r"\A(?=\s*(?:---|\+\+\+|~~~|\^\^\^))")

annotate = plain.annotate
shelter = plain.shelter


def escape(text: str) -> str:
    """The text with no group header at its beginning."""
    return _HEADER.sub("> ", plain.escape(text))


def group(title: str) -> str:
    """Opens a folded group, which lasts until the next."""
    return f"--- {plain.escape(title)}"


def end_group(title: str) -> str:
    """A group ends where the next begins."""
    del title
    return ""

publish = plain.publish
