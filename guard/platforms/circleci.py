"""CircleCI: each run step is a group of its own; its log knows no commands. Values for later steps go to BASH_ENV."""

from __future__ import annotations

from guard.platforms import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

NAME = "circleci"
STREAM = 2

escape = plain.escape
group = plain.group
end_group = plain.end_group
annotate = plain.annotate
shelter = plain.shelter


def publish(document: Mapping[str, Any], environment: Mapping[str, str]) -> list[str]:
    """Facts for later steps as `export`s in BASH_ENV (circleci.com, "Set environment variables"), the page as a file."""
    from guard.platforms import hand_over, page_file
    from guard.platforms.facts import variables

    problems = [page_file.write(document, environment)]
    place = environment.get("BASH_ENV", "")
    if place:
        quoted = {name: value.replace("'", "'\\''") for name, value in variables(document).items()}
        problems.append(hand_over.append(place, "".join(f"export {name}='{value}'\n" for name, value in quoted.items())))
    return [f"guard: {escape(problem)}" for problem in problems if problem]
