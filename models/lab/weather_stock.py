"""What the lab's registry has on its shelves: fetched once by the ordinary clients, laid out as registries lay it out."""

from __future__ import annotations

import fcntl
import functools
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from models.lab.weather_goods import (
    apt_archive,
    composer_packages,
    gem_index,
    git_repositories,
    release_files,
)
from models.lab.weather_store import Store

CACHE = Path(os.environ.get("PIPEGUARD_LAB_CACHE", Path.home() / ".cache" / "pipeguard-lab"))
"""What is costly to set up and never changes: installed packages, wrappers. Scripts see it as $LAB_CACHE."""

_PIP = (
    "requests six attrs click jinja2 pyyaml tabulate rich python-dateutil setuptools wheel hatchling flit-core poetry-core"
    " pytest certifi<2024 urllib3<2 idna colorama numpy"
).split()
_PIP_SOURCES = ("docopt", "termcolor==1.1.0")
_NPM = "lodash@4.17.21 express@4 axios@1 chalk@4 left-pad is-odd uuid@9 minimist ms@2 semver@7 typescript@5 undici@6 dayjs".split()
_CARGO = 'itoa = "1"\nanyhow = "1"\nmemchr = "2"\nbitflags = "2"\nfastrand = "2"\nserde = { version = "1", features = ["derive"] }\n'
_GO = ("github.com/google/uuid@v1.6.0", "github.com/pkg/errors@v0.9.1", "github.com/spf13/cobra@v1.8.1")
_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>shelf</groupId><artifactId>shelf</artifactId><version>1</version>
<properties><maven.compiler.source>17</maven.compiler.source><maven.compiler.target>17</maven.compiler.target><project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>
<dependencies>
<dependency><groupId>org.apache.commons</groupId><artifactId>commons-lang3</artifactId><version>3.14.0</version></dependency>
<dependency><groupId>com.google.code.gson</groupId><artifactId>gson</artifactId><version>2.11.0</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>2.0.13</version></dependency>
<dependency><groupId>junit</groupId><artifactId>junit</artifactId><version>4.13.2</version><scope>test</scope></dependency>
</dependencies></project>
"""


@functools.lru_cache(maxsize=1)
def stocked() -> Store:
    """The store, filled if it was not; a kind whose client is missing stays empty."""
    store = CACHE / "weather-store"
    store.mkdir(parents=True, exist_ok=True)
    with (CACHE / "weather-store.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for program, kind, fill in _SHELVES:
            done = store / f".{kind}"
            if done.exists() or shutil.which(program) is None:
                continue
            with tempfile.TemporaryDirectory(dir=CACHE) as room:
                fill(store, Path(room))
            done.touch()
    return Store(store)


def _run(folder: Path, *argv: str, **env: str) -> None:
    clean = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    done = subprocess.run(argv, cwd=folder, env={**clean, **env}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the lab's registry cannot be stocked: {' '.join(argv)[:200]}:\n{(done.stdout + done.stderr)[-2000:]}")


def _pypi(store: Path, room: Path) -> None:
    shelf = store / "files" / "pypi"
    shelf.mkdir(parents=True, exist_ok=True)
    for package in _PIP:  # one by one: what must not be installed together may still be on one shelf
        _run(room, "python3", "-m", "pip", "download", "-q", "-d", str(shelf), package)
    for package in _PIP_SOURCES:
        _run(room, "python3", "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", str(shelf), package)


def _npm(store: Path, room: Path) -> None:
    """npm's own cache holds the registry's answers under the addresses that it asked."""
    (room / "package.json").write_text('{"name": "shelf", "version": "1.0.0"}')
    _run(room, "npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--cache", str(room / "cache"), *_NPM)
    shelf = store / "npm"
    (shelf / "-").mkdir(parents=True, exist_ok=True)
    pages: list[bytes] = []
    for index in (room / "cache" / "_cacache" / "index-v5").rglob("*"):
        for line in index.read_text().splitlines() if index.is_file() else ():
            entry = json.loads(line.partition("\t")[2] or "null")
            if not entry or not entry.get("integrity"):
                continue
            kind, _, digest = entry["integrity"].partition("-")
            import base64

            name = base64.b64decode(digest).hex()
            body = (room / "cache" / "_cacache" / "content-v2" / kind / name[:2] / name[2:4] / name[4:]).read_bytes()
            address = entry["key"].split("request-cache:", 1)[-1]
            if address.endswith(".tgz"):
                (shelf / "-" / address.rsplit("/", 1)[1]).write_bytes(body)
            elif body.startswith(b"{"):
                pages.append(body)
    for page in pages:
        _packument(shelf, json.loads(page))


def _packument(shelf: Path, page: dict[str, object]) -> None:
    """The versions that the shelf has, with addresses of this registry."""
    versions = page.get("versions")
    if not isinstance(versions, dict):
        return
    kept = {}
    for version, manifest in versions.items():
        file = manifest["dist"]["tarball"].rsplit("/", 1)[1]
        if (shelf / "-" / file).exists():
            manifest["dist"] = {**manifest["dist"], "tarball": f"@BASE@/npm/{page['name']}/-/{file}"}
            kept[version] = manifest
    if kept:
        name = str(page["name"])
        text = json.dumps({"name": name, "dist-tags": {"latest": list(kept)[-1]}, "versions": kept, "modified": page.get("modified", "")})
        (shelf / f"{name.replace('/', '+')}.json").write_text(text)


def _cargo(store: Path, room: Path) -> None:
    """cargo keeps each line of the index between NULs in a file of its own cache, and the crates as they came."""
    (room / "src").mkdir()
    (room / "src" / "lib.rs").write_text("")
    (room / "Cargo.toml").write_text(f'[package]\nname = "shelf"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\n{_CARGO}')
    _run(room, "cargo", "fetch", "-q", CARGO_HOME=str(room / "home"))
    files = store / "files" / "crates"
    files.mkdir(parents=True, exist_ok=True)
    for crate in (room / "home" / "registry" / "cache").rglob("*.crate"):
        shutil.copy(crate, files)
    for cached in (room / "home" / "registry" / "index").glob("*/.cache/**/*"):
        if not cached.is_file():
            continue
        lines = [part for part in cached.read_bytes().split(b"\0") if part.startswith(b"{")]
        kept = [line for line in lines if (files / f"{json.loads(line)['name']}-{json.loads(line)['vers']}.crate").exists()]
        target = store / "crates" / cached.relative_to(next(p for p in cached.parents if p.name == ".cache"))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"\n".join(kept) + b"\n")
    (store / "crates" / "config.json").write_text('{"dl": "@BASE@/files/crates/{crate}/{version}/download", "api": "@BASE@/crates"}')


def _go(store: Path, room: Path) -> None:
    """Go's module cache is laid out as a module proxy."""
    (room / "go.mod").write_text("module shelf\n\ngo 1.21\n")
    (room / "shelf.go").write_text("package shelf\n")
    _run(room, "go", "get", *_GO, GOMODCACHE=str(room / "mod"), GOFLAGS="-modcacherw")
    _run(room, "go", "mod", "download", "all", GOMODCACHE=str(room / "mod"), GOFLAGS="-modcacherw")
    shutil.copytree(room / "mod" / "cache" / "download", store / "go", ignore=shutil.ignore_patterns("sumdb", "*.lock"), dirs_exist_ok=True)


def _maven(store: Path, room: Path) -> None:
    """Maven's local repository is laid out as a remote one; only its own notes stay behind."""
    (room / "pom.xml").write_text(_POM)
    for folder, name, text in (("main", "Shelf", ""), ("test", "ShelfTest", "@org.junit.Test public void stocks() {}")):
        file = room / "src" / folder / "java" / f"{name}.java"
        file.parent.mkdir(parents=True)
        file.write_text(f"public class {name} {{ {text} }}\n")
    _run(room, "mvn", "-q", "-B", f"-Dmaven.repo.local={room / 'm2'}", "package")
    notes = shutil.ignore_patterns("_remote.repositories", "*.lastUpdated", "resolver-status.properties")
    shutil.copytree(room / "m2", store / "maven", ignore=notes, dirs_exist_ok=True)
    for notes_of_one in (store / "maven").rglob("maven-metadata-*.xml*"):
        notes_of_one.rename(notes_of_one.with_name(re.sub(r"maven-metadata-\w+", "maven-metadata", notes_of_one.name)))


_SHELVES: tuple[tuple[str, str, Callable[[Path, Path], None]], ...] = (
    ("python3", "pypi", _pypi),
    ("npm", "npm", _npm),
    ("cargo", "crates", _cargo),
    ("go", "go", _go),
    ("mvn", "maven", _maven),
    ("git", "git", git_repositories),
    ("apt-ftparchive", "apt", apt_archive),
    ("gem", "gems", gem_index),
    ("composer", "composer", composer_packages),
    ("python3", "files", release_files),
)
