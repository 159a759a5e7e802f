"""Where the machine's own clients fetch from: asked of the clients, so that no host is named here."""

from __future__ import annotations

import mmap
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree


@dataclass(frozen=True)
class Archive:
    """One Debian archive as the machine's apt knows it."""

    site: str
    release: str
    component: str
    signed_by: str
    """The keyring that its source names; empty: apt's own."""


@lru_cache(maxsize=1)
def upstreams() -> dict[str, str]:
    """The registries by the word that stands for them in the lab: pypi, npm, maven, crates, go, apt. Unknown ones are absent."""
    first = next(iter(archives()), None)
    asked = {"pypi": _pypi(), "npm": _npm(), "maven": _maven(), "crates": _crates(), "go": _go(), "apt": first.site if first else ""}
    return {name: url.rstrip("/") for name, url in asked.items() if url.startswith(("http://", "https://"))}


@lru_cache(maxsize=1)
def hosts() -> tuple[str, ...]:
    """Every host that a log of this machine could name as a registry, longest first."""
    found = {urlsplit(url).hostname or "" for url in (*upstreams().values(), *(archive.site for archive in archives()))}
    crates = urlsplit(upstreams().get("crates", "")).hostname or ""
    found |= {crates.replace("index.", "static.", 1), _said("go", "env", "GOSUMDB").split("+")[0].split(" ")[0]} - {"off"}
    return tuple(sorted((host for host in found if host), key=len, reverse=True))


@lru_cache(maxsize=1)
def archives() -> tuple[Archive, ...]:
    """The machine's Debian archives, each component once; none where apt has no lists."""
    rows = _said("apt-get", "indextargets", "--format", "$(SITE)|$(RELEASE)|$(COMPONENT)|$(SIGNED_BY)", "Created-By: Packages").splitlines()
    fields = (["" if field.startswith("$(") else field for field in row.split("|")] for row in rows if row.count("|") == 3)  # what is unset stays as it is
    return tuple(dict.fromkeys(Archive(*row) for row in fields))


def _said(*argv: str) -> str:
    if shutil.which(argv[0]) is None:
        return ""
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60, cwd=Path.home())
    return done.stdout.strip() if done.returncode == 0 else ""


def _pypi() -> str:
    """pip's index: the environment goes before the files, the user's before the machine's; else the one built in."""
    said = dict(row.split("=", 1) for row in _said(sys.executable, "-m", "pip", "config", "list").splitlines() if "=" in row)
    for section in (":env:", "site", "install", "user", "global"):
        own = said.get(f"{section}.index-url", "").strip("'\"")
        if own:
            return own
    return _said(sys.executable, "-c", "from pip._internal.models.index import PyPI; print(PyPI.simple_url)")


def _npm() -> str:
    return _said("npm", "config", "get", "registry")


def _go() -> str:
    """The first proxy; `direct` and `off` are none."""
    return re.split(r"[,|]", _said("go", "env", "GOPROXY"))[0]


def _maven() -> str:
    """The mirror of everything, or of the central repository, in the user's or Maven's own settings; else the address in its super POM."""
    home = shutil.which("mvn")
    if home is None:
        return ""
    own = Path(home).resolve().parent.parent
    for settings in (Path.home() / ".m2" / "settings.xml", own / "conf" / "settings.xml"):
        mirror = _mirror(settings)
        if mirror:
            return mirror
    import zipfile

    for jar in (own / "lib").glob("maven-model-builder-*.jar"):
        with zipfile.ZipFile(jar) as archive:
            text = archive.read("org/apache/maven/model/pom-4.0.0.xml").decode()
        found = re.search(r"<url>(https?://[^<]+)</url>", text)
        return found.group(1) if found else ""
    return ""


def _mirror(settings: Path) -> str:
    try:
        tree = ElementTree.parse(settings)
    except (OSError, ElementTree.ParseError):
        return ""
    for mirror in tree.iterfind(".//{*}mirror"):
        of = re.split(r"\s*,\s*", mirror.findtext("{*}mirrorOf", "").strip())
        if {"*", "central", "external:*"} & set(of) and mirror.findtext("{*}blocked", "") != "true":
            return mirror.findtext("{*}url", "").strip()
    return ""


def _crates() -> str:
    """The sparse index: by cargo's configuration where that replaces the source; else its address stands in cargo's own program."""
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    replaced = _replaced(next((file for file in (home / "config.toml", home / "config") if file.is_file()), None))
    if replaced:
        return replaced
    cargo = Path(_said("rustc", "--print", "sysroot") or "/usr") / "bin" / "cargo"
    if not cargo.is_file():
        return ""
    with cargo.open("rb") as program, mmap.mmap(program.fileno(), 0, access=mmap.ACCESS_READ) as content:
        found = re.search(rb"sparse\+(https://[\w.-]+)/", content)
        return found.group(1).decode() if found else ""


def _replaced(file: Path | None) -> str:
    """The sparse registry that takes the place of the default one; empty where none does."""
    text = file.read_text(encoding="utf-8") if file is not None else ""
    sections = dict(re.findall(r"^\[source\.[\"']?([\w-]+)[\"']?\]\s*\n((?:(?!\[).*\n?)*)", text, re.MULTILINE))
    name = re.search(r"^replace-with\s*=\s*[\"']([^\"']+)", sections.get("crates-io", ""), re.MULTILINE)
    registry = re.search(r"^registry\s*=\s*[\"']sparse\+([^\"']+)", sections.get(name.group(1), "") if name else "", re.MULTILINE)
    return registry.group(1) if registry else ""
