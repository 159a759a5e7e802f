"""A CMake build tree that was configured from another source folder, at another place or with another generator."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from guard.caches import said
from guard.caches.places import read
from guard.remedies.deleting import delete_tree
from guard.remedies.leftovers.leftover import REMEDY
from guard.remedies.tools_in_play import files_text, script_text
from guard.types import Action, Diagnosis, Outcome, Refusal, Surroundings

NAME = "build_tree"

_STALE = re.compile(
    r"CMakeCache\.txt directory \S|does not match the source \S.{0,1000}used to generate cache"
    r"|Does not match the generator used previously|remove the CMakeCache\.txt file"
    r"|CMakeCache\.txt is different than the directory"
)
_FOLDER = re.compile(r"(/[^\s'\"]+?)/CMakeCache\.txt")
_GENERATOR = re.compile(r"Does not match the generator used previously: (\S.*?)\s*$", re.MULTILINE)
_MOST_WORDS, _LONGEST_WORD = 5_000, 500
_OPTION = re.compile(r"^-B(.*)$")
# What CMake itself wrote and writes again; the rest of the tree stays.
_PARTS = ("CMakeCache.txt", "CMakeFiles")
_HEADER = b"# This is the CMakeCache file."


def find(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> tuple[Action, ...] | Refusal | None:
    """CMake's own files in that tree: where the settings allow to delete there, or where they are plainly a cache of this workspace."""
    if not _STALE.search(said.text(diagnosis)):
        return None
    for folder in _trees(diagnosis, outcome, surroundings):
        present = [folder / name for name in _PARTS if os.path.lexists(folder / name)]
        if not present:
            continue
        if surroundings.allow.delete is None:
            return Refusal(REMEDY, "a policy forbids all deletion")
        root = next((Path(place) for place in surroundings.allow.delete if _holds(Path(place), folder)), None)
        if root is None and "caches" in surroundings.allow.reclaim and _is_cache(folder, surroundings):
            root = folder
        if root is None:
            return Refusal(REMEDY, f"the stale build tree {folder} may not be deleted (`allow: {{delete: [...]}}` names folders)")
        return tuple(Action("delete", str(part), {"leftover": NAME, "root": str(root)}) for part in present)
    return None


def _holds(root: Path, folder: Path) -> bool:
    return folder == root or root in folder.parents


def _is_cache(folder: Path, surroundings: Surroundings) -> bool:
    """Whether CMake itself wrote these files, below the workspace: it says so in the first line and marks its folder."""
    workspace = Path(os.path.realpath(surroundings.workspace))
    parts = [folder / name for name in _PARTS]
    if (workspace != folder and workspace not in folder.parents) or any(part.is_symlink() for part in parts):
        return False
    try:
        with parts[0].open("rb") as file:
            first = file.readline(200)
    except OSError:
        return False
    marked = (parts[1] / "cmake.check_cache").is_file() or not os.path.lexists(parts[1])
    return first.startswith(_HEADER) and marked


def _trees(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Iterator[Path]:
    """The trees that may be meant, resolved: by the lines, by the words of the command and its files, `build` and the working directory."""
    text = said.text(diagnosis)
    places = _FOLDER.findall(text)
    words = " ".join((*outcome.command.argv, script_text(outcome.command), files_text(outcome.command))).split()[:_MOST_WORDS]
    for word, after in zip(words, [*words[1:], ""], strict=True):
        match = _OPTION.match(word)
        if match:
            places.append(match.group(1) or after)
    places += ["build", ".", *(word for word in words if "\0" not in word and len(word) < _LONGEST_WORD)]
    before = _GENERATOR.search(text)
    for place in dict.fromkeys(place.strip("'\";&|()") for place in places):
        folder = Path(os.path.realpath(Path(surroundings.cwd) / place))
        cache = folder / "CMakeCache.txt"
        # Lines about a generator name no tree: then the one whose generator it was.
        if cache.is_file() and (before is None or f"CMAKE_GENERATOR:INTERNAL={before[1]}" in read(cache).splitlines()):
            yield folder


def act(action: Action, surroundings: Surroundings) -> str:
    """Delete it below the allowed folder, no link followed."""
    del surroundings
    delete_tree(Path(action.data["root"]), Path(action.target))
    return f"deleted {action.target}"
