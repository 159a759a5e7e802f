"""A damaged crate in Cargo's cache on the real cargo, with a registry of our own on this machine."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.tools, pytest.mark.skipif(shutil.which("cargo") is None, reason="no cargo")]


def _crate(name: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for file, text in (
            ("Cargo.toml", f'[package]\nname = "{name}"\nversion = "1.0.0"\nedition = "2021"\n'),
            ("src/lib.rs", "pub fn one() -> u32 { 1 }\n" + "".join(f"// {hashlib.sha1(b'%d' % i).hexdigest()}\n" for i in range(200))),
        ):
            info = tarfile.TarInfo(f"{name}-1.0.0/{file}")
            info.size, info.mode = len(text), 0o644
            archive.addfile(info, io.BytesIO(text.encode()))
    return gzip.compress(buffer.getvalue(), mtime=0)


CRATES = {name: _crate(name) for name in ("aone", "btwo")}


@pytest.fixture
def registry() -> Iterator[str]:
    class Registry(BaseHTTPRequestHandler):
        def log_message(self, *words: Any) -> None:
            pass

        def do_GET(self) -> None:
            address = f"http://127.0.0.1:{self.server.server_address[1]}"
            parts = self.path.strip("/").split("/")
            if self.path == "/config.json":
                body = json.dumps({"dl": f"{address}/dl/{{crate}}", "api": address}).encode()
            elif parts[0] == "dl":
                body = CRATES[parts[1]]
            elif parts[-1] in CRATES:
                checksum = hashlib.sha256(CRATES[parts[-1]]).hexdigest()
                body = json.dumps({"name": parts[-1], "vers": "1.0.0", "deps": [], "cksum": checksum, "features": {}, "yanked": False}).encode()
            else:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def home(bench: Any, registry: str) -> Path:
    home = bench.home / "cargo"
    bench.env |= {"CARGO_HOME": str(home), "CARGO_REGISTRIES_OWN_INDEX": f"sparse+{registry}/", "CARGO_TERM_COLOR": "never"}
    (bench.workspace / "src").mkdir()
    (bench.workspace / "src/main.rs").write_text("fn main() {}\n")
    (bench.workspace / "Cargo.toml").write_text(
        '[package]\nname = "p"\nversion = "0.1.0"\nedition = "2021"\n\n[dependencies]\n'
        + "".join(f'{name} = {{version = "1", registry = "own"}}\n' for name in CRATES)
    )
    first = bench.run("cargo", "fetch")
    assert first.code == 0, first.text
    (home / "credentials.toml").write_text("kept")
    return home


def _one(home: Path, pattern: str) -> Path:
    found = list((home / "registry").glob(pattern))
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize("damage", ["bytes", "cut"])
def test_a_damaged_crate_file(bench: Any, home: Path, damage: str) -> None:
    crate = _one(home, "cache/*/aone-1.0.0.crate")
    if damage == "bytes":
        # Early in the stream: Cargo does not look at the checksum of a crate that it has already.
        data = bytearray(crate.read_bytes())
        data[30:60] = b"\xff" * 30
        crate.write_bytes(data)
    else:
        crate.write_bytes(crate.read_bytes()[:100])
    shutil.rmtree(_one(home, "src/*/aone-1.0.0"))
    failed = bench.run("cargo", "metadata", "--format-version", "1")
    assert failed.code != 0
    assert bench.run("cargo", "metadata", "--format-version", "1").code != 0, "it heals by itself"
    change = bench.purge(failed.diagnosis(r"failed to unpack (?:package|entry)", tool="cargo"), failed)
    assert all("aone-1.0.0" in entry for entry in change.details["entries"])
    assert _one(home, "cache/*/btwo-1.0.0.crate").is_file()
    assert (home / "credentials.toml").read_text() == "kept"
    again = bench.run("cargo", "metadata", "--format-version", "1")
    assert again.code == 0, again.text


def test_an_unpacked_source_that_is_no_package(bench: Any, home: Path) -> None:
    (_one(home, "src/*/btwo-1.0.0") / "Cargo.toml").write_text("")
    failed = bench.run("cargo", "metadata", "--format-version", "1")
    assert failed.code != 0
    bench.purge(failed.diagnosis(r"failed to parse manifest at", tool="cargo"), failed)
    assert _one(home, "src/*/aone-1.0.0").is_dir()
    assert bench.run("cargo", "metadata", "--format-version", "1").code == 0


def test_a_compiled_crate_that_is_cut_off(bench: Any, home: Path) -> None:
    (bench.workspace / "src/main.rs").write_text("fn main() { println!(\"{}\", aone::one() + btwo::one()); }\n")
    first = bench.run("cargo", "build")
    assert first.code == 0, first.text
    target = bench.workspace / "target/debug"
    for file in target.glob("deps/libaone-*"):
        file.write_bytes(file.read_bytes()[:50])
    (bench.workspace / "src/main.rs").touch()
    failed = bench.run("cargo", "build")
    assert failed.code != 0
    kept = set(target.glob("deps/libbtwo-*"))
    change = bench.purge(failed.diagnosis(r"found invalid metadata files for crate `(?P<package>\w+)`", tool="rustc"), failed)
    assert {Path(entry).name.rpartition("-")[0] for entry in change.details["entries"]} == {"aone", "libaone"}
    assert set(target.glob("deps/libbtwo-*")) == kept != set()
    again = bench.run("cargo", "build")
    assert again.code == 0, again.text
