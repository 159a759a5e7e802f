"""uv's cache: buckets with a version in their name; wheels are links to unpacked archives."""

from __future__ import annotations

import re
from pathlib import Path

from guard.caches import places, said, shape
from guard.types import Diagnosis, Surroundings

NAME = "uv"

_BUCKET = r"(?:archive|builds|environments|flat-index|git|interpreter|sdists|simple|wheels|python|binaries)-v\d+"
_FILE = re.compile(r"\b([A-Za-z0-9][\w.]*)-(\d[\w.!+]*?)(?:-[\w.]+-[\w.]+-[\w.]+\.whl|\.tar\.gz|\.zip)")


def candidates(surroundings: Surroundings) -> tuple[Path, ...]:
    """UV_CACHE_DIR, `cache-dir` of uv.toml and of pyproject.toml's [tool.uv], else `uv` in the user's cache folder."""
    given = places.from_env(surroundings, "UV_CACHE_DIR")
    if given:
        return given
    config = Path(surroundings.env.get("XDG_CONFIG_HOME") or Path(surroundings.home) / ".config")
    workspace = Path(surroundings.workspace)
    for file, section in ((workspace / "uv.toml", None), (workspace / "pyproject.toml", "tool.uv"), (config / "uv/uv.toml", None)):
        value = places.key_value(places.read(file), "cache-dir", section)
        path = places.absolute(value, surroundings.cwd, surroundings.env, surroundings.home) if value else None
        if path is not None:
            return (path,)
    # uv keeps to XDG on macOS too.
    given_xdg = surroundings.env.get("XDG_CACHE_HOME", "")
    return ((Path(given_xdg) if given_xdg.startswith("/") else Path(surroundings.home) / ".cache") / "uv",)


def looks_right(root: Path) -> bool:
    """The tag that marks a cache, and at least one of uv's buckets."""
    return (root / "CACHEDIR.TAG").is_file() and bool(shape.folders(root, _BUCKET))


def damaged(root: Path, diagnosis: Diagnosis) -> tuple[Path, ...]:
    """The folders of the packages that the lines name in every bucket, the archives they lead to, and archives by path."""
    text = said.text(diagnosis)
    names = {_normal(name) for name, _ in _FILE.findall(text)}
    if not names or said.entity(diagnosis, "package"):
        names |= {_normal(name.split("[")[0]) for name, _ in said.packages(diagnosis)}
    found: dict[Path, None] = {}
    for bucket in shape.folders(root, r"(?:wheels|sdists|simple)-v\d+"):
        for entry in _of_packages(bucket, names):
            for archive in _archives(root, entry):
                found[archive] = None
            found[entry] = None
    for path in said.lost_below(root, diagnosis):
        parts = path.relative_to(root).parts
        if len(parts) >= 2 and re.fullmatch(r"(?:archive|builds|git)-v\d+", parts[0]) and (root / parts[0] / parts[1]).exists():
            found[root / parts[0] / parts[1]] = None
    return tuple(found)


def _of_packages(bucket: Path, names: set[str], depth: int = 3) -> list[Path]:
    """Folders and files named for a package, at most three levels down (registry, index hash, package)."""
    found = []
    for name in shape.names(bucket):
        path = bucket / name
        stem = re.sub(r"\.(?:rkyv|lock)$", "", name)
        if _normal(stem) in names:
            found.append(path)
        elif depth > 1 and shape.is_folder(path):
            found += _of_packages(path, names, depth - 1)
    return found


def _archives(root: Path, entry: Path) -> list[Path]:
    """What links in a package's folder point to, where that lies in one of this cache's archive buckets."""
    found = []
    for path in entry.rglob("*") if shape.is_folder(entry) else ():
        if path.is_symlink():
            target = path.resolve()
            if target.is_relative_to(root) and re.fullmatch(r"archive-v\d+", target.relative_to(root).parts[0] or ""):
                found.append(target)
    return found


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def purgeable(root: Path) -> tuple[Path, ...]:
    """All buckets; interpreters that uv installed lie elsewhere."""
    return shape.folders(root, _BUCKET) if looks_right(root) else ()
