"""How to tell that a folder has the form that a tool gives its cache, and a file its hash; reads only."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

_ENOUGH = 2000


def is_folder(path: Path) -> bool:
    """Whether it is a folder itself, not a link to one."""
    try:
        return path.is_dir() and not path.is_symlink()
    except OSError:
        return False


def names(path: Path) -> tuple[str, ...]:
    """The names in a folder, sorted, at most the first 2000 that the system lists; () for what cannot be read."""
    if not is_folder(path):
        return ()
    try:
        with os.scandir(path) as entries:
            return tuple(sorted(entry.name for entry in islice(entries, _ENOUGH)))
    except OSError:
        return ()


def only(path: Path, form: str, more: str = "") -> bool:
    """Whether it is a folder with something in it and every name in it has the form (or is one of `more`'s form)."""
    found = names(path)
    pattern, other = re.compile(form), re.compile(more or r"(?!)")
    return any(pattern.fullmatch(name) for name in found) and all(
        pattern.fullmatch(name) or other.fullmatch(name) for name in found
    )


def folders(path: Path, form: str = ".*") -> tuple[Path, ...]:
    """The folders in a folder whose names have the form, sorted; no links."""
    return tuple(path / name for name in names(path) if re.fullmatch(form, name) and is_folder(path / name))


def files_below(path: Path, most: int = 200_000) -> Iterator[Path]:
    """The regular files below a folder, links left out, at most `most`."""
    count = 0
    for folder, _, files in os.walk(path, followlinks=False):
        for name in files:
            file = Path(folder, name)
            if file.is_symlink():
                continue
            yield file
            count += 1
            if count >= most:
                return


def sha256(file: Path) -> str:
    """The SHA-256 of a file in hexadecimal; empty for what cannot be read."""
    digest = hashlib.sha256()
    try:
        with file.open("rb") as content:
            while piece := content.read(1 << 20):
                digest.update(piece)
    except OSError:
        return ""
    return digest.hexdigest()
