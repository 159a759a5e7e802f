"""Cargo's registries: what replaces the default source, further registries, else the sparse index that is built into cargo."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from guard.caches import places
from guard.remedies.probing.configured import built_in, toml
from guard.remedies.probing.configured.protocol import Named, Scene, urls

NAMES = frozenset({"cargo"})
PROGRAMS = frozenset({"cargo", "cross"})

_DEFAULT = "source.crates-io"
_MOST_REPLACED = 8


def named(scene: Scene) -> Named:
    """The source in place of the default one (The Cargo Book, "Source Replacement"), then the registries by name."""
    tables = _tables(scene)
    if re.search(r"(?<!\S)--offline\b", scene.text) or scene.env.get("CARGO_NET_OFFLINE", "").lower() == "true":
        return Named()
    main, replaced = _in_place_of(_DEFAULT, tables, scene.env)
    more = [address for header in tables if header.startswith("registries.") for address in _index(header, tables, scene.env)]
    if not replaced:
        main = _built_in(scene)
    found = tuple(dict.fromkeys((*main, *more)))
    proxy = scene.env.get("CARGO_HTTP_PROXY") or tables.get("http", {}).get("proxy", "")
    addresses = tuple(address.removeprefix("sparse+") for address in found)
    # A sparse index is asked for its own description (The Cargo Book, "Registry Index"), a repository only at its root.
    sparse = {address.removeprefix("sparse+"): "config.json" for address in found if address.startswith("sparse+")}
    return Named(addresses, proxy, sparse)


def _tables(scene: Scene) -> dict[str, dict[str, str]]:
    """Header → the values that guard asks for; the file nearest to the working directory goes first, $CARGO_HOME's last."""
    home = Path(scene.env.get("CARGO_HOME") or scene.home / ".cargo")
    folders = [*(folder / ".cargo" for folder in (scene.cwd, *scene.cwd.parents)), home]
    found: dict[str, dict[str, str]] = {}
    for folder in dict.fromkeys(folders):
        # Where both stand there, cargo reads the one without an ending.
        for header, body in toml.tables(places.read(folder / "config") or places.read(folder / "config.toml")):
            table = found.setdefault(header, {})
            for key in ("replace-with", "registry", "index", "local-registry", "directory", "proxy"):
                value = re.search(rf"(?m)^[ \t]*[\"']?{key}[\"']?[ \t]*=[ \t]*[\"']([^\"'\n]*)[\"']", body)
                if value:
                    table.setdefault(key, value.group(1))
    return found


def _in_place_of(source: str, tables: Mapping[str, Mapping[str, str]], env: Mapping[str, str]) -> tuple[tuple[str, ...], bool]:
    """(the address that stands for the source, whether anything does)."""
    for _ in range(_MOST_REPLACED):
        name = tables.get(source, {}).get("replace-with", "")
        if not name:
            break
        source = f"source.{name}" if f"source.{name}" in tables else f"registries.{name}"
    if source == _DEFAULT:
        return (), False
    return (_index(source, tables, env) if source.startswith("registries.") else _address(tables.get(source, {}).get("registry", ""))), True


def _index(header: str, tables: Mapping[str, Mapping[str, str]], env: Mapping[str, str]) -> tuple[str, ...]:
    variable = f"CARGO_REGISTRIES_{header.partition('.')[2].upper().replace('-', '_')}_INDEX"
    return _address(env.get(variable) or tables.get(header, {}).get("index", ""))


def _address(value: str) -> tuple[str, ...]:
    prefix = "sparse+" if value.startswith("sparse+") else ""
    return tuple(f"{prefix}{address}" for address in urls(value)[:1])


def _built_in(scene: Scene) -> tuple[str, ...]:
    """The address stands in cargo's own program; what rustup puts in its place is passed over."""
    import mmap

    root = built_in.said("rustc", ("--print", "sysroot"), scene, RUSTUP_AUTO_INSTALL="0")
    program = Path(root, "bin/cargo") if root and os.path.isfile(f"{root}/bin/cargo") else built_in.program("cargo", scene)
    if program is None:
        return ()
    try:
        with program.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            found = re.search(rb"sparse\+https://[\w.-]+/", content)
            return (found.group().decode(),) if found else ()
    except (OSError, ValueError):
        return ()
