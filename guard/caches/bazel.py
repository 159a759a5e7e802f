"""Bazel's user root: what it unpacked of itself (`install`), and the downloads of all its workspaces by their SHA-256."""

from __future__ import annotations

import getpass
import re
import shlex
import time
from pathlib import Path
from typing import Final

from guard.caches import places, said, shape
from guard.types import Diagnosis, Surroundings

NAME = "bazel"

_OPTION: Final = ("--output_user_root",)
_HASH: Final = r"[0-9a-f]{32}"
_FORM: Final = rf"install|{_HASH}"
_BESIDE: Final = r"cache|[\w.-]*lock[\w.-]*|\.\w+"
_DOWNLOADS: Final = Path("cache/repos/v1/content_addressable/sha256")
_LONGEST_S: Final = 10.0


def candidates(surroundings: Surroundings) -> tuple[Path, ...]:
    """`startup --output_user_root` of the workspace's or the user's .bazelrc, else Bazel's own place by the user's name."""
    for folder in dict.fromkeys((surroundings.cwd, surroundings.workspace, surroundings.home)):
        for line in places.read(Path(folder) / ".bazelrc").splitlines():
            words = _words(line)
            for value in places.option_values(words[1:], _OPTION) if words[:1] == ["startup"] else ():
                path = places.absolute(value, surroundings.cwd, surroundings.env, surroundings.home)
                if path is not None:
                    return (path,)
    name = f"_bazel_{surroundings.env.get('USER') or _user()}"
    if surroundings.system == "darwin":
        return (Path("/private/var/tmp") / name,)
    return (places.user_cache(surroundings) / "bazel" / name,)


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError:
        return []


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def looks_right(root: Path) -> bool:
    """`install` with folders by hash in it, folders of workspaces by hash, Bazel's own files, and nothing else."""
    return shape.only(root, _FORM, _BESIDE) and shape.only(root / "install", _HASH, r".*")


def damaged(root: Path, diagnosis: Diagnosis) -> tuple[Path, ...]:
    """The installation or the download that the lines name; else downloads whose content is not that of their name."""
    found: dict[Path, None] = {}
    for path in said.lost_below(root, diagnosis):
        parts = path.relative_to(root).parts
        entry = None
        if len(parts) >= 2 and parts[0] == "install" and re.fullmatch(_HASH, parts[1]):
            entry = root / "install" / parts[1]
        elif path.is_relative_to(root / _DOWNLOADS) and path != root / _DOWNLOADS:
            entry = root / _DOWNLOADS / path.relative_to(root / _DOWNLOADS).parts[0]
        if entry is not None and shape.is_folder(entry):
            found[entry] = None
    return tuple(found) or _belied(root)


def _belied(root: Path) -> tuple[Path, ...]:
    found = []
    until = time.monotonic() + _LONGEST_S
    for entry in shape.folders(root / _DOWNLOADS, "[0-9a-f]{64}"):
        file = entry / "file"
        if time.monotonic() > until:
            break
        if file.is_file() and not file.is_symlink() and shape.sha256(file) not in ("", entry.name):
            found.append(entry)
    return tuple(found)


def purgeable(root: Path) -> tuple[Path, ...]:
    """All downloads; never a workspace's outputs, nor the installation that a living server runs from."""
    return shape.folders(root / _DOWNLOADS, "[0-9a-f]{64}") if looks_right(root) else ()
