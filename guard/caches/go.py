"""Go's module cache: downloads by escaped module path and version, and their unpacked read-only trees."""

from __future__ import annotations

import re
from pathlib import Path

from guard.caches import places, said, shape
from guard.types import Diagnosis, Surroundings

NAME = "go"

_AT = re.compile(r"([A-Za-z0-9][\w.!~/-]*\.[\w.!~/-]+?)@(v\d[\w.+!-]*)")
_DOWNLOAD = re.compile(r"cache/download/([\w.!~/-]+?)/@v/(v\d[\w.+!-]*?)\.(?:zip|mod|info|ziphash|lock|partial|tmp)")
_WORDS = re.compile(r"([A-Za-z0-9][\w.~-]*\.[a-z][\w.~/-]*) (v\d[\w.+-]*)")
_SUFFIXES = ("zip", "ziphash", "mod", "info", "lock", "partial", "tmp")


def candidates(surroundings: Surroundings) -> tuple[Path, ...]:
    """GOMODCACHE, of the environment or of `go env -w`, else pkg/mod of the first GOPATH, else ~/go/pkg/mod."""
    home = Path(surroundings.home)
    written = places.read(Path(surroundings.env.get("GOENV") or home / ".config/go/env"))
    given = surroundings.env.get("GOMODCACHE") or places.key_value(written, "GOMODCACHE")
    if not given:
        first = (surroundings.env.get("GOPATH") or places.key_value(written, "GOPATH") or str(home / "go")).split(":")[0]
        given = f"{first}/pkg/mod"
    path = places.absolute(given, surroundings.cwd, surroundings.env, surroundings.home)
    return (path,) if path is not None else ()


def looks_right(root: Path) -> bool:
    """`cache/download` with at least one module's `@v` in it."""
    downloads = root / "cache/download"
    return shape.is_folder(downloads) and any("@v" in file.parts for file in shape.files_below(downloads, 500))


def damaged(root: Path, diagnosis: Diagnosis) -> tuple[Path, ...]:
    """Downloads and unpacked tree of each module@version that the lines name and that is here."""
    text = said.text(diagnosis)
    found: dict[Path, None] = {}
    versions = [*_DOWNLOAD.findall(text), *_AT.findall(text), *_WORDS.findall(text)]
    package, version = said.entity(diagnosis, "package"), said.entity(diagnosis, "version")
    if package and re.fullmatch(r"v\d[\w.+-]*", version):
        versions.append((package, version))
    for module, number in dict.fromkeys(versions):
        for path in (module, _escaped(module)):
            for entry in _entries(root, path, number.rstrip(".")):
                found[entry] = None
    return tuple(found)


def _escaped(module: str) -> str:
    """Go writes an upper-case letter as `!` and the lower-case one, for file systems that know no case."""
    return re.sub(r"[A-Z]", lambda match: "!" + match.group().lower(), module)


def _entries(root: Path, module: str, version: str) -> list[Path]:
    """Files of this version below cache/download, and its unpacked tree; a path cut from a longer one is tried from each part."""
    parts = [part for part in module.split("/") if part]
    if any(part in (".", "..") for part in parts):
        return []
    for begin in range(len(parts)):
        tail = "/".join(parts[begin:])
        folder = root / "cache/download" / tail / "@v"
        found = [folder / f"{_escaped(version)}.{suffix}" for suffix in _SUFFIXES]
        found.append(root / f"{tail}@{_escaped(version)}")
        found = [path for path in found if path.exists() and not path.is_symlink()]
        if found and all(root in path.resolve().parents for path in found):
            return found
    return []


def purgeable(root: Path) -> tuple[Path, ...]:
    """`cache`, and the trees unpacked from its downloads: those whose first name stands there too."""
    if not looks_right(root):
        return ()
    known = set(shape.names(root / "cache/download"))
    trees = (path for path in shape.folders(root) if path.name.partition("@")[0] in known)
    return (root / "cache", *trees)
