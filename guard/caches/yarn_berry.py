"""Yarn 2 and later in a project of its own: one zip for each package, named by name, version and hash."""

from __future__ import annotations

import re
from pathlib import Path

from guard.caches import places, said, shape
from guard.types import Diagnosis, Surroundings

NAME = "yarn_berry"

_ZIP = r".+-[0-9a-f]{10}(?:-[0-9a-f]{1,12})?\.zip"
_BESIDE = r"\.gitignore|.+\.flock|.+\.tmp|.+-[0-9a-f]{10}.*"
_LINE = re.compile(r"((?:@[\w.-]+/)?[A-Za-z0-9_][\w.-]*)@(?:npm:|virtual:[0-9a-f]+#npm:)(\d[\w.+-]*)")


def candidates(surroundings: Surroundings) -> tuple[Path, ...]:
    """YARN_CACHE_FOLDER, `cacheFolder` of .yarnrc.yml, else the project's .yarn/cache; only where git does not hold it."""
    given = places.from_env(surroundings, "YARN_CACHE_FOLDER")
    if given:
        return given
    settings = places.read(Path(surroundings.workspace) / ".yarnrc.yml")
    value = places.key_value(settings, "cacheFolder")
    own = (
        places.absolute(value, surroundings.workspace, surroundings.env, surroundings.home)
        if value
        else Path(surroundings.workspace) / ".yarn/cache"
    )
    return () if own is None or _in_git(Path(surroundings.workspace), own) else (own,)


def _in_git(workspace: Path, folder: Path) -> bool:
    """Whether the index of the repository holds files of this folder, which then are sources, not a cache.

    Paths stand in the index as they are (git's index-format, versions 2 and 3); where it cannot be told: yes.
    """
    try:
        relative = folder.resolve().relative_to(workspace.resolve()).as_posix()
    except ValueError:
        return False
    index = workspace / ".git/index"
    if not index.exists():
        return False
    try:
        content = index.read_bytes()
    except OSError:
        return True
    return content[4:8] not in (b"\0\0\0\2", b"\0\0\0\3") or f"{relative}/".encode() in content


def looks_right(root: Path) -> bool:
    """Zips named `<name>-npm-<version>-<hash>-<checksum>.zip`, and nothing else."""
    return shape.only(root, _ZIP, _BESIDE)


def damaged(root: Path, diagnosis: Diagnosis) -> tuple[Path, ...]:
    """The zips of the packages that the lines name."""
    wanted = [*_LINE.findall(said.text(diagnosis)), *said.packages(diagnosis)]
    found = [
        root / file
        for file in shape.names(root)
        if file.endswith(".zip") and any(_is_of(file, name, version) for name, version in wanted)
    ]
    found += [path for path in said.paths_below(root, diagnosis) if path.parent == root and path.suffix == ".zip"]
    return tuple(dict.fromkeys(found))


def _is_of(file: str, name: str, version: str) -> bool:
    exact = re.escape(version) if version else r"\d[\w.+-]*?"
    slug = re.escape(name.replace("/", "-"))
    return re.fullmatch(rf"{slug}-(?:npm|patch|https|virtual)-{exact}-[0-9a-f]{{10}}(?:-\w+)?\.zip", file) is not None


def purgeable(root: Path) -> tuple[Path, ...]:
    """All zips."""
    return tuple(root / name for name in shape.names(root) if re.fullmatch(_ZIP, name)) if looks_right(root) else ()
