"""Paths of the lab's registry → what it answers in calm weather."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

_TYPES = {
    ".json": "application/json",
    ".tgz": "application/octet-stream",
    ".gz": "application/gzip",
    ".jar": "application/java-archive",
    ".xml": "text/xml",
    ".pom": "text/xml",
    ".zip": "application/zip",
    ".html": "text/html",
    ".whl": "application/octet-stream",
}
_BASE = b"@BASE@"


@dataclass(frozen=True)
class Answer:
    """A whole response: what a fault then spoils."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Flow:
    """A response that is passed on as it arrives."""

    status: int
    headers: Mapping[str, str]
    length: int | None
    """In bytes; None: not known before its end."""
    chunks: Iterator[bytes]


NOT_FOUND = Answer(404, b"Not Found\n", {"Content-Type": "text/plain"})


@dataclass(frozen=True)
class Store:
    """A folder per kind of registry: pypi, npm, maven, crates, go, apt, gems, files; git is a program's matter."""

    root: Path

    def flow(self, target: str, base: str, headers: Mapping[str, str]) -> Flow | None:
        """None: what lies on a shelf is answered whole."""
        del target, base, headers
        return None

    def answer(self, path: str, base: str, headers: Mapping[str, str] | None = None) -> Answer:
        """What a GET of the path gets; `base` is the scheme and host by which the client came, for links."""
        del headers
        path = unquote(path.partition("?")[0])
        found = re.fullmatch(r"/pypi/simple/([^/]*)/?", path)
        if found:
            return self._simple(found.group(1))
        if path.startswith("/npm/"):
            return self._npm(path.removeprefix("/npm/"), base)
        if re.fullmatch(r"/files/crates/[^/]+/[^/]+/download", path):
            _, _, _, name, version, _ = path.split("/")
            path = f"/files/crates/{name}-{version}.crate"
        return self._file(self.root / path.lstrip("/"), base)

    def _file(self, file: Path, base: str) -> Answer:
        if ".." in file.parts or not file.is_file():
            return NOT_FOUND
        body = file.read_bytes()
        if file.suffix in ("", ".json"):
            body = body.replace(_BASE, base.encode())
        kind = _TYPES.get(file.suffix, "application/octet-stream" if b"\0" in body[:4096] else "text/plain")
        return Answer(200, body, {"Content-Type": kind, "ETag": f'"{hashlib.sha256(body).hexdigest()[:20]}"'})

    def _npm(self, rest: str, base: str) -> Answer:
        if "/-/" in rest:
            return self._file(self.root / "npm" / "-" / rest.rsplit("/", 1)[1], base)
        return self._file(self.root / "npm" / f"{rest.replace('/', '+')}.json", base)

    def _simple(self, name: str) -> Answer:
        wanted = _normal(name)
        files = [
            file
            for file in sorted((self.root / "files" / "pypi").glob("*"))
            if _normal(re.split(r"-\d", file.name, maxsplit=1)[0]) == wanted
        ]
        if not files:
            return NOT_FOUND
        lines = [f"<!DOCTYPE html><html><head><title>Links for {name}</title></head><body><h1>Links for {name}</h1>"]
        for file in files:
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            lines.append(f'<a href="../../../files/pypi/{file.name}#sha256={digest}">{file.name}</a><br />')
        return Answer(200, "\n".join([*lines, "</body></html>\n"]).encode(), {"Content-Type": "text/html"})


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
