"""Poetry's cache: the archives it installs from, by the hash of their URL, and the answers of indexes."""

from __future__ import annotations

import re
import time
from pathlib import Path

from guard.caches import places, said, shape
from guard.types import Diagnosis, Surroundings

NAME = "poetry"

_FILE = re.compile(r"\b([A-Za-z0-9][\w.]*)-(\d[\w.!+]*?)(?:-[\w.]+-[\w.]+-[\w.]+\.whl|\.tar\.gz|\.zip)")
_WAS = re.compile(r"\bsha256:([0-9a-f]{64})\b")
_LONGEST_S = 10.0


def candidates(surroundings: Surroundings) -> tuple[Path, ...]:
    """POETRY_CACHE_DIR, `cache-dir` of poetry.toml and of the user's config.toml, else `pypoetry` in the user's cache folder."""
    given = places.from_env(surroundings, "POETRY_CACHE_DIR")
    if given:
        return given
    env, home = surroundings.env, Path(surroundings.home)
    own = home / "Library/Application Support" if surroundings.system == "darwin" else home / ".config"
    config = Path(env.get("POETRY_CONFIG_DIR") or Path(env.get("XDG_CONFIG_HOME") or own) / "pypoetry")
    for file in (Path(surroundings.cwd) / "poetry.toml", Path(surroundings.workspace) / "poetry.toml", config / "config.toml"):
        value = places.key_value(places.read(file), "cache-dir")
        path = places.absolute(value, surroundings.cwd, env, surroundings.home) if value else None
        if path is not None:
            return (path,)
    return (places.user_cache(surroundings) / "pypoetry",)


def looks_right(root: Path) -> bool:
    """Archives in folders of two hex digits, or answers of repositories."""
    return shape.only(root / "artifacts", "[0-9a-f]{2}") or shape.is_folder(root / "cache/repositories")


def damaged(root: Path, diagnosis: Diagnosis) -> tuple[Path, ...]:
    """The archives of the packages that the lines name, and the kept answers with the hash that Poetry got.

    Poetry checks an archive against the lock file each time; the answer that it came from may be damaged alike.
    """
    text = said.text(diagnosis)
    files = {match.group() for match in _FILE.finditer(text)}
    package = said.entity(diagnosis, "package")
    projects = {_normal(package)} if package and not files else set()
    got = set(_WAS.findall(text))
    found: dict[Path, None] = {}
    for file in shape.files_below(root / "artifacts") if shape.is_folder(root / "artifacts") else ():
        match = _FILE.fullmatch(file.name)
        if file.name in files or (match is not None and _normal(match.group(1)) in projects):
            found[file] = None
    until = time.monotonic() + _LONGEST_S
    for repository in shape.folders(root / "cache/repositories") if got else ():
        for file in shape.files_below(repository / "_http_") if shape.is_folder(repository / "_http_") else ():
            if time.monotonic() > until:
                break
            if file.suffix == ".body" and shape.sha256(file) in got:
                head = file.with_suffix("")
                found |= {path: None for path in (file, head) if path.is_file()}
    return tuple(found)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def purgeable(root: Path) -> tuple[Path, ...]:
    """Archives and answers; `virtualenvs` in the same folder is where the user works, and stays."""
    return tuple(path for path in (root / "artifacts", root / "cache") if shape.is_folder(path)) if looks_right(root) else ()
