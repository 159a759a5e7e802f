"""The real apt-get against an archive on this machine whose packages have moved on since the lists were fetched."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.remedies.attempted import need

pytestmark = pytest.mark.tools


def published(root: Path, version: str) -> None:
    """The archive with one package in this version, and no older one."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    folder = root.parent / f"build-{version}"
    (folder / "DEBIAN").mkdir(parents=True, exist_ok=True)
    (folder / "DEBIAN/control").write_text(f"Package: aone\nVersion: {version}\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n")
    deb = root / f"aone_{version}_all.deb"
    subprocess.run(("dpkg-deb", "-b", str(folder), str(deb)), check=True, capture_output=True, timeout=60)
    data = deb.read_bytes()
    control = (folder / "DEBIAN/control").read_text().rstrip("\n")
    (root / "Packages").write_text(f"{control}\nFilename: {deb.name}\nSize: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n\n")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Path]:
    need("apt-get", "dpkg-deb")
    if os.geteuid() != 0:
        pytest.skip("apt-get update needs root")
    handler = partial(type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *words: None}), directory=str(tmp_path / "archive"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    apt = tmp_path / "apt"
    for name in ("lists/partial", "cache/archives/partial", "empty"):
        (apt / name).mkdir(parents=True)
    (apt / "status").write_text("")
    (apt / "sources.list").write_text(f"deb [trusted=yes] http://127.0.0.1:{server.server_address[1]} ./\n")
    (apt / "apt.conf").write_text(
        f'Dir::State::lists "{apt}/lists";\nDir::State::status "{apt}/status";\nDir::Cache "{apt}/cache";\nDir::Etc::sourcelist "{apt}/sources.list";\n'
        f'Dir::Etc::sourceparts "{apt}/empty";\nDir::Etc::parts "{apt}/empty";\nAPT::Sandbox::User "root";\nAcquire::Languages "none";\nAcquire::http::Proxy "DIRECT";\n'
    )
    yield tmp_path
    server.shutdown()
    server.server_close()


def test_lists_are_fetched_anew_and_the_install_passes(archive: Path) -> None:
    env = {**os.environ, "APT_CONFIG": str(archive / "apt/apt.conf")}
    published(archive / "archive", "1.0")
    # An hour ago: a server tells whole seconds, and what has not changed is not sent.
    os.utime(archive / "archive/Packages", (1_700_000_000, 1_700_000_000))
    subprocess.run(("apt-get", "-q", "update"), env=env, check=True, capture_output=True, timeout=60)
    published(archive / "archive", "1.1")
    result = archive / "result.json"
    words = (sys.executable, "-m", "guard", "run", "--result-file", str(result), "--", "apt-get", "-y", "--download-only", "install", "aone")
    done = subprocess.run(words, env=env, cwd=archive, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=150, check=False)
    run = json.loads(result.read_text())
    assert run["attempts"][0]["exit_code"] == 100, done.stderr
    assert run["status"] == "healed", done.stderr
    assert "refresh_index" in run["healed_by"]
    assert (archive / "apt/cache/archives/aone_1.1_all.deb").exists()
