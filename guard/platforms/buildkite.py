"""Buildkite: lines that begin with `---`, `+++` or `~~~` open groups (buildkite.com, "Managing log output")."""

from __future__ import annotations

from guard.platforms import plain
from guard.platforms.lazy_pattern import LazyPattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

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

def publish(document: Mapping[str, Any], environment: Mapping[str, str]) -> list[str]:
    """The page and the facts as files, for the plugin's post-command hook, which speaks to the agent."""
    from guard.platforms import hand_over, page_file
    from guard.platforms.facts import variables

    problems = [page_file.write(document, environment)]
    place = environment.get("PIPEGUARD_OUTPUTS", "")
    if place:
        problems.append(hand_over.append(place, "".join(f"{name}={value}\n" for name, value in variables(document).items()), 0o600))
    return [f"guard: {escape(problem)}" for problem in problems if problem]
