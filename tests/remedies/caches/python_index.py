"""A Python package index on this machine with two wheels, for the tools that install from one."""

from __future__ import annotations

import base64
import hashlib
import io
import time
import zipfile
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.remedies.caches import loopback


def _wheel(name: str) -> bytes:
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}/__init__.py": b"X = 1\n" + hashlib.sha512(name.encode()).hexdigest().encode() * 300,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n"
        for path, data in files.items()
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, data in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n".encode()}.items():
            archive.writestr(path, data)
    return buffer.getvalue()


WHEELS = {name: _wheel(name) for name in ("aone", "btwo")}


def sha256(name: str) -> str:
    return hashlib.sha256(WHEELS[name]).hexdigest()


class Index(BaseHTTPRequestHandler):
    """Answers for a project's list of files and for its wheel."""

    wait_s = 0.0
    """Before each answer."""

    def log_message(self, *words: Any) -> None:
        pass

    def do_GET(self) -> None:
        time.sleep(self.wait_s)
        name = self.path.strip("/").split("/")[1]
        if name not in WHEELS:
            self.send_error(404)
            return
        if self.path.endswith(".whl"):
            body, kind = WHEELS[name], "application/octet-stream"
        else:
            body, kind = f'<a href="/files/{name}/{name}-1.0-py3-none-any.whl#sha256={sha256(name)}">{name}-1.0-py3-none-any.whl</a>'.encode(), "text/html"
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        if self.path.endswith(".whl"):
            self.send_header("cache-control", "max-age=365000000, immutable, public")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        self.do_GET()


def serving(wait_s: float = 0) -> AbstractContextManager[str]:
    """The address of an index that lives as long as the block."""
    return loopback.serving(Index, wait_s, "/simple")
