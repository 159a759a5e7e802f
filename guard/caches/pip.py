"""pip's cache: answers of indexes by the hash of their URL, and wheels that were built here."""

from __future__ import annotations

import hashlib
import re
import time
import zipfile
import zlib
from pathlib import Path

from guard.caches import places, said, shape
from guard.types import Diagnosis, Surroundings

NAME = "pip"

_URL = re.compile(r"https?://[^\s'\"<>()#]{4,2000}")
_FILE = re.compile(r"\b([A-Za-z0-9][\w.]*)-(\d[\w.!+]*?)(?:-[\w.]+-[\w.]+-[\w.]+\.whl|\.tar\.gz|\.zip)")
_GOT = re.compile(r"\bGot\s+([0-9a-f]{64})\b")
_LONGEST_S = 10.0
_NAME_BYTES = 1 << 16


def candidates(surroundings: Surroundings) -> tuple[Path, ...]:
    """`PIP_CACHE_DIR`, then `cache-dir` of pip's settings files, then the user's cache folder."""
    given = places.from_env(surroundings, "PIP_CACHE_DIR")
    if given:
        return given
    env = surroundings.env
    for file in settings_files(surroundings):
        value = places.key_value(places.read(file), "cache-dir")
        path = places.absolute(value, surroundings.cwd, env, surroundings.home) if value else None
        if path is not None:
            return (path,)
    return (places.user_cache(surroundings) / "pip",)


def settings_files(surroundings: Surroundings) -> tuple[Path, ...]:
    """Where pip looks for settings, the strongest first, whether they exist or not."""
    home, env = Path(surroundings.home), surroundings.env
    return (
        Path(env.get("PIP_CONFIG_FILE") or "/nonexistent"),
        Path(env.get("VIRTUAL_ENV") or "/nonexistent") / "pip.conf",
        Path(env.get("XDG_CONFIG_HOME") or home / ".config") / "pip/pip.conf",
        home / ".pip/pip.conf",
        Path("/etc/pip.conf"),
    )


def _answers(root: Path) -> tuple[Path, ...]:
    """The folders of cached answers: `http-v2` since pip 23.3, `http` before; five levels of one hex digit."""
    return tuple(root / name for name in ("http-v2", "http") if shape.only(root / name, "[0-9a-f]"))


def _built(root: Path) -> tuple[Path, ...]:
    return (root / "wheels",) if shape.only(root / "wheels", "[0-9a-f]{2}") else ()


def looks_right(root: Path) -> bool:
    """Cached answers or built wheels, in folders named by hex digits as pip names them."""
    return bool(_answers(root) or _built(root))


def damaged(root: Path, diagnosis: Diagnosis) -> tuple[Path, ...]:
    """What the lines name: the answer to a URL, the one whose hash pip "got", those with that project's files in them.

    Where they name nothing that is here (`Bad CRC-32 for file …`): the wheels that are broken in themselves.

    An answer's file does not say which URL it is of: its name is the URL's hash, and a wheel's own list of
    files names the project.
    """
    text = said.text(diagnosis)
    projects = _projects(text, diagnosis)
    urls = {hashlib.sha224(url.encode()).hexdigest() for url in _URL.findall(text)}
    got = set(_GOT.findall(text))
    found: dict[Path, None] = {}
    until = time.monotonic() + _LONGEST_S
    for folder in _answers(root):
        for file in shape.files_below(folder):
            if time.monotonic() > until:
                break
            key = file.name.removesuffix(".body")
            if key in urls or (file.name == key and folder.name == "http-v2"):
                if key in urls:
                    found[file] = None
                continue
            if shape.sha256(file) in got or any(_holds(file, *project) for project in projects):
                found[file] = None
                head = file.with_name(key)
                if head != file and head.is_file():
                    found[head] = None
    for folder in _built(root):
        for file in shape.files_below(folder):
            if file.name.endswith(".whl") and any(_named(file.name, *project) for project in projects):
                found[file.parent] = None
    for path in said.paths_below(root, diagnosis):
        if path.is_file() and any(folder in path.parents for folder in (*_answers(root), *_built(root))):
            found[path] = None
    return tuple(found) or _broken(root, until)


def _broken(root: Path, until: float) -> tuple[Path, ...]:
    """The wheels whose archive is cut or whose content is not what its own checksums say, with their head files."""
    found: dict[Path, None] = {}
    for folder in (*_answers(root), *_built(root)):
        for file in shape.files_below(folder):
            if time.monotonic() > until:
                return tuple(found)
            if _is_zip(file) and _cut_or_changed(file):
                found[file.parent if file.suffix == ".whl" else file] = None
                head = file.with_name(file.name.removesuffix(".body"))
                if head != file and head.is_file():
                    found[head] = None
    return tuple(found)


def _is_zip(file: Path) -> bool:
    """Whether it is an archive; in the older layout a head of some hundred bytes stands before it."""
    try:
        with file.open("rb") as content:
            return b"PK\x03\x04" in content.read(1 << 13)
    except OSError:
        return False


def _cut_or_changed(file: Path) -> bool:
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.testzip() is not None
    except OSError:
        return False
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError):
        return True


def _projects(text: str, diagnosis: Diagnosis) -> tuple[tuple[str, str], ...]:
    """(normalised name, version) of the projects that the files in the lines, or else the entity, name."""
    found = [(_normal(name), version) for name, version in _FILE.findall(text)]
    if not found or said.entity(diagnosis, "package"):
        found += [(_normal(name.split("[")[0]), version) for name, version in said.packages(diagnosis)]
    # What a line says besides the name of a file may be any word with a number after it.
    return tuple(dict.fromkeys(one for one in found if one[0]))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()


def _named(file: str, name: str, version: str) -> bool:
    own, _, rest = file.partition("-")
    return _normal(own) == name and (not version or rest.split("-")[0] == version)


def _holds(file: Path, name: str, version: str) -> bool:
    """Whether this answer is a file of that project: the names in an archive stand in it uncompressed."""
    try:
        with file.open("rb") as content:
            data = content.read(_NAME_BYTES)
            size = content.seek(0, 2)
            content.seek(max(size - _NAME_BYTES, 0))
            data += content.read()
    except OSError:
        return False
    if b"PK\x03\x04" not in data and b"PK\x01\x02" not in data and not data.startswith(b"\x1f\x8b"):
        return False
    exact = re.escape(version) if version else r"\d[\w.!+]*"
    spelled = re.escape(name).replace("_", "[-_.]+")
    return re.search(rf"(?i)\b{spelled}-{exact}(?:\.dist-info/|\.tar\b|/)".encode(), data) is not None


def purgeable(root: Path) -> tuple[Path, ...]:
    """Cached answers and built wheels, which pip fetches and builds again."""
    return (*_answers(root), *_built(root))


