"""npm's cache (`cacache`): contents addressed by their hash, and an index of keys (URL, name and version) to them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from guard.caches import places, said, shape
from guard.types import Diagnosis, Surroundings

NAME = "npm"

_INTEGRITY = re.compile(r"\b(sha(?:1|256|384|512))-([A-Za-z0-9+/]{27,88}={0,2})")
_CONTENT = re.compile(r"content-v2/(sha\d+)/([0-9a-f]{2})/([0-9a-f]{2})/([0-9a-f]{10,})")
_LONGEST_CHECK_S = 10.0


def candidates(surroundings: Surroundings) -> tuple[Path, ...]:
    """`npm_config_cache`, then `cache` of the project's and the user's .npmrc, then ~/.npm (npm's own order)."""
    for variable, value in surroundings.env.items():
        if variable.lower() == "npm_config_cache" and value:
            path = places.absolute(value, surroundings.cwd, surroundings.env, surroundings.home)
            return (path,) if path is not None else ()
    user = surroundings.env.get("NPM_CONFIG_USERCONFIG") or str(Path(surroundings.home) / ".npmrc")
    for file in (Path(surroundings.cwd) / ".npmrc", Path(surroundings.workspace) / ".npmrc", Path(user)):
        value = places.key_value(places.read(file), "cache")
        path = places.absolute(value, surroundings.cwd, surroundings.env, surroundings.home) if value else None
        if path is not None:
            return (path,)
    return (Path(surroundings.home) / ".npm",) if surroundings.home else ()


def looks_right(root: Path) -> bool:
    """`_cacache` with an index and contents in two-digit folders."""
    store = root / "_cacache"
    return shape.is_folder(store) and (
        shape.only(store / "index-v5", "[0-9a-f]{2}") or shape.only(store / "content-v2", r"sha\d+")
    )


def damaged(root: Path, diagnosis: Diagnosis) -> tuple[Path, ...]:
    """Index entries and contents of what the lines name: by integrity, by content path, by name and version.

    Where they name nothing that is here: the contents that are not what their own address says.
    """
    store = root / "_cacache"
    text = said.text(diagnosis)
    wanted = set(_hashes(text))
    names = said.packages(diagnosis)
    found: dict[Path, None] = {}
    if wanted or names:
        for file, entry in _index(store):
            hashes = set(_hashes(str(entry.get("integrity", ""))))
            if hashes & wanted or any(_is_of(str(entry.get("key", "")), *name) for name in names):
                found[file] = None
                wanted |= hashes
        for kind, digest in sorted(wanted):
            content = store / "content-v2" / kind / digest[:2] / digest[2:4] / digest[4:]
            if content.is_file() and not content.is_symlink():
                found[content] = None
    return tuple(found) or _not_what_they_say(store)


def _hashes(text: str) -> Iterator[tuple[str, str]]:
    for kind, code in _INTEGRITY.findall(text):
        try:
            digest = base64.b64decode(code, validate=True).hex()
        except (binascii.Error, ValueError):
            continue
        if len(digest) == hashlib.new(kind).digest_size * 2:
            yield kind, digest
    for kind, *parts in _CONTENT.findall(text):
        yield kind, "".join(parts)


def _index(store: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Each entry of the index: a line is a hash, a tab and JSON (npm's cacache, index-v5)."""
    if not shape.is_folder(store / "index-v5"):
        return
    for file in shape.files_below(store / "index-v5"):
        for line in places.read(file).splitlines():
            _, _, document = line.partition("\t")
            try:
                entry = json.loads(document) if document else None
            except (ValueError, RecursionError):
                continue
            if isinstance(entry, dict):
                yield file, entry


def _is_of(key: str, name: str, version: str) -> bool:
    """Whether an index key is this package's: its tarball in this version, or its list of versions."""
    key = key.replace("%2f", "/").replace("%2F", "/")
    if key.startswith("pacote:"):
        return key.endswith(f":{name}@{version}") if version else f":{name}@" in key
    if not key.startswith("make-fetch-happen:request-cache:"):
        return False
    plain = name.rsplit("/", 1)[-1]
    if key.endswith(f"/{name}"):
        return True
    return key.endswith(f"/{name}/-/{plain}-{version}.tgz") if version else f"/{name}/-/{plain}-" in key


def _not_what_they_say(store: Path) -> tuple[Path, ...]:
    """Contents whose hash is not their address, and empty ones; () when the check takes too long."""
    found: list[Path] = []
    until = time.monotonic() + _LONGEST_CHECK_S
    for kind in shape.folders(store / "content-v2", "sha(?:1|256|512)"):
        for file in shape.files_below(kind):
            if time.monotonic() > until:
                return tuple(found)
            try:
                digest = hashlib.new(kind.name)
                with file.open("rb") as content:
                    while piece := content.read(1 << 20):
                        digest.update(piece)
            except OSError:
                continue
            if digest.hexdigest() != "".join(file.relative_to(kind).parts):
                found.append(file)
    return tuple(found)


def purgeable(root: Path) -> tuple[Path, ...]:
    """`_cacache`: all of it can be fetched again. Logs, `_npx` and the like stay."""
    return (root / "_cacache",) if looks_right(root) else ()
