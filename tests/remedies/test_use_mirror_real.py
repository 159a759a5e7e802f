"""The real go with a proxy that answers 503 and a second one, a folder, that has the module."""

from __future__ import annotations

import json
import zipfile
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from guard.remedies import use_mirror
from guard.types import Change, Surroundings
from tests.remedies.attempted import attempt, diagnosis, need, said
from tests.remedies.caches import loopback

pytestmark = pytest.mark.tools


class Busy(BaseHTTPRequestHandler):
    wait_s = 0.0

    def log_message(self, *words: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()


def mirror(root: Path) -> str:
    place = root / "mirror/aone.example/m/@v"
    place.mkdir(parents=True)
    (place / "list").write_text("v1.0.0\n")
    (place / "v1.0.0.info").write_text(json.dumps({"Version": "v1.0.0", "Time": "2020-01-01T00:00:00Z"}))
    (place / "v1.0.0.mod").write_text("module aone.example/m\n")
    with zipfile.ZipFile(place / "v1.0.0.zip", "w") as archive:
        archive.writestr("aone.example/m@v1.0.0/go.mod", "module aone.example/m\n")
        archive.writestr("aone.example/m@v1.0.0/m.go", "package m\n")
    return f"file://{root}/mirror"


def test_the_second_place_is_asked(tmp_path: Path) -> None:
    need("go")
    (tmp_path / "work").mkdir()
    (tmp_path / "work/go.mod").write_text("module x\n\ngo 1.20\n")
    with loopback.serving(Busy, 0, "") as address:
        env = {
            "GOPROXY": f"{address},{mirror(tmp_path)}", "GONOSUMDB": "*", "GOFLAGS": "-modcacherw", "GOMODCACHE": str(tmp_path / "cache"),
            "GONOSUMCHECK": "1", "GOTOOLCHAIN": "local",
        }  # fmt: skip
        first = attempt("go", "mod", "download", "aone.example/m@v1.0.0", cwd=tmp_path / "work", env=env)
        assert first.exit_code, said(first)
        change = use_mirror.propose(diagnosis("service_unavailable", first, "503", tool="go"), first, Surroundings())
        assert isinstance(change, Change)
        second = attempt("go", "mod", "download", "aone.example/m@v1.0.0", cwd=tmp_path / "work", env=env, change=change)
    assert second.exit_code == 0, said(second)
