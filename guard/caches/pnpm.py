"""pnpm's store: files addressed by their hash, and for each package an index of the files it is made of."""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path

from guard.caches import places, said, shape
from guard.types import Diagnosis, Surroundings

NAME = "pnpm"

_STORE = r"v\d+"
_ENTRY = re.compile(r"(?:files|index)/[0-9a-f]{2}/[0-9a-f]{60,}[^/]*")
_INTEGRITY = re.compile(r"\bsha512-([A-Za-z0-9+/]{86}==)")


def candidates(surroundings: Surroundings) -> tuple[Path, ...]:
    """`store-dir` of environment, .npmrc and pnpm-workspace.yaml, else `pnpm/store` in PNPM_HOME or the user's data folder."""
    env, home = surroundings.env, Path(surroundings.home)
    for variable, value in env.items():
        if variable.lower() in ("npm_config_store_dir", "pnpm_config_store_dir") and value:
            path = places.absolute(value, surroundings.cwd, env, surroundings.home)
            return (path,) if path is not None else ()
    for folder in dict.fromkeys((surroundings.cwd, surroundings.workspace, surroundings.home)):
        for name, key in ((".npmrc", "store-dir"), ("pnpm-workspace.yaml", "storeDir")):
            value = places.key_value(places.read(Path(folder) / name), key)
            path = places.absolute(value, folder, env, surroundings.home) if value else None
            if path is not None:
                return (path,)
    if env.get("PNPM_HOME"):
        return (Path(env["PNPM_HOME"]) / "store",)
    if env.get("XDG_DATA_HOME"):
        return (Path(env["XDG_DATA_HOME"]) / "pnpm/store",)
    return (home / ("Library/pnpm/store" if surroundings.system == "darwin" else ".local/share/pnpm/store"),)


def _stores(root: Path) -> tuple[Path, ...]:
    """The store is named by its version; a setting may name it with or without."""
    places_of = (root, *shape.folders(root, _STORE)) if not re.fullmatch(_STORE, root.name) else (root,)
    return tuple(store for store in places_of if shape.only(store / "files", "[0-9a-f]{2}"))


def looks_right(root: Path) -> bool:
    """A versioned store with `files` in folders of two hex digits."""
    return bool(_stores(root))


def damaged(root: Path, diagnosis: Diagnosis) -> tuple[Path, ...]:
    """The indexes of the packages whose tarball hash or name and version the lines carry, and files named by path.

    Without its index a package is fetched again, and files that are not what they should be are replaced.
    pnpm itself sees by date and size that a file was changed; one changed with its old date it takes for sound.
    """
    text = said.text(diagnosis)
    digests = []
    for code in _INTEGRITY.findall(text):
        try:
            digests.append(base64.b64decode(code, validate=True).hex())
        except (binascii.Error, ValueError):
            continue
    named = [f"{name}@{version}".replace("/", "+") for name, version in said.packages(diagnosis) if version]
    found: dict[Path, None] = {}
    for store in _stores(root):
        for folder in (store / "index", store / "files"):
            for digest in digests:
                for name in shape.names(folder / digest[:2]):
                    # The newer store cuts the hash at 64 digits and adds name@version.
                    if name.endswith(".json") and name[:60] == digest[2:62]:
                        found[folder / digest[:2] / name] = None
        if named and shape.is_folder(store / "index"):
            for file in shape.files_below(store / "index"):
                if any(file.name.endswith(f"-{one}.json") for one in named):
                    found[file] = None
        for path in said.paths_below(store, diagnosis):
            # A folder where a file belongs is what a half restored cache leaves; pnpm stumbles over it each time.
            if _ENTRY.fullmatch(path.relative_to(store).as_posix()):
                found[path] = None
    return tuple(found)


def purgeable(root: Path) -> tuple[Path, ...]:
    """Files and indexes of the stores; the list of projects that use them stays."""
    return tuple(
        store / name for store in _stores(root) for name in ("files", "index") if shape.is_folder(store / name)
    )
