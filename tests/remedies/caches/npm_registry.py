"""An npm registry on this machine with two packages, for the tools that install from one."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
import time
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.remedies.caches import loopback


def _tarball(name: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for file, text in (
            ("package/package.json", json.dumps({"name": name, "version": "1.0.0"})),
            ("package/index.js", "module.exports = 1 // " + name * 50),
        ):
            info = tarfile.TarInfo(file)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


TARBALLS = {name: _tarball(name) for name in ("aone", "btwo")}


def integrity(name: str) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(TARBALLS[name]).digest()).decode()


class Registry(BaseHTTPRequestHandler):
    """Answers for a package's document and for its tarball."""

    wait_s = 0.0
    """Before each answer."""

    def log_message(self, *words: Any) -> None:
        pass

    def do_GET(self) -> None:
        time.sleep(self.wait_s)
        name = self.path.strip("/").split("/")[0]
        if name not in TARBALLS:
            self.send_error(404)
            return
        address = f"http://127.0.0.1:{self.server.server_address[1]}"
        dist = {"tarball": f"{address}/{name}/-/{name}-1.0.0.tgz", "integrity": integrity(name), "shasum": hashlib.sha1(TARBALLS[name]).hexdigest()}
        about = {"name": name, "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": {"name": name, "version": "1.0.0", "dist": dist}}}
        body = TARBALLS[name] if self.path.endswith(".tgz") else json.dumps(about).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.send_header("cache-control", "public, max-age=31536000")
        self.end_headers()
        self.wfile.write(body)


def serving(wait_s: float = 0) -> AbstractContextManager[str]:
    """The address of a registry that lives as long as the block."""
    return loopback.serving(Registry, wait_s, "")
