"""The real dnf against a repository on this machine whose packages have moved on since its lists were fetched."""

from __future__ import annotations

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
    """The repository with one package in this version, and no older one."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    spec = root.parent / "aone.spec"
    spec.write_text(f"Name: aone\nVersion: {version}\nRelease: 1\nSummary: x\nLicense: MIT\nBuildArch: noarch\n%description\nx\n%files\n")
    made = ("rpmbuild", "-bb", "--quiet", "--define", f"_topdir {root.parent}/build", "--define", f"_rpmdir {root}", str(spec))
    subprocess.run(made, check=True, capture_output=True, timeout=60)
    subprocess.run(("createrepo_c", "-q", str(root)), check=True, capture_output=True, timeout=60)


@pytest.fixture
def dnf(tmp_path: Path) -> Iterator[tuple[str, ...]]:
    """dnf's words with a root, settings and repository of its own."""
    need("dnf", "createrepo_c", "rpmbuild")
    if os.geteuid() != 0:
        pytest.skip("dnf installs as root alone")
    handler = partial(type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *words: None}), directory=str(tmp_path / "archive"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / "repos").mkdir()
    (tmp_path / "repos/acme.repo").write_text(f"[acme]\nname=acme\nbaseurl=http://127.0.0.1:{server.server_address[1]}/\nmetadata_expire=2d\nretries=1\n")
    (tmp_path / "dnf.conf").write_text(f"[main]\nreposdir={tmp_path}/repos\nlogdir={tmp_path}/log\ngpgcheck=0\n")
    yield ("dnf", "-c", str(tmp_path / "dnf.conf"), f"--installroot={tmp_path}/root", "--releasever=1")
    server.shutdown()
    server.server_close()


def test_lists_are_fetched_anew_and_the_install_passes(tmp_path: Path, dnf: tuple[str, ...]) -> None:
    published(tmp_path / "archive", "1.0")
    subprocess.run((*dnf, "-q", "makecache"), check=True, capture_output=True, timeout=60)
    published(tmp_path / "archive", "1.1")
    result = tmp_path / "result.json"
    words = (sys.executable, "-m", "guard", "run", "--result-file", str(result), "--", *dnf, "-y", "--downloadonly", "install", "aone")
    done = subprocess.run(words, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=150, check=False)
    run = json.loads(result.read_text())
    assert run["attempts"][0]["exit_code"] == 1, done.stderr
    assert run["attempts"][0]["diagnosis"]["label"] == "dependency_not_found", done.stderr
    assert run["status"] == "healed", done.stderr
    assert "refresh_index" in run["healed_by"]
    assert list((tmp_path / "root").rglob("aone-1.1-1.noarch.rpm"))


def test_a_package_that_nobody_has_is_not_asked_for_twice(tmp_path: Path, dnf: tuple[str, ...]) -> None:
    published(tmp_path / "archive", "1.0")
    result = tmp_path / "result.json"
    words = (sys.executable, "-m", "guard", "run", "--result-file", str(result), "--", *dnf, "-y", "--downloadonly", "install", "atwo")
    subprocess.run(words, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=150, check=False)
    run = json.loads(result.read_text())
    assert (run["status"], len(run["attempts"])) == ("failed", 1)
