"""A configured address becomes a question without credentials, past or through its proxy; the log chooses and never adds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from guard.remedies.probing import services
from guard.remedies.probing.configured import built_in
from guard.remedies.probing.service import Service, service
from guard.types import Diagnosis, Surroundings
from tests.unit.by_hand import diagnosis, outcome


@pytest.fixture(autouse=True)
def _nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(built_in, "said", lambda *words, **more: "")
    monkeypatch.setattr(built_in, "by_python", lambda *words: "")
    monkeypatch.setattr(built_in, "program", lambda *words: None)


@pytest.mark.parametrize(
    ("address", "path", "found"),
    [
        ("https://a.example/simple/", "", Service("https", "a.example", 443, "/simple/")),
        ("http://a.example:8081", "", Service("http", "a.example", 8081, "/")),
        ("https://user:pw@a.example/s", "", Service("https", "a.example", 443, "/s")),
        ("https://a.example/s?token=abc", "", Service("https", "a.example", 443, "/")),
        ("https://a.example/index/", "config.json", Service("https", "a.example", 443, "/index/config.json")),
        ("ssh://git@a.example:2222/x.git", "", Service("ssh", "a.example", 2222)),
        ("git@a.example:team/x.git", "", Service("ssh", "a.example", 22)),
        ("http://[::1]:8080/", "", Service("http", "::1", 8080)),
        ("http://169.254.169.254/latest/", "", Service("http", "169.254.169.254", 80, "/latest/")),
        ("file:///etc/passwd", "", None),
        ("ftp://a.example/x", "", None),
        ("https:///x", "", None),
        ("https://a.example:99999/", "", None),
        ("https://a.example:0/", "", None),
        ("https://a b/", "", None),
        ("https://a.example/a b", "", Service("https", "a.example", 443, "/")),
        ("https://a.example/" + "x" * 2000, "", Service("https", "a.example", 443, "/")),
        ("http://[bad/", "", None),
        ("javascript:alert(1)", "", None),
        ("", "", None),
    ],
)
def test_what_can_be_asked(address: str, path: str, found: Service | None) -> None:
    assert service(address, path, env={}) == found


def test_a_path_that_would_break_the_request_in_two_is_not_sent() -> None:
    made = service("https://a.example/x\r\nHost: evil.example", env={})
    assert made is None or ("\r" not in made.path and "\n" not in made.path and " " not in made.path)


def test_nothing_that_is_shown_holds_a_password() -> None:
    made = service("https://user:hunter22@a.example:8443/x", env={"HTTPS_PROXY": "http://me:hunter33@proxy.example:3128"})
    assert made is not None
    assert made.told == "a.example:8443"
    assert "hunter22" not in repr(made)


@pytest.mark.parametrize(
    ("env", "own", "proxy"),
    [
        ({}, "", ""),
        ({"HTTPS_PROXY": "http://p.example:1"}, "", "http://p.example:1"),
        ({"https_proxy": "p.example:1"}, "", "http://p.example:1"),
        ({"HTTP_PROXY": "http://p.example:1"}, "", ""),
        ({"ALL_PROXY": "http://p.example:1"}, "", "http://p.example:1"),
        ({"HTTPS_PROXY": "http://p.example:1", "NO_PROXY": "localhost,.example"}, "", ""),
        ({"HTTPS_PROXY": "http://p.example:1", "no_proxy": "*"}, "", ""),
        ({"HTTPS_PROXY": "http://p.example:1", "NO_PROXY": "other.example"}, "", "http://p.example:1"),
        ({"HTTPS_PROXY": "http://p.example:1"}, "http://own.example:2", "http://own.example:2"),
    ],
)
def test_the_way_goes_through_the_proxy_that_is_configured(env: dict[str, str], own: str, proxy: str) -> None:
    made = service("https://a.example/", env=env, proxy=own)
    assert made is not None
    assert made.proxy == proxy


@pytest.mark.parametrize("proxy", ["socks5://p.example:1080", "https://p.example:443", "http://", "http://p.example:port"])
def test_where_the_proxy_cannot_be_passed_nothing_is_asked_past_it(proxy: str) -> None:
    assert service("https://a.example/", env={"HTTPS_PROXY": proxy}) is None


DOWN = "service_unavailable"
TWO = {"PIP_INDEX_URL": "https://user:pw@one.example/simple", "PIP_EXTRA_INDEX_URL": "https://two.example/simple"}


def asked(found: Diagnosis, *argv: str, log: bytes = b"", env: dict[str, str] | None = None, **more: Any) -> list[str]:
    failed = outcome(*argv, log=log, env=env or {}, **more)
    return [one.told for one in services.services(found, failed, Surroundings(home="/nowhere", workspace="/nowhere"))]


def test_the_log_chooses_between_what_is_configured() -> None:
    line = "ERROR: HTTP error 503 while getting https://two.example/simple/x/"
    assert asked(diagnosis(DOWN, line, tool="pip"), "pip", "install", "x", env=TWO) == ["two.example"]
    assert asked(diagnosis(DOWN, "503", tool="pip"), "pip", "install", "x", env=TWO, log=line.encode()) == ["two.example"]
    assert asked(diagnosis(DOWN, "503", tool="pip"), "pip", "install", "x", env=TWO) == ["one.example", "two.example"]


@pytest.mark.parametrize("host", ["internal.corp.example", "169.254.169.254", "metadata.example", "xtwo.example", "two.example.evil.example", "localhost:6379"])
def test_the_log_adds_no_host(host: str) -> None:
    found = diagnosis(DOWN, f"503 Server Error for url: https://{host}/x", tool="pip", host=host)
    assert asked(found, "pip", "install", "x", env=TWO) == ["one.example", "two.example"]
    assert asked(found, "pip", "install", "x") == []
    assert asked(replace(found, entities={"host": host}), "./build.sh") == []


def test_a_tool_that_only_the_log_names_is_asked_by_its_own_configuration() -> None:
    assert asked(diagnosis(DOWN, "npm error 503", tool="npm"), "./build.sh", env={"npm_config_registry": "https://n.example/"}) == ["n.example"]


def test_a_host_that_only_stands_somewhere_in_the_log_does_not_lead_away_from_the_tool() -> None:
    env = {"npm_config_registry": "https://n.example/", "GITHUB_SERVER_URL": "https://code.example"}
    log = b"Fetching https://code.example/team/app\nnpm error code E503\n"
    assert asked(diagnosis(DOWN, "npm error code E503", tool="npm"), "npm", "ci", env=env, log=log) == ["n.example"]
    assert asked(diagnosis(DOWN, "503 from https://code.example/x", tool="npm"), "npm", "ci", env=env, log=log) == ["code.example"]


def test_a_program_of_the_users_own_is_asked_for_only_what_the_log_names() -> None:
    env = {"BACKEND": "https://backend.example/v1", "CI_API": "https://ci.example/api"}
    assert asked(diagnosis(DOWN, "Error: 503 from https://backend.example/v1/run"), "node", "fetch.js", env=env) == ["backend.example"]
    assert asked(diagnosis(DOWN, "Error: 503"), "node", "fetch.js", env=env) == []


def test_the_variable_that_the_users_own_program_reads_is_its_configuration(tmp_path: Path) -> None:
    (tmp_path / "fetch.js").write_text("fetch(`${process.env.BACKEND}/v1/run`) // not process.env.OTHERS\n")
    env = {"BACKEND": "https://backend.example/v1", "OTHER": "https://other.example/"}
    assert asked(diagnosis(DOWN, "Error: 503"), "node", "fetch.js", env=env, cwd=tmp_path) == ["backend.example"]
    assert asked(diagnosis(DOWN, "Error: 503"), "./sync", "https://typed.example/a?key=1", env=env) == ["typed.example"]


def test_a_metadata_address_is_asked_where_the_user_configured_it_himself() -> None:
    line = "curl: (7) Failed to connect to 169.254.169.254 port 80"
    assert asked(diagnosis("connection_failure", line, tool="curl"), "curl", "http://169.254.169.254/latest/") == ["169.254.169.254"]


def test_at_most_three_hosts_each_once() -> None:
    script = "\n".join(f"curl -O https://h{number % 5}.example/{number}" for number in range(20))
    assert asked(diagnosis(DOWN, "curl: (22) 503", tool="curl"), script=script) == ["h0.example", "h1.example", "h2.example"]
