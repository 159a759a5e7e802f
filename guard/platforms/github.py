"""GitHub Actions: workflow commands (docs.github.com, "Workflow commands for GitHub Actions")."""

from __future__ import annotations

import os

from guard.platforms import plain
from guard.platforms.lazy_pattern import LazyPattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

NAME = "github"
STREAM = 2
_LEVELS = ("error", "warning", "notice")
# Of one step; a longer one is not shown at all (docs.github.com, "Workflow commands", job summaries).
LARGEST_SUMMARY = 1 << 20

# The runner reads `::name …::text` at the beginning of a line and `##[name]text` anywhere in one, in any case.
# Names of its own are broken anywhere, and whatever stands at the beginning: after `::stop-commands::` any word is one.
_COMMAND = LazyPattern(
    r"\A\s*::|##(?=\[)|::(?=(?:error|warning|notice|debug|group|endgroup|add-mask|add-matcher|remove-matcher"
    r"|stop-commands|set-output|save-state|set-env|add-path|echo|internal-[a-z-]{1,30})\b)"
)


def escape(text: str) -> str:
    """The text with a space inside whatever could open a command."""
    return _COMMAND.sub(lambda match: f"{match[0][:-1]} {match[0][-1]}", plain.escape(text))


def group(title: str) -> str:
    """Opens a group."""
    return f"::group::{_data(escape(title))}"


def end_group(title: str) -> str:
    """Closes the open group."""
    del title
    return "::endgroup::"


def annotate(level: str, title: str, text: str, file: str = "", line: int | None = None) -> str:
    """An annotation at a file's line, where one is named."""
    properties = [f"title={_property(title)}"]
    if file:
        properties.insert(0, f"file={_property(file)}")
        if line is not None:
            properties.insert(1, f"line={line}")
    return f"::{level if level in _LEVELS else 'notice'} {','.join(properties)}::{_data(text)}"


def _data(text: str) -> str:
    lines = (_COMMAND.sub(lambda match: f"{match[0][:-1]} {match[0][-1]}", line) for line in text.split("\n"))
    return "\n".join(lines).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

def shelter() -> tuple[str, str]:
    """Commands stop until a word comes that nobody can know beforehand."""
    word = f"pipeguard-{os.urandom(16).hex()}"
    return f"::stop-commands::{word}", f"::{word}::"


def publish(document: Mapping[str, Any], environment: Mapping[str, str]) -> list[str]:
    """Outputs always; annotations and the step's summary when something failed."""
    from guard.platforms import github_outputs

    problems = github_outputs.write(document, environment)
    lines = []
    if document["status"] != "passed":
        from guard.platforms import hand_over, messages
        from guard.report.markdown_summary import summary

        lines = messages.lines(annotate, document, environment)
        page = environment.get("GITHUB_STEP_SUMMARY", "")
        text = summary(document)
        if page and hand_over.size(page) + len(text.encode()) <= LARGEST_SUMMARY:
            problems.append(hand_over.append(page, text))
    return [*lines, *(f"guard: {escape(problem)}" for problem in problems if problem)]
