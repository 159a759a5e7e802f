"""Variables that the real tools obey, against a server on this machine that fails on purpose."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from guard.remedies import longer_timeouts
from guard.types import (
    Change,
    Diagnosis,
    Outcome,
    Surroundings,
)
from tests.remedies.attempted import attempt, need, said
from tests.remedies.caches import maven_repository, npm_registry, python_index

pytestmark = pytest.mark.tools


class Server:
    """Counts requests; closes each connection without an answer, or answers 503."""

    def __init__(self, answer: bytes) -> None:
        self.requests = 0
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
                with connection:
                    if connection.recv(65536):
                        self.requests += 1
                        connection.sendall(self._answer)
            except OSError:
                return

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def busy() -> Iterator[Server]:
    server = Server(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    yield server
    server.close()


@pytest.fixture
def rude() -> Iterator[Server]:
    server = Server(b"")
    yield server
    server.close()


def changed(outcome: Outcome, tool: str, label: str = "connection_failure") -> Change:
    change = longer_timeouts.propose(Diagnosis(label, 0.9, "x", entities={"tool": tool}), outcome, Surroundings())
    assert isinstance(change, Change)
    return change


def test_pip_tries_again_more_often(tmp_path: Path, rude: Server) -> None:
    import sys

    env = {"PIP_RETRIES": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_CACHE_DIR": "1"}
    argv = (sys.executable, "-m", "pip", "download", "--no-deps", "-d", "out", "-i", f"{rude.url}/simple", "nothing")
    first = attempt(*argv, cwd=tmp_path, env=env)
    before, rude.requests = rude.requests, 0
    change = changed(first, "pip")
    assert change.env["PIP_RETRIES"] == "10"
    # Ten tries take pip's own backoff of minutes: fewer show the same.
    attempt(*argv, cwd=tmp_path, env={**env, "PIP_RETRIES": "2"})
    assert (before, rude.requests) == (1, 3)


def test_npm_reads_the_names(tmp_path: Path) -> None:
    need("npm")
    (tmp_path / "package.json").write_text("{}")
    first = attempt("npm", "config", "get", "fetch-timeout", cwd=tmp_path)
    change = changed(first, "npm")
    for key, value in (("fetch-timeout", "600000"), ("fetch-retries", "5"), ("fetch-retry-maxtimeout", "120000")):
        assert said(attempt("npm", "config", "get", key, cwd=tmp_path, change=change)).strip().endswith(value)


def test_cargo_tries_again_more_often(tmp_path: Path, busy: Server) -> None:
    need("cargo")
    (tmp_path / "src").mkdir()
    (tmp_path / "src/main.rs").write_text("fn main() {}")
    (tmp_path / "Cargo.toml").write_text(
        '[package]\nname = "x"\nversion = "0.1.0"\n[dependencies]\nnothing = {version = "1", registry = "r"}\n'
    )
    env = {"CARGO_REGISTRIES_R_INDEX": f"sparse+{busy.url}/", "CARGO_HOME": str(tmp_path / "home"), "CARGO_NET_RETRY": "1"}
    first = attempt("cargo", "fetch", cwd=tmp_path, env=env)
    if "rustup" in said(first):
        pytest.skip("cargo is a rustup proxy that does not work with another home")
    before, busy.requests = busy.requests, 0
    assert changed(first, "cargo").env["CARGO_NET_RETRY"] == "8"
    attempt("cargo", "fetch", cwd=tmp_path, env={**env, "CARGO_NET_RETRY": "2"})
    assert (before, busy.requests) == (2, 3)


def test_git_waits_longer_where_a_limit_was_set(tmp_path: Path) -> None:
    need("git")
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/x.git"
    env = {"GIT_HTTP_LOW_SPEED_LIMIT": "1000", "GIT_HTTP_LOW_SPEED_TIME": "1"}
    first = attempt("git", "clone", "-q", url, "x", cwd=tmp_path, env=env)
    assert "Operation too slow" in said(first)
    change = changed(first, "git", "network_timeout")
    second = attempt("timeout", "4", "git", "clone", "-q", url, "x", cwd=tmp_path, env=env, change=change)
    assert second.exit_code == 124, said(second)
    listener.close()


def test_maven_tries_again_more_often(tmp_path: Path, rude: Server) -> None:
    need("mvn")
    (tmp_path / "s.xml").write_text("<settings/>")
    (tmp_path / "pom.xml").write_text(
        "<project><modelVersion>4.0.0</modelVersion><parent><groupId>g</groupId><artifactId>p</artifactId><version>1</version>"
        "<relativePath/></parent><artifactId>a</artifactId><repositories><repository><id>central</id>"
        f"<url>{rude.url}/</url></repository></repositories></project>"
    )
    argv = ("mvn", "-q", "-B", "-s", "s.xml", "-gs", "s.xml", f"-Dmaven.repo.local={tmp_path}/r", "validate")
    env = {"MAVEN_OPTS": "-Dmaven.wagon.http.retryHandler.count=0 -Daether.connector.http.retryHandler.count=0"}
    first = attempt(*argv, cwd=tmp_path, env=env)
    before, rude.requests = rude.requests, 0
    shutil.rmtree(tmp_path / "r")
    attempt(*argv, cwd=tmp_path, env=env, change=changed(first, "maven"))
    assert (before, rude.requests) == (1, 7)


@pytest.fixture
def slow_registry() -> Iterator[str]:
    with npm_registry.serving(wait_s=1.4) as address:
        yield address


@pytest.fixture
def slow_index() -> Iterator[str]:
    with python_index.serving(wait_s=1.4) as address:
        yield address


def waits_longer(tmp_path: Path, tool: str, *argv: str, env: dict[str, str]) -> Change:
    """What gave up on a server that needs more than a second for an answer passes with the change."""
    first = attempt(*argv, cwd=tmp_path, env=env)
    assert first.exit_code != 0, said(first)
    change = changed(first, tool, "network_timeout")
    second = attempt(*argv, cwd=tmp_path, env=env, change=change)
    assert second.exit_code == 0, said(second)
    return change


def package_json(cwd: Path) -> None:
    (cwd / "package.json").write_text('{"name": "t", "version": "1.0.0", "dependencies": {"aone": "1.0.0"}}')


def test_yarn_1_waits_longer(tmp_path: Path, slow_registry: str, yarn_classic: str) -> None:
    package_json(tmp_path)
    (tmp_path / ".yarnrc").write_text(f'registry "{slow_registry}"\n')
    env = {"HOME": str(tmp_path), "YARN_CACHE_FOLDER": str(tmp_path / "cache"), "npm_config_network_timeout": "500"}
    change = waits_longer(tmp_path, "yarn", yarn_classic, "install", "--non-interactive", env=env)
    assert change.env["npm_config_network_timeout"] == "300000"


def test_yarn_4_waits_longer(tmp_path: Path, slow_registry: str, yarn_berry: str) -> None:
    package_json(tmp_path)
    (tmp_path / ".yarnrc.yml").write_text(f'npmRegistryServer: "{slow_registry}"\nunsafeHttpWhitelist: ["127.0.0.1"]\nnodeLinker: node-modules\n')
    env = {"HOME": str(tmp_path), "YARN_ENABLE_TELEMETRY": "0", "YARN_NPM_MINIMAL_AGE_GATE": "0", "YARN_HTTP_RETRY": "0", "YARN_HTTP_TIMEOUT": "500"}
    change = waits_longer(tmp_path, "yarn", yarn_berry, "install", "--no-immutable", env=env)
    assert (change.env["YARN_HTTP_TIMEOUT"], change.env["YARN_HTTP_RETRY"]) == ("300000", "8")


def test_pnpm_tries_again_more_often(tmp_path: Path, busy: Server, pnpm: str) -> None:
    """Its `fetch-timeout` is read and does nothing in version 10: for a server that never answers it waits for ever."""
    package_json(tmp_path)
    env = {
        "HOME": str(tmp_path), "npm_config_registry": busy.url, "npm_config_fetch_retries": "1",
        "npm_config_fetch_retry_mintimeout": "1", "npm_config_fetch_retry_factor": "1",
    }  # fmt: skip
    argv = (pnpm, "install", "--no-frozen-lockfile")
    first = attempt(*argv, cwd=tmp_path, env=env)
    before, busy.requests = busy.requests, 0
    change = changed(first, "pnpm")
    assert (change.env["npm_config_fetch_timeout"], change.env["npm_config_fetch_retries"]) == ("600000", "5")
    attempt(*argv, cwd=tmp_path, env=env, change=change)
    # Four tries more; pnpm asks for something else besides, once each time.
    assert busy.requests - before == 4


def test_uv_waits_longer(tmp_path: Path, slow_index: str, uv: str) -> None:
    import sys

    env = {"HOME": str(tmp_path), "UV_DEFAULT_INDEX": slow_index, "UV_HTTP_TIMEOUT": "1", "UV_HTTP_RETRIES": "0"}
    change = waits_longer(tmp_path, "uv", uv, "pip", "install", "--python", sys.executable, "--target", "out", "aone", env=env)
    assert (change.env["UV_HTTP_TIMEOUT"], change.env["UV_HTTP_RETRIES"]) == ("180", "8")


def test_go_has_no_variable_for_it(tmp_path: Path) -> None:
    outcome = attempt("true", "go", "mod", "download", cwd=tmp_path)
    diagnosis = Diagnosis("network_timeout", 0.9, "x", entities={"tool": "go"})
    assert longer_timeouts.propose(diagnosis, outcome, Surroundings()) is None


def test_gradle_waits_longer(tmp_path: Path) -> None:
    """The time-outs; of the retries Gradle 4.4, the newest that a distribution has, knows nothing yet."""
    need("gradle")
    with maven_repository.serving(wait_s=1.2) as address:
        (tmp_path / "build.gradle").write_text(
            f'repositories {{ maven {{ url "{address}" }} }}\nconfigurations {{ own }}\ndependencies {{ own "g:aone:1" }}\n'
            "task show { doLast { println configurations.own.files } }\n"
        )
        env = {"GRADLE_USER_HOME": str(tmp_path / "home"), "GRADLE_OPTS": "-Dorg.gradle.internal.http.socketTimeout=500"}
        change = waits_longer(tmp_path, "gradle", "gradle", "--no-daemon", "-q", "show", env=env)
    assert "-Dorg.gradle.internal.http.socketTimeout=180000" in str(change.env["GRADLE_OPTS"])
