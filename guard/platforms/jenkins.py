"""Jenkins: its log knows no commands; notes are hidden in `ESC [8mha:` sequences, which a log must not open.

What the library's Groovy has to know stands in a file of `name=value` lines: JSON would want a plugin to be read.
"""

from __future__ import annotations

from guard.platforms import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

NAME = "jenkins"
STREAM = 2
FACTS = "PIPEGUARD_FACTS"
"""The file that the library reads after the command; the run's JSON is written beside it, unless it just passed."""

escape = plain.escape
group = plain.group
end_group = plain.end_group
annotate = plain.annotate
shelter = plain.shelter


def publish(document: Mapping[str, Any], environment: Mapping[str, str]) -> list[str]:
    """The facts for the library where it wants them; a line where they cannot be written."""
    path = environment.get(FACTS, "")
    if not path or document["status"] == "passed":
        # No file is the fact that it passed at once: the step saves the reading.
        return []
    from guard.platforms import jenkins_facts

    return [f"guard: {escape(problem)}" for problem in jenkins_facts.write(path, document) if problem]
