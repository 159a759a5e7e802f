"""Real servers in trouble, real clients, and guard that may ask: what is asked of whom, and when the next attempt begins."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from guard.remedies.probing.question import ask
from guard.remedies.probing.service import Service
from tests.remedies.attempted import need
from tests.remedies.caches.python_index import Index

pytestmark = pytest.mark.tools


class Sick(BaseHTTPRequestHandler):
    """Answers with `status` for `seconds` after the first request, then as an index does; notes what it was asked."""

    status, seconds, location = 503, 0.0, ""
    wait_s = 0.0
    first: float | None = None
    noted: list[tuple[str, str, dict[str, str]]]

    def log_message(self, *words: Any) -> None:
        pass

    def _answer(self) -> None:
        own = type(self)
        own.first = own.first or time.monotonic()
        own.noted.append((self.command, self.path, dict(self.headers)))
        if time.monotonic() - own.first >= own.seconds and self.command == "GET":
            Index.do_GET(self)  # type: ignore[arg-type]
            return
        self.send_response(own.status if time.monotonic() - own.first < own.seconds else 200)
        if own.location:
            self.send_header("Location", own.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def __getattr__(self, name: str) -> Any:
        """Every method is answered alike."""
        if name in ("do_GET", "do_HEAD", "do_CONNECT"):
            return self._answer
        raise AttributeError(name)


@contextmanager
def serving(status: int = 503, seconds: float = 1e9, location: str = "") -> Iterator[tuple[int, list[tuple[str, str, dict[str, str]]]]]:
    handler = type("Own", (Sick,), {"status": status, "seconds": seconds, "location": location, "noted": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port, handler.noted  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("status", "up"), [(200, True), (301, True), (401, True), (404, True), (501, True), (500, False), (503, False)])
def test_any_answer_below_500_is_up(status: int, up: bool) -> None:
    with serving(status) as (port, noted):
        answer = ask(Service("http", "127.0.0.1", port, "/simple/"))
    assert answer.up == up
    assert str(status) in answer.told
    assert [(method, path) for method, path, _ in noted] == [("HEAD", "/simple/")]


def test_too_many_is_neither() -> None:
    with serving(429) as (port, _):
        assert ask(Service("http", "127.0.0.1", port)).limited


def test_a_redirect_is_not_followed() -> None:
    with serving(200) as (other, elsewhere), serving(302, location=f"http://127.0.0.1:{other}/") as (port, noted):
        assert ask(Service("http", "127.0.0.1", port)).up
    assert len(noted) == 1
    assert not elsewhere


def test_no_credentials_are_sent_but_to_the_proxy_its_own() -> None:
    with serving(200) as (port, noted):
        ask(Service("http", "127.0.0.1", port))
        ask(Service("http", "up.example", 80, "/x", f"http://me:pw@127.0.0.1:{port}"))
    assert "Authorization" not in noted[0][2]
    assert noted[1][1] == "http://up.example:80/x"
    assert noted[1][2]["Proxy-Authorization"].startswith("Basic ")


@pytest.mark.parametrize(("status", "up"), [(503, False), (407, True)])
def test_a_proxy_in_trouble_is_down_and_one_that_refuses_is_not(status: int, up: bool) -> None:
    with serving(status) as (port, noted):
        assert ask(Service("https", "up.example", 443, "/", f"http://127.0.0.1:{port}")).up == up
    assert noted[0][0] == "CONNECT"


@contextmanager
def talking(say: Callable[[socket.socket], None]) -> Iterator[int]:
    """A listener that does one thing with each connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    taken, _ = listener.accept()
                except OSError:
                    return
                with taken:
                    say(taken)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("say", "words"),
    [
        (lambda taken: taken.recv(100), "hangs up"),
        (lambda taken: taken.sendall(b"SSH-2.0-x\r\n"), "cannot be read"),
        (lambda taken: time.sleep(1.0), "no answer"),
    ],
)
def test_what_is_no_answer_is_down(say: Callable[[socket.socket], None], words: str) -> None:
    with talking(say) as port:
        answer = ask(Service("http", "127.0.0.1", port), seconds=0.5)
    assert not answer.up
    assert words in answer.told


def test_nobody_there_and_no_such_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    assert "refuses" in ask(Service("http", "127.0.0.1", port)).told
    assert not ask(Service("https", "no-such-name.invalid", 443), name_only=True).up
    assert ask(Service("https", "localhost", 443), name_only=True).up
    assert not ask(Service("ssh", "127.0.0.1", port)).up


def test_a_certificate_is_not_what_is_asked_about(tmp_path: Path) -> None:
    need("openssl")
    words = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "k", "-out", "c", "-days", "1", "-subj", "/CN=other.example")
    subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "c", tmp_path / "k")

    def say(taken: socket.socket) -> None:
        with context.wrap_socket(taken, server_side=True) as secure:
            secure.recv(1000)
            secure.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with talking(say) as port:
        assert ask(Service("https", "127.0.0.1", port)).up


def guarded(tmp_path: Path, *argv: str, attempts: int = 2, **env: str) -> subprocess.Popen[bytes]:
    (tmp_path / "settings.yml").write_text(f"probes: on\nattempts: {attempts}\n")
    words = (sys.executable, "-m", "guard", "run", "--config", str(tmp_path / "settings.yml"), "--result-file", str(tmp_path / "result.json"), "--", *argv)
    quiet = {"PIP_RETRIES": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_CACHE_DIR": "1", "PIP_CONFIG_FILE": "/dev/null", "HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    return subprocess.Popen(words, cwd=tmp_path, env={**quiet, **env}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def result(tmp_path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((tmp_path / "result.json").read_text())
    return found


def waited(run: dict[str, Any]) -> dict[str, Any]:
    return next(one["details"] for one in run["attempts"][0]["plan"]["remedies"] if one["name"] == "wait")


def clients(port: int) -> dict[str, tuple[tuple[str, ...], dict[str, str]]]:
    address = f"http://127.0.0.1:{port}"
    return {
        "curl": (("curl", "-fsS", "-o", "x", f"{address}/simple/aone/"), {}),
        "pip": ((sys.executable, "-m", "pip", "download", "--no-deps", "-d", "out", "aone"), {"PIP_INDEX_URL": f"http://user:hunter22@127.0.0.1:{port}/simple"}),
    }  # fmt: skip


@pytest.mark.parametrize("client", ["curl", "pip"])
def test_a_client_is_started_again_when_its_server_answers(tmp_path: Path, client: str) -> None:
    """Sooner than the usual wait of eleven seconds and more, and not before the server is up."""
    with serving(503, 3.0) as (port, noted):
        argv, env = clients(port)[client]
        need(argv[0])
        _, err = guarded(tmp_path, *argv, **env).communicate(timeout=100)
    run = result(tmp_path)
    if client == "pip" and run["attempts"][0]["diagnosis"]["label"] != "service_unavailable":
        pytest.skip("this pip hides the status")
    assert (run["status"], len(run["attempts"])) == ("healed", 2), err
    assert waited(run)["answered_after_s"] < 9
    assert any("answered again after" in one for one in waited(run)["done"])
    assert b"answered again after" in err
    assert "hunter22" not in json.dumps(run)
    assert b"hunter22" not in err
    asked = [(path, headers) for method, path, headers in noted if method == "HEAD"]
    assert asked
    assert all("Authorization" not in headers for _, headers in asked)


def test_npm_is_started_again_when_its_registry_takes_connections(tmp_path: Path) -> None:
    need("npm")
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    (tmp_path / "package.json").write_text('{"name": "x", "version": "1.0.0"}')
    (tmp_path / ".npmrc").write_text(f"registry=http://127.0.0.1:{port}/\nfetch-retries=0\n")
    guard = guarded(tmp_path, "npm", "view", "aone", "--loglevel", "error", npm_config_cache=str(tmp_path / "cache"))
    time.sleep(5)
    server = ThreadingHTTPServer(("127.0.0.1", port), type("Own", (Npm,), {}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        _, err = guard.communicate(timeout=100)
    finally:
        server.shutdown()
        server.server_close()
    run = result(tmp_path)
    assert (run["status"], run["attempts"][0]["diagnosis"]["label"]) == ("healed", "connection_failure"), err
    assert waited(run)["asked"] == [f"127.0.0.1:{port}"]
    assert b"refuses connections" in err


class Npm(BaseHTTPRequestHandler):
    """A registry with one package."""

    def log_message(self, *words: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name in ("do_GET", "do_HEAD"):
            return self._answer
        raise AttributeError(name)

    def _answer(self) -> None:
        body = b'{"name": "aone", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": {"name": "aone", "version": "1.0.0", "dist": {}}}}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


def test_told_to_stop_while_asking(tmp_path: Path) -> None:
    with serving(503) as (port, noted):
        guard = guarded(tmp_path, "curl", "-fsS", f"http://127.0.0.1:{port}/x")
        until = time.monotonic() + 60
        while sum(method == "HEAD" for method, _, _ in noted) < 2 and time.monotonic() < until:
            time.sleep(0.1)
        guard.send_signal(signal.SIGTERM)
        guard.communicate(timeout=20)
    assert guard.returncode == 143
    assert result(tmp_path)["status"] == "interrupted"
    assert len(result(tmp_path)["attempts"]) == 1


def test_a_host_that_only_the_log_names_is_not_asked(tmp_path: Path) -> None:
    with serving(503) as (port, noted), serving(200) as (configured, own):
        script = f"echo 'curl: (22) The requested URL returned error: 503 http://127.0.0.1:{port}/x http://localhost:{port}/' >&2; exit 22"
        (tmp_path / "log.sh").write_text(script)
        guarded(tmp_path, "sh", "log.sh", attempts=1, UNRELATED=f"http://[::1]:{configured}/").communicate(timeout=100)
    assert not noted
    assert not own


def test_git_is_asked_for_at_the_address_that_its_configuration_puts_in_the_place(tmp_path: Path) -> None:
    need("git")
    with serving(503, 2.0) as (port, noted):
        (tmp_path / ".gitconfig").write_text(f'[url "http://127.0.0.1:{port}/"]\n\tinsteadOf = https://code.example/\n')
        guarded(tmp_path, "git", "ls-remote", "https://code.example/team/a.git").communicate(timeout=100)
    asked = [path for method, path, _ in noted if method == "HEAD"]
    assert asked
    assert asked[0].startswith("/team/a.git/info/refs")


def test_the_tools_here_tell_what_is_built_into_them(tmp_path: Path) -> None:
    from guard.remedies.probing.configured import CONFIGURED
    from guard.remedies.probing.configured.protocol import scene
    from guard.types import Command, LogWindow, Outcome, Surroundings, Telemetry

    env = {name: value for name, value in os.environ.items() if name in ("PATH", "RUSTUP_HOME", "CARGO_HOME")} | {"HOME": str(Path.home())}
    for tool, program in {"npm": "npm", "go": "go", "cargo": "cargo", "maven": "mvn"}.items():
        if shutil.which(program) is None:
            continue
        command = Command((program, "x"), cwd=str(tmp_path), env=env)
        failed = Outcome(command, 1, 1, None, "exited", 1.0, LogWindow(), Telemetry())
        found = CONFIGURED[tool].named(scene(failed, Surroundings(home=env["HOME"], workspace=str(tmp_path))))
        assert found.addresses, tool
        assert found.addresses[0].startswith("http"), tool
