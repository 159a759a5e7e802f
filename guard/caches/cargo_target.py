"""What Cargo built: compiled crates below the project's target folder, each with the hash of its build in its name."""

from __future__ import annotations

import os
import re
from pathlib import Path

from guard.caches import places, said, shape
from guard.types import Diagnosis, Surroundings

NAME = "cargo_target"

# `libitoa-e70b9d8e738c9265.rmeta` in `deps`; `.fingerprint/itoa-e70b9d8e738c9265` says that it need not be built again.
_BUILT = re.compile(r"(?:lib)?(?P<crate>[\w-]+)-(?P<hash>[0-9a-f]{16})(?:\.\w+)*")


def candidates(surroundings: Surroundings) -> tuple[Path, ...]:
    """CARGO_TARGET_DIR, else `target` of the working directory or of a folder above it in the workspace."""
    given = places.from_env(surroundings, "CARGO_TARGET_DIR")
    if given:
        return given
    here, top = Path(surroundings.cwd).absolute(), Path(surroundings.workspace).absolute()
    above = [folder for folder in here.parents if folder == top or top in folder.parents]
    return tuple(folder / "target" for folder in (here, *above))


def looks_right(root: Path) -> bool:
    """Marked as a cache, and with what rustc told Cargo about itself."""
    return (root / "CACHEDIR.TAG").is_file() and (root / ".rustc_info.json").is_file()


def damaged(root: Path, diagnosis: Diagnosis) -> tuple[Path, ...]:
    """Of each compiled crate that the lines name by path: all its files in `deps`, and the note that it is built."""
    found: dict[Path, None] = {}
    for path in said.lost_below(root, diagnosis):
        match = _BUILT.fullmatch(path.name)
        if path.parent.name != "deps" or match is None:
            continue
        for name in shape.names(path.parent):
            if match["hash"] in name and not (path.parent / name).is_symlink():
                found[path.parent / name] = None
        note = path.parents[1] / ".fingerprint" / f"{match['crate']}-{match['hash']}"
        if os.path.lexists(note) and shape.is_folder(note):
            found[note] = None
    return tuple(found)


def purgeable(root: Path) -> tuple[Path, ...]:
    """Nothing: what an earlier step built may be wanted by a later one."""
    del root
    return ()
