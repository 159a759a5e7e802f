"""A folder that should not be there yet, or should be empty: left by an earlier run."""

from __future__ import annotations

import os
import re
from pathlib import Path

from guard.caches import said, shape
from guard.remedies.deleting import delete_tree
from guard.remedies.leftovers.leftover import REMEDY
from guard.types import Action, Diagnosis, Outcome, Refusal, Surroundings

NAME = "directory_not_empty"

_PLACE = re.compile(
    r"(?i)destination path ['\"](?P<a>[^'\"\n]+)['\"] already exists and is not an empty directory"
    r"|(?:ENOTEMPTY|directory not empty)[^'\"\n]*['\"](?P<b>[^'\"\n]+)['\"]"
    r"|['\"](?P<c>[^'\"\n]+)['\"]:? directory not empty"
    r"|(?:^|\s)(?P<d>/[^\s'\":]+):? (?:is not empty|directory not empty)"
    r"|(?:cannot create directory|mkdir:?[^'\"\n]*) ['\"‘](?P<e>[^'\"’\n]+)['\"’]: File exists"
)


def find(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> tuple[Action, ...] | Refusal | None:
    """The folder's content where the settings allow to delete there, else the reason."""
    del outcome
    match = _PLACE.search(said.text(diagnosis))
    if match is None:
        return None
    named = next(group for group in match.groups() if group)
    folder = Path(os.path.realpath(Path(surroundings.cwd) / named)) if "\0" not in named else Path("/")
    if not folder.is_dir():
        return None
    if surroundings.allow.delete is None:
        return Refusal(REMEDY, "a policy forbids all deletion")
    for place in surroundings.allow.delete:
        root = Path(place)
        # The folder itself when it lies below an allowed one; of the allowed one, what is in it.
        if root in folder.parents:
            return (Action("delete", str(folder), {"leftover": NAME, "root": str(root)}),)
        if root == folder:
            inside = tuple(Action("delete", str(folder / name), {"leftover": NAME, "root": str(root)}) for name in shape.names(folder))
            return inside or None
    return Refusal(REMEDY, f"{folder} is left from an earlier run and may not be deleted (`allow: {{delete: [...]}}` names folders)")


def act(action: Action, surroundings: Surroundings) -> str:
    """Delete it below the allowed folder, no link followed."""
    del surroundings
    freed = delete_tree(Path(action.data["root"]), Path(action.target))
    return f"deleted {action.target} ({freed} bytes)"
