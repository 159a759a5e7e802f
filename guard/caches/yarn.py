"""Yarn 1's cache: a folder for each package and version, named by both and by its hash."""

from __future__ import annotations

import re
from pathlib import Path

from guard.caches import places, said, shape
from guard.types import Diagnosis, Surroundings

NAME = "yarn"

_STORE = r"v\d+"
_ENTRY = r"npm-.+-\d+\.\d+\.\d+.*"
_TARBALL = re.compile(r"/((?:@[\w.-]+/)?[\w.-]+)/-/[\w.-]*?-(\d+\.\d+\.\d+[\w.+-]*?)\.tgz")


def candidates(surroundings: Surroundings) -> tuple[Path, ...]:
    """YARN_CACHE_FOLDER, `cache-folder` of .yarnrc, else `yarn` in the user's cache folder."""
    given = places.from_env(surroundings, "YARN_CACHE_FOLDER", "npm_config_yarn_cache_folder")
    if given:
        return given
    for folder in dict.fromkeys((surroundings.cwd, surroundings.workspace, surroundings.home)):
        value = places.key_value(places.read(Path(folder) / ".yarnrc"), "cache-folder")
        path = places.absolute(value, folder, surroundings.env, surroundings.home) if value else None
        if path is not None:
            return (path,)
    name = "Yarn" if surroundings.system == "darwin" else "yarn"
    return (places.user_cache(surroundings) / name, Path("/usr/local/share/.cache/yarn"))


def _stores(root: Path) -> tuple[Path, ...]:
    return tuple(store for store in shape.folders(root, _STORE) if shape.only(store, _ENTRY, r"\.tmp|\.roadrunner.*|\w+-.+"))


def looks_right(root: Path) -> bool:
    """A folder `v6` (or of another version) with entries `npm-<name>-<version>-<hash>`."""
    return bool(_stores(root))


def damaged(root: Path, diagnosis: Diagnosis) -> tuple[Path, ...]:
    """The entries of the packages that the lines name (by name and version, tarball or path)."""
    text = said.text(diagnosis)
    wanted = [*_TARBALL.findall(text), *said.packages(diagnosis)]
    found: dict[Path, None] = {}
    for store in _stores(root):
        for folder in shape.folders(store, "npm-.*"):
            if any(_is_of(folder.name, name, version) for name, version in wanted):
                found[folder] = None
        for path in said.lost_below(store, diagnosis):
            entry = store / path.relative_to(store).parts[0]
            if shape.is_folder(entry) and entry.name.startswith("npm-"):
                found[entry] = None
    return tuple(found)


def _is_of(folder: str, name: str, version: str) -> bool:
    """`npm-@scope-name-1.0.0-<hash>-integrity`: a slash of the name is a dash."""
    exact = re.escape(version) if version else r"\d+\.\d+\.\d+[^-]*"
    return re.fullmatch(rf"npm-{re.escape(name.replace('/', '-'))}-{exact}(?:-[0-9a-f]+)?(?:-integrity)?", folder) is not None


def purgeable(root: Path) -> tuple[Path, ...]:
    """The versioned stores whole."""
    return _stores(root)
