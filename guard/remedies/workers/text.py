"""Numbers of workers inside the text of a script: made smaller where they stand, digits by digits."""

from __future__ import annotations

import re
from pathlib import PurePath

from guard.remedies.workers.flags import PARALLEL

# A simple command, as far as that can be told without reading the shell's whole grammar: what it gets wrong stays as it is.
_COMMAND = re.compile(r"[^\n;&|()`]+")
_WORD = re.compile(r"\S+")
_NO_PROGRAM = frozenset({"echo", "printf", "cat", "grep", "sed", "awk", "export", "#"})
_WITHIN = 5
"""Words of a command among which its tool stands: `sudo -E env CI=1 make -j8`, `python3 -m pytest -n 8`."""


def lowered(script: str, most: int) -> str:
    """The script with each number of workers above `most`, given to a parallel tool by a flag of that tool, replaced by it."""
    return _COMMAND.sub(lambda command: _in_command(command[0], most), script)


def _in_command(text: str, most: int) -> str:
    words = list(_WORD.finditer(text))
    if not words or words[0][0] in _NO_PROGRAM or words[0][0].startswith("#"):
        return text
    at = next((word for word in words[:_WITHIN] if PurePath(word[0]).name in PARALLEL), None)
    if at is None:
        return text
    flags = PARALLEL[PurePath(at[0]).name].flags
    choice = "|".join(re.escape(flag) + (r"(?:[=:]|\s+|)" if len(flag) == 2 else r"(?:[=:]|\s+)") for flag in sorted(flags, key=len, reverse=True))
    numbers = re.compile(rf"(?P<before>\s(?:{choice}))(?P<number>\d{{1,3}})(?=[\s\"']|\Z)")

    def one(match: re.Match[str]) -> str:
        return match["before"] + str(most) if int(match["number"]) > most else match[0]

    return text[: at.end()] + numbers.sub(one, text[at.end() :])
