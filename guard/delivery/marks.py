"""Lines between two marks in a skin's text: what the project writes there by itself."""

from __future__ import annotations

from collections.abc import Iterable

from guard.errors import GuardError


def filled(text: str, begin: str, end: str, between: Iterable[str]) -> str:
    """The text with these lines between its marks, as deep as the marks are. Raises GuardError without both marks."""
    lines = text.splitlines()
    places = [number for number, line in enumerate(lines) if line.strip() in (begin, end)]
    if [lines[place].strip() for place in places] != [begin, end]:
        raise GuardError(f"the skin has no lines `{begin}` and `{end}`")
    first, last = places
    indent = lines[first][: lines[first].index("#")]
    return "\n".join([*lines[: first + 1], *(f"{indent}{line}" if line else "" for line in between), *lines[last:]]) + "\n"
