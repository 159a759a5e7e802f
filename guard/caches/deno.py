"""Deno's folder: npm packages by registry, name and version, remote modules, and what was compiled of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from guard.caches import places, said, shape
from guard.types import Diagnosis, Surroundings

NAME = "deno"

_PARTS: Final = ("npm", "remote", "deps", "gen", "jsr")
_FORM: Final = r"npm|remote|deps|gen|jsr|[a-z0-9_]+_cache_v\d+(?:-shm|-wal|-journal)?"
# Where a REPL and `localStorage` keep what nobody can fetch again.
_BESIDE: Final = r"location_data|deno_history\.txt|latest\.txt|registries|bin|dl|\.[\w.-]+|.*\.json|lsp|wasm|check_cache.*"
_VERSION: Final = re.compile(r"\d+\.\d+\.\d+[\w.+-]*")


def candidates(surroundings: Surroundings) -> tuple[Path, ...]:
    """DENO_DIR, else `deno` in the user's cache folder."""
    return places.from_env(surroundings, "DENO_DIR") or (places.user_cache(surroundings) / "deno",)


def looks_right(root: Path) -> bool:
    """Folders and databases named as Deno's, and nothing else."""
    return shape.only(root, _FORM, _BESIDE)


def damaged(root: Path, diagnosis: Diagnosis) -> tuple[Path, ...]:
    """The versions of npm packages that the lines name, by path or as name@version."""
    found: dict[Path, None] = {}
    for path in said.lost_below(root, diagnosis):
        entry = _entry(root, path)
        if entry is not None:
            found[entry] = None
    for name, version in said.packages(diagnosis):
        for host in shape.folders(root / "npm"):
            entry = _entry(root, host / name.removeprefix("npm:") / version) if version else None
            if entry is not None:
                found[entry] = None
    return tuple(found)


def _entry(root: Path, path: Path) -> Path | None:
    """The folder npm/HOST/[@SCOPE/]NAME/VERSION that holds a path; None where there is none."""
    if ".." in path.parts or not path.is_relative_to(root / "npm"):
        return None
    parts = path.relative_to(root / "npm").parts
    length = 4 if len(parts) > 1 and parts[1].startswith("@") else 3
    if len(parts) < length or not _VERSION.fullmatch(parts[length - 1]):
        return None
    entry = root.joinpath("npm", *parts[:length])
    return entry if shape.is_folder(entry) and entry.resolve() == entry else None


def purgeable(root: Path) -> tuple[Path, ...]:
    """All that was fetched or compiled."""
    return tuple(root / name for name in _PARTS if shape.is_folder(root / name)) if looks_right(root) else ()
