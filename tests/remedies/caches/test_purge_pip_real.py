"""A damaged answer in pip's cache on the real pip, with an index of our own on this machine."""

from __future__ import annotations

import base64
import hashlib
import io
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.tools]


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


@pytest.fixture
def index() -> Iterator[str]:
    class Index(BaseHTTPRequestHandler):
        def log_message(self, *words: Any) -> None:
            pass

        def do_GET(self) -> None:
            name = self.path.strip("/").split("/")[1]
            if self.path.endswith(".whl"):
                body, kind = WHEELS[name], "application/octet-stream"
            else:
                body, kind = f'<a href="/files/{name}/{name}-1.0-py3-none-any.whl">x</a>'.encode(), "text/html"
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            if self.path.endswith(".whl"):
                self.send_header("cache-control", "max-age=365000000, immutable, public")
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Index)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    # pip caches only what comes by https or from a host that it trusts.
    yield f"http://127.0.0.1:{server.server_address[1]}/simple"
    server.shutdown()
    server.server_close()


def _answers(cache: Path, name: str) -> list[Path]:
    return [
        path
        for folder in ("http", "http-v2")
        for path in (cache / folder).rglob("*")
        if path.is_file() and f"{name}-1.0.dist-info".encode() in path.read_bytes()
    ]


@pytest.mark.parametrize("damage", ["flip", "hash"])
def test_a_damaged_wheel_in_the_cache(bench: Any, index: str, tmp_path: Path, damage: str) -> None:
    cache = bench.home / "pip-cache"
    for name in list(bench.env):
        if name.startswith("PIP_"):
            del bench.env[name]
    bench.env |= {"HOME": str(bench.home), "PIP_CACHE_DIR": str(cache), "PIP_CONFIG_FILE": "/dev/null"}
    lines = [f"{name}==1.0" + (f" --hash=sha256:{hashlib.sha256(data).hexdigest()}" if damage == "hash" else "") for name, data in WHEELS.items()]
    (bench.workspace / "requirements.txt").write_text("\n".join(lines) + "\n")

    def install() -> Any:
        target = tmp_path / f"target{len(list(tmp_path.glob('target*')))}"
        return bench.run(
            sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--no-deps", "--index-url", index,
            "--trusted-host", "127.0.0.1", "-r", "requirements.txt", "--target", str(target),
        )  # fmt: skip

    assert install().code == 0
    damaged = _answers(cache, "aone")
    if not damaged:
        pytest.skip("this pip does not cache here")
    for path in damaged:
        data = path.read_bytes()
        begin = data.index(b"X = 1\n")
        path.write_bytes(data[: begin + 20] + b"????" + data[begin + 24 :])
    failed = install()
    assert failed.code != 0, failed.text
    pattern = r"DO NOT MATCH THE HASHES|Bad CRC-32|BadZipFile|is invalid"
    change = bench.purge(failed.diagnosis(pattern, tool="pip"), failed)
    assert change.details["cache"] == "pip"
    assert change.details["whole"] is False
    assert not _answers(cache, "aone")
    assert _answers(cache, "btwo")
    again = install()
    assert again.code == 0, again.text
