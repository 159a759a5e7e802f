"""Cargo's cache: downloaded crates, their unpacked sources, the index and git checkouts, all below CARGO_HOME."""

from __future__ import annotations

import re
from pathlib import Path

from guard.caches import places, said, shape
from guard.types import Diagnosis, Surroundings

NAME = "cargo"

_INDEX = r"[\w.-]+-[0-9a-f]{16}"
# `itoa v1.0.9` in backquotes is how Cargo names a package id; `itoa-1.0.9` is its file and folder.
_PACKAGE = re.compile(r"\b([A-Za-z][\w-]{0,63}) v(\d+\.\d+\.\d+[\w.+-]*)")
_FILE = re.compile(r"\b([A-Za-z][\w-]{0,63}?)-(\d+\.\d+\.\d+[\w.+-]*?)(?=\.crate\b|/)")


def candidates(surroundings: Surroundings) -> tuple[Path, ...]:
    """CARGO_HOME, else ~/.cargo."""
    given = places.from_env(surroundings, "CARGO_HOME")
    return given or ((Path(surroundings.home) / ".cargo",) if surroundings.home else ())


def _parts(root: Path) -> tuple[Path, ...]:
    """The folders that Cargo fills from elsewhere; `bin`, `credentials.toml` and `config.toml` are not of them."""
    registry = [root / "registry" / kind for kind in ("cache", "src", "index")]
    git = [root / "git" / kind for kind in ("db", "checkouts")]
    lock = r"\.cargo-lock.*|CACHEDIR\.TAG"
    return (
        *(path for path in registry if shape.only(path, _INDEX, lock)),
        *(path for path in git if shape.only(path, r"[\w.-]+-[0-9a-f]{7,16}", lock)),
    )


def looks_right(root: Path) -> bool:
    """A registry or git folder whose names carry the hash that Cargo gives each source."""
    return bool(_parts(root))


def damaged(root: Path, diagnosis: Diagnosis) -> tuple[Path, ...]:
    """The crate file and the unpacked source of each package that the lines name; a damaged index or git copy by path."""
    text = said.text(diagnosis)
    package = said.entity(diagnosis, "package")
    wanted = {f"{name}-{version}" for name, version in _PACKAGE.findall(text)}
    wanted |= {f"{name}-{version}" for name, version in _FILE.findall(text)}
    if package:
        wanted |= {f"{name}-{version}" for name, version in said.packages(diagnosis) if version}
    found: dict[Path, None] = {}
    for source in shape.folders(root / "registry/cache", _INDEX):
        for name in sorted(wanted):
            if (source / f"{name}.crate").is_file():
                found[source / f"{name}.crate"] = None
    for source in shape.folders(root / "registry/src", _INDEX):
        for name in sorted(wanted):
            if shape.is_folder(source / name):
                found[source / name] = None
    for path in said.lost_below(root, diagnosis):
        for part in _parts(root):
            if part in path.parents and part.name in ("index", "db", "checkouts"):
                entry = part / path.relative_to(part).parts[0]
                if shape.is_folder(entry):
                    found[entry] = None
    return tuple(found)


def purgeable(root: Path) -> tuple[Path, ...]:
    """Crates, sources, index and git copies; never what `cargo install` put in `bin`, nor credentials."""
    return _parts(root)
