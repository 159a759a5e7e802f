"""What should not be there yet, or should be empty: left by an earlier run, or by an earlier attempt of this one."""

from __future__ import annotations

import os
import re
from pathlib import Path

from guard.caches import said, shape
from guard.remedies import processes
from guard.remedies.deleting import delete_tree
from guard.remedies.leftovers import born
from guard.remedies.leftovers.leftover import REMEDY
from guard.types import Action, Diagnosis, Outcome, Refusal, Surroundings

NAME = "directory_not_empty"

_PLACE = re.compile(
    r"(?i)destination path ['\"](?P<a>[^'\"\n]+)['\"] already exists and is not an empty directory"
    r"|(?:ENOTEMPTY|directory not empty)[^'\"\n]*['\"](?P<b>[^'\"\n]+)['\"]"
    r"|['\"](?P<c>[^'\"\n]+)['\"]:? directory not empty"
    r"|(?:^|\s)(?P<d>/[^\s'\":]+):? (?:is not empty|directory not empty)"
    r"|(?:cannot create (?:directory|symlink|link)|failed to create (?:symbolic|hard) link|mkdir:?[^'\"\n]*|ln:[^'\"\n]*) ['\"‘](?P<e>[^'\"’\n]+)['\"’]: File exists"
)


def find(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> tuple[Action, ...] | Refusal | None:
    """What this run's own earlier attempt made; else the folder's content where the settings allow to delete there, or the reason."""
    match = _PLACE.search(said.text(diagnosis))
    if match is None:
        return None
    named = next(group for group in match.groups() if group)
    given = Path(surroundings.cwd, named) if "\0" not in named else Path("/")
    made = Path(os.path.realpath(given.parent)) / given.name
    if not os.path.lexists(made):
        return None
    if surroundings.allow.delete is None:
        return Refusal(REMEDY, "a policy forbids all deletion")
    workspace = Path(os.path.realpath(surroundings.workspace))
    if workspace in made.parents and born.in_this_run(made, outcome) and not processes.working_in(made, "", unseen=False):
        return (Action("delete", str(made), {"leftover": NAME, "root": str(made.parent)}),)
    folder = Path(os.path.realpath(given))
    if not folder.is_dir():
        return None
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
