"""Go's build cache: results of compiling and testing, in 256 folders named by two hex digits."""

from __future__ import annotations

import re
from pathlib import Path

from guard.caches import places, said, shape
from guard.types import Diagnosis, Surroundings

NAME = "go_build"

_ENTRY = re.compile(r"\b([0-9a-f]{2})/([0-9a-f]{64}-[ad])\b")


def candidates(surroundings: Surroundings) -> tuple[Path, ...]:
    """GOCACHE, of the environment or of `go env -w`, else go-build in the user's cache folder."""
    written = places.read(Path(surroundings.env.get("GOENV") or Path(surroundings.home) / ".config/go/env"))
    given = surroundings.env.get("GOCACHE") or places.key_value(written, "GOCACHE")
    if given == "off":
        return ()
    path = places.absolute(given, surroundings.cwd, surroundings.env, surroundings.home) if given else None
    return (path,) if path is not None else (places.user_cache(surroundings) / "go-build",)


def looks_right(root: Path) -> bool:
    """Folders of two hex digits, `trim.txt`, `README` and the like, and nothing else."""
    return shape.only(root, "[0-9a-f]{2}", r"README|trim\.txt|testexpire\.txt|log\.txt|fuzz")


def damaged(root: Path, diagnosis: Diagnosis) -> tuple[Path, ...]:
    """The entries whose file names the lines carry."""
    found = [root / folder / name for folder, name in _ENTRY.findall(said.text(diagnosis))]
    return tuple(path for path in dict.fromkeys(found) if path.is_file() and not path.is_symlink())


def purgeable(root: Path) -> tuple[Path, ...]:
    """All entries; corpora of fuzzing (`fuzz`) stay, they cannot be made again."""
    return shape.folders(root, "[0-9a-f]{2}") if looks_right(root) else ()
