"""Python's compiled files that are cut off or damaged: the next attempt reads and writes them elsewhere, and so compiles anew."""

from __future__ import annotations

import re

from guard.caches import said
from guard.remedies import own_files
from guard.types import Change, Diagnosis, Outcome, Surroundings

_SAID = re.compile(r"marshal data too short|bad marshal data|EOFError: EOF read where (?:object|not) expected")
"""What `import` raises on them; it names neither the file nor its folder."""
_VARIABLE = "PYTHONPYCACHEPREFIX"
_NOTE = "Compiled files of Python for the attempts of one build; removed at its end.\n"


def elsewhere(remedy: str, diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | None:
    """A folder of ours as PYTHONPYCACHEPREFIX (since Python 3.8); None where that is not what failed, or was tried."""
    if not _SAID.search(said.text(diagnosis)) or own_files.given(outcome.command.env.get(_VARIABLE, "")):
        return None
    folder = own_files.folder(outcome.number, surroundings)
    if folder is None:
        return None
    return Change(
        remedy=remedy,
        summary="lets Python compile its modules anew, past the damaged files in __pycache__",
        env={_VARIABLE: str(folder)},
        actions=own_files.actions(folder, {"about.txt": _NOTE}),
        success_probability=0.75,
        cost_s=1.0,
        details={"cache": "python", "whole": False},
    )
