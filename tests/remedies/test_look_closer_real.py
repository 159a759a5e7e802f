"""Real pip, curl, wget and npm against servers that answer alike for different causes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.remedies.attempted import need
from tests.remedies.caches import loopback
from tests.remedies.caches.python_index import Index

pytestmark = pytest.mark.tools


class Answering(BaseHTTPRequestHandler):
    """Answers with a status as often as told, then as its index would."""

    wait_s = 0.0
    status, left = 503, 0

    def log_message(self, *words: Any) -> None:
        pass

    def do_GET(self) -> None:
        own = type(self)
        if own.left:
            own.left -= 1
            self.send_response(own.status)
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            Index.do_GET(self)  # type: ignore[arg-type]


def serving(status: int, times: int) -> Any:
    return loopback.serving(type("Own", (Answering,), {"status": status, "left": times}), 0, "")


def ran(tmp_path: Path, *argv: str, config: str = "", **env: str) -> dict[str, Any]:
    (tmp_path / "settings.yml").write_text(config or "version: 1\n")
    result = tmp_path / "result.json"
    quiet = {"PIP_RETRIES": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_CACHE_DIR": "1", "PIP_CONFIG_FILE": "/dev/null", "HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    words = (sys.executable, "-m", "guard", "run", "--config", str(tmp_path / "settings.yml"), "--result-file", str(result), "--", *argv)
    subprocess.run(words, cwd=tmp_path, env={**quiet, **env}, stdin=subprocess.DEVNULL, capture_output=True, timeout=100, check=False)
    found: dict[str, Any] = json.loads(result.read_text())
    return found


def labels(run: dict[str, Any]) -> list[str]:
    return [one["diagnosis"]["label"] for one in run["attempts"] if one["diagnosis"]]


def pip(address: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "pip", "download", "--no-deps", "-d", "out", "-i", f"{address}/simple", "aone")


@pytest.fixture
def always(request: pytest.FixtureRequest) -> Iterator[str]:
    with serving(request.param, 999) as address:
        yield address


def test_an_index_in_trouble_that_pip_hides_is_found_and_healed(tmp_path: Path) -> None:
    with serving(502, 2) as address:
        run = ran(tmp_path, *pip(address))
    assert labels(run) == ["dependency_not_found", "service_unavailable"]
    assert run["status"] == "healed"
    assert "pip's own log" in run["attempts"][1]["diagnosis"]["evidence"][0]["text"]
    assert not list(tmp_path.glob(".pipeguard-look-*"))


@pytest.mark.parametrize(("always", "second"), [(404, "dependency_not_found"), (403, "auth_failure")], indirect=["always"])
def test_what_cannot_heal_is_looked_at_once_more_and_no_further(tmp_path: Path, always: str, second: str) -> None:
    run = ran(tmp_path, *pip(always))
    assert labels(run) == ["dependency_not_found", second]
    assert run["attempts"][1]["diagnosis"]["probability"] > 0.9
    assert (run["status"], run["exit_code"]) == ("failed", 1)


@pytest.mark.parametrize("always", [404], indirect=True)
def test_with_probes_what_is_absent_is_not_tried_again(tmp_path: Path, always: str) -> None:
    run = ran(tmp_path, *pip(always), config="probes: on\n")
    assert len(run["attempts"]) == 1
    assert run["attempts"][0]["diagnosis"]["source"] == "telemetry:probe"


@pytest.mark.parametrize("always", [429], indirect=True)
def test_with_probes_a_limit_is_known_at_once(tmp_path: Path, always: str) -> None:
    run = ran(tmp_path, *pip(always), config="probes: on\nattempts: 2\n")
    assert labels(run)[0] == "rate_limited"


@pytest.mark.parametrize("tool", ["curl", "wget"])
@pytest.mark.parametrize("always", [404], indirect=True)
def test_a_silent_download_is_asked_to_name_the_status(tmp_path: Path, always: str, tool: str) -> None:
    need(tool)
    words = ("curl", "-sf", "-o", "x") if tool == "curl" else ("wget", "-q", "-O", "x")
    run = ran(tmp_path, *words, f"{always}/simple/no/a.tgz")
    assert labels(run) == ["unknown", "dependency_not_found"]
    assert run["exit_code"] == (22 if tool == "curl" else 8)


@pytest.mark.parametrize("always", [503], indirect=True)
def test_silent_npm_is_read_in_its_own_log(tmp_path: Path, always: str) -> None:
    need("npm")
    (tmp_path / "package.json").write_text("{}")
    env = {"npm_config_cache": str(tmp_path / "cache"), "npm_config_fetch_retries": "0", "npm_config_registry": always}
    run = ran(tmp_path, "npm", "install", "--silent", "aone", config="attempts: 1\n", **env)
    assert labels(run) == ["service_unavailable"]
    assert run["attempts"][0]["diagnosis"]["entities"]["seen_in"] == "npm's own log"
