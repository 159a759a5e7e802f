"""A store whose goods come from the machine's own upstreams, asked as a client asks and kept: a second play needs no network."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests

from models.lab.weather_store import Answer, Flow, Store

_FORWARDED = ("accept", "user-agent", "npm-command", "git-protocol")
_KEPT_HEADERS = ("content-type", "etag", "last-modified")
_KEPT_STATUS = (200, 404, 410)
"""What is kept: what is there and what is not; an upstream's own bad weather passes through and is forgotten."""
_CHUNK = 64 * 1024
_PAGE_MOST = 256 << 20
"""The longest page (bytes) whose links are rewritten."""
_LINKS = {
    "pypi": re.compile(rb"""(?P<before>\bhref=["']|"url"\s*:\s*")(?P<link>[^"'#]+)"""),
    "npm": re.compile(rb'(?P<before>"tarball"\s*:\s*")(?P<link>[^"]+)'),
    "crates": re.compile(rb'(?P<before>"dl"\s*:\s*")(?P<link>[^"]+)'),
}
"""The links of a registry's pages that a client follows to other hosts."""
_PAGES = {
    "pypi": re.compile(r"/simple/?(?:[^/]+/?)?$"),
    "npm": re.compile(r"^(?!.*/-/)"),
    "crates": re.compile(r"/config\.json$"),
}
_VIA = "/via/"


@dataclass
class Live:
    """Paths of the lab's registry → what the upstream of that kind answers; other paths are the shelf's.

    `origins`: kind → address, as the machine's clients are configured. Only hosts of these, and those that their pages link to, are asked.
    `offline`: nothing is asked; what is not kept is answered with 504.
    """

    shelf: Store
    folder: Path
    origins: Mapping[str, str]
    offline: bool = False
    troubles: list[str] = field(default_factory=list)
    """Why an upstream could not be asked: then what a client met was not the lab's weather."""
    asked: int = 0
    """How many requests went to an upstream."""
    _linked: dict[str, str] = field(default_factory=dict)
    """The word that stands in our links for a host that a page linked to → `scheme://host`: no log names an upstream."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def root(self) -> Path:
        """The shelf's folder."""
        return self.shelf.root

    def answer(self, path: str, base: str, headers: Mapping[str, str] | None = None) -> Answer:
        """The whole answer: what a fault then spoils."""
        flow = self.flow(path, base, headers or {})
        return Answer(flow.status, b"".join(flow.chunks), flow.headers) if flow is not None else self.shelf.answer(path, base)

    def flow(self, target: str, base: str, headers: Mapping[str, str]) -> Flow | None:
        """The answer as it arrives; None: the path is the shelf's matter."""
        kind, url = self._upstream(target)
        if not url:
            return None
        page = kind in _PAGES and _PAGES[kind].search(urlsplit(url).path) is not None
        file = self.folder / hashlib.sha256(f"{url}\n{headers.get('accept', '') if page else ''}".encode()).hexdigest()
        flow = _kept(file) or self._asked(url, file, headers)
        return self._rewritten(flow, kind, url, base) if page and flow.status == 200 else flow

    def _upstream(self, target: str) -> tuple[str, str]:
        """(kind, address) of what a path stands for; ("", "") for the shelf's."""
        if target.startswith(_VIA):
            kind, word, rest = [*target.removeprefix(_VIA).split("/", 2), "", ""][:3]
            known = self._linked.get(word, "")
            return (kind, f"{known}/{rest}") if known else ("", "")
        kind, _, rest = target.lstrip("/").partition("/")
        if kind not in self.origins:
            return "", ""
        if kind == "pypi":
            rest = rest.removeprefix("simple").lstrip("/")
        return kind, f"{self.origins[kind]}/{rest}"

    def _asked(self, url: str, file: Path, headers: Mapping[str, str]) -> Flow:
        """Ask the upstream; what arrives whole is kept."""
        if self.offline:
            return self._failed(f"{_bare(url)} is not kept, and the lab is offline", 504)
        own = {name: headers[name] for name in _FORWARDED if name in headers} | {"Accept-Encoding": "identity"}
        with self._lock:
            self.asked += 1
        try:
            response = requests.get(url, headers=own, stream=True, timeout=(10, 120))
        except requests.RequestException as error:
            return self._failed(f"{_bare(url)}: {type(error).__name__}", 502)
        said = response.headers.get("content-length", "")
        length = int(said) if said.isdigit() and "content-encoding" not in response.headers else None
        kept = {name.title(): value for name, value in response.headers.items() if name.lower() in _KEPT_HEADERS}
        return Flow(response.status_code, kept, length, self._kept_on_the_way(response, file, url, kept, length))

    def _kept_on_the_way(self, response: requests.Response, file: Path, url: str, headers: Mapping[str, str], length: int | None) -> Iterator[bytes]:
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self.folder, suffix=".part")
        try:
            size = 0
            with os.fdopen(descriptor, "wb") as part:
                for chunk in response.iter_content(_CHUNK):
                    size += part.write(chunk)
                    yield chunk
            if length is not None and size != length:
                raise requests.ConnectionError(f"{size} of {length} bytes")
            if response.status_code in _KEPT_STATUS:
                note = {"url": _bare(url), "status": response.status_code, "headers": dict(headers)}
                file.with_suffix(".json").write_text(json.dumps(note), encoding="utf-8")
                os.replace(name, file)
        except requests.RequestException as error:
            self.troubles.append(f"{_bare(url)}: {type(error).__name__}")
            raise OSError(f"the upstream broke off: {type(error).__name__}") from error
        finally:
            response.close()
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)

    def _failed(self, why: str, status: int) -> Flow:
        self.troubles.append(why)
        return Flow(status, {"Content-Type": "text/plain"}, len(why) + 1, iter([f"{why}\n".encode()]))

    def _rewritten(self, flow: Flow, kind: str, url: str, base: str) -> Flow:
        """A page whose links lead through the lab again."""
        body = b"".join(_bounded(flow.chunks))

        def ours(found: re.Match[bytes]) -> bytes:
            link = urljoin(url, found["link"].decode("utf-8", "replace"))
            parts = urlsplit(link)
            if parts.scheme not in ("http", "https"):
                return found[0]
            host = f"{parts.scheme}://{parts.netloc}"
            word = hashlib.sha256(host.encode()).hexdigest()[:8]
            self._linked[word] = host
            return found["before"] + f"{base}{_VIA}{kind}/{word}{link.removeprefix(host)}".encode()

        body = _LINKS[kind].sub(ours, body)
        return Flow(flow.status, {**flow.headers, "Etag": f'"{hashlib.sha256(body).hexdigest()[:20]}"'}, len(body), iter([body]))


def _kept(file: Path) -> Flow | None:
    """What was fetched before; None where nothing was."""
    try:
        note = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        length = file.stat().st_size
    except (OSError, ValueError):
        return None
    return Flow(int(note["status"]), dict(note["headers"]), length, _read(file))


def _read(file: Path) -> Iterator[bytes]:
    with file.open("rb") as source:
        while chunk := source.read(_CHUNK):
            yield chunk


def _bounded(chunks: Iterator[bytes]) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > _PAGE_MOST:
            raise OSError(f"a page of more than {_PAGE_MOST >> 20} MB")
        yield chunk


def _bare(url: str) -> str:
    """The address without user and password."""
    return re.sub(r"//[^/@]*@", "//", url)
