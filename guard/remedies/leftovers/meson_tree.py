"""A build tree whose record of its configuration Meson cannot read: cut off by a killed run, or of another version."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from guard.caches import said
from guard.remedies.deleting import delete_tree
from guard.remedies.leftovers.leftover import REMEDY
from guard.types import Action, Diagnosis, Outcome, Refusal, Surroundings

NAME = "meson_tree"

# mesonlib.MesonException of coredata.py and build.py (pickle_load).
_SAID: Final = re.compile(
    r"(?:Coredata|Build data|Environment data) file ['\"]?(/[^'\"\n]+?/meson-private/[\w.-]+\.dat)['\"]? (?:is corrupted|references functions or classes|was created with)"
)
# What Meson wrote of the configuration; `meson setup` writes it again, and `meson compile` alone says that it is not there.
_PARTS: Final = ("coredata.dat", "build.dat")


def find(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> tuple[Action, ...] | Refusal | None:
    """The records in the tree that Meson names, where the command itself configures it anew; else the reason."""
    match = _SAID.search(said.text(diagnosis))
    if match is None:
        return None
    record = Path(os.path.realpath(match.group(1)))
    folder, tree = record.parent, record.parents[1]
    present = [folder / name for name in _PARTS if (folder / name).is_file() and not (folder / name).is_symlink()]
    if folder.name != "meson-private" or not present:
        return None
    if surroundings.allow.delete is None:
        return Refusal(REMEDY, "a policy forbids all deletion")
    command = " ".join((*outcome.command.argv, outcome.command.script or ""))
    if not re.search(r"\bmeson\b.*\bsetup\b|\bmeson(?:\.py)? +(?!compile|test|install|introspect|configure|dist)[\w./-]+", command):
        return Refusal(REMEDY, f"the build tree {tree} is damaged, and the command has no `meson setup` that would make it anew")
    root = next((Path(place) for place in surroundings.allow.delete if Path(place) in (tree, *tree.parents)), None)
    workspace = Path(os.path.realpath(surroundings.workspace))
    own = workspace in tree.parents and (tree / "meson-info").is_dir() and "caches" in surroundings.allow.reclaim
    if root is None and not own:
        return Refusal(REMEDY, f"the damaged build tree {tree} may not be touched (`allow: {{delete: [...]}}` names folders)")
    return tuple(Action("delete", str(part), {"leftover": NAME, "root": str(root or tree)}) for part in present)


def act(action: Action, surroundings: Surroundings) -> str:
    """Delete it below the tree, no link followed."""
    del surroundings
    delete_tree(Path(action.data["root"]), Path(action.target))
    return f"deleted {action.target}"
