"""Azure Pipelines: logging commands (learn.microsoft.com, "Logging commands")."""

from __future__ import annotations

from guard.platforms import plain
from guard.platforms.lazy_pattern import LazyPattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

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
    """An issue of the job; it knows errors and warnings, a notice is a warning there."""
    level = "error" if level == "error" else "warning"
    properties = f"type={level}"
    if file:
        properties += f";sourcepath={_property(file)}" + (f";linenumber={line}" if line is not None else "")
    return f"##vso[task.logissue {properties}]{_data(f'{title}: {text}')}"


def _data(text: str) -> str:
    # Without two hashes there is nothing to break, and a step that passes needs no pattern.
    text = _COMMAND.sub("# #", text) if "##" in text else text
    return text.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace("]", "%5D").replace(";", "%3B")

def publish(document: Mapping[str, Any], environment: Mapping[str, str]) -> list[str]:
    """Output variables always; issues, the run's page and "succeeded with issues" when something failed."""
    from guard.platforms.facts import variables

    lines = [f"##vso[task.setvariable variable={name};isOutput=true]{_data(value)}" for name, value in variables(document).items()]
    if document["status"] == "passed":
        return lines
    from guard.platforms import messages, page_file

    folder = environment.get("AGENT_TEMPDIRECTORY", "")
    path = environment.get("PIPEGUARD_SUMMARY", "") or (f"{folder}/pipeguard-{document['id']}.md" if folder else "")
    problem = page_file.write(document, environment, path)
    if path and not problem:
        import os

        lines.append(f"##vso[task.uploadsummary]{_data(os.path.abspath(path))}")
    lines += messages.lines(annotate, document, environment)
    if document["status"] == "healed" and document.get("verdict") != "fail":
        # The one CI with a state for it. It cannot make a red task green: the agent takes the worse of this and the exit code.
        lines.append(f"##vso[task.complete result=SucceededWithIssues;]{_data('passed after ' + (', '.join(document['healed_by']) or 'running again'))}")
    return [*lines, *([f"guard: {escape(problem)}"] if problem else [])]
