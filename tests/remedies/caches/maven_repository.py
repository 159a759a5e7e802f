"""A Maven repository on this machine with two jars, for the tools that fetch from one."""

from __future__ import annotations

import hashlib
import io
import time
import zipfile
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.remedies.caches import loopback

POM = "<project><modelVersion>4.0.0</modelVersion><groupId>g</groupId><artifactId>{}</artifactId><version>1</version></project>"


def _jar(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")
        archive.writestr(f"{name}.txt", hashlib.sha512(name.encode()).hexdigest() * 100)
    return buffer.getvalue()


JARS = {name: _jar(name) for name in ("aone", "btwo")}


class Repository(BaseHTTPRequestHandler):
    """Answers for `g:NAME:1`."""

    wait_s = 0.0
    """Before each answer."""

    def log_message(self, *words: Any) -> None:
        pass

    def do_GET(self) -> None:
        time.sleep(self.wait_s)
        name = next((name for name in JARS if f"/g/{name}/1/" in self.path), "")
        bodies = {"pom": POM.format(name).encode(), "jar": JARS.get(name, b"")}
        body = bodies.get(self.path.rpartition(".")[2], b"") if name else b""
        if not body:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        self.do_GET()


def serving(wait_s: float = 0) -> AbstractContextManager[str]:
    """The address of a repository that lives as long as the block."""
    return loopback.serving(Repository, wait_s, "/")
