"""Coursier's cache (sbt, Mill, scala-cli): each file below scheme, host and path, with what was checked of it in hidden files beside it."""

from __future__ import annotations

import hashlib
import re
import shlex
import time
from pathlib import Path
from typing import Final

from guard.caches import places, said, shape
from guard.types import Diagnosis, Surroundings

NAME = "coursier"

_OPTION: Final = ("-Dcoursier.cache", "-Dsbt.coursier.home")
_FORM: Final = r"https?"
_BESIDE: Final = r"\.structure\.lock|\.tmp.*|[\w.-]+\.lock"
# Coursier's own sums, and that of the repository.
_COMPUTED: Final = re.compile(r"\.(?P<file>.+)__sha1\.computed")
_VARIABLES: Final = ("SBT_OPTS", "JAVA_OPTS", "JVM_OPTS", "JAVA_TOOL_OPTIONS")
_LONGEST_S: Final = 10.0


def candidates(surroundings: Surroundings) -> tuple[Path, ...]:
    """COURSIER_CACHE, `-Dcoursier.cache` of sbt's variables and .sbtopts, else coursier/v1 in the user's cache folder."""
    given = places.from_env(surroundings, "COURSIER_CACHE")
    if given:
        return given
    texts = [surroundings.env.get(name, "") for name in _VARIABLES]
    texts += [places.read(Path(surroundings.cwd) / name) for name in (".sbtopts", ".jvmopts")]
    for text in texts:
        for value in places.option_values(_words(text), _OPTION[:1]):
            path = places.absolute(value, surroundings.cwd, surroundings.env, surroundings.home)
            if path is not None:
                return (path,)
    user = places.user_cache(surroundings)
    return ((user / "Coursier/v1") if surroundings.system == "darwin" else (user / "coursier/v1"),)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text.replace("-J-D", "-D"))
    except ValueError:
        return text.split()


def looks_right(root: Path) -> bool:
    """Folders named by scheme with hosts in them, Coursier's own files, and nothing else."""
    return shape.only(root, _FORM, _BESIDE) and any(shape.folders(folder) for folder in shape.folders(root, _FORM))


def damaged(root: Path, diagnosis: Diagnosis) -> tuple[Path, ...]:
    """The folders of the versions whose files the lines name; else those with files that Coursier's own sum belies.

    The whole folder goes: beside a file stands the note that it was checked, which would be believed.
    """
    found: dict[Path, None] = {}
    for path in said.lost_below(root, diagnosis):
        folder = path if shape.is_folder(path) else path.parent
        if _is_version(root, folder):
            found[folder] = None
    return tuple(found) or _belied(root)


def _is_version(root: Path, folder: Path) -> bool:
    """scheme/host/…/artifact/version, with files of that artifact in it."""
    if ".." in folder.parts or not folder.is_relative_to(root) or len(folder.relative_to(root).parts) < 4:
        return False
    names = shape.names(folder)
    return folder.resolve() == folder and any(re.fullmatch(r".+\.(?:jar|pom|xml|module|zip)", name) for name in names)


def _belied(root: Path) -> tuple[Path, ...]:
    found: dict[Path, None] = {}
    until = time.monotonic() + _LONGEST_S
    for file in shape.files_below(root):
        if time.monotonic() > until:
            break
        match = _COMPUTED.fullmatch(file.name)
        own = file.parent / match["file"] if match else None
        if own is None or own.is_symlink() or not own.is_file():
            continue
        try:
            told = file.read_bytes()
            if len(told) == 20 and hashlib.sha1(own.read_bytes(), usedforsecurity=False).digest() != told and _is_version(root, file.parent):
                found[file.parent] = None
        except OSError:
            continue
    return tuple(found)


def purgeable(root: Path) -> tuple[Path, ...]:
    """All that was fetched."""
    return shape.folders(root, _FORM) if looks_right(root) else ()
