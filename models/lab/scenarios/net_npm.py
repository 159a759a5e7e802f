"""npm in bad weather."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Weather, scenario
from models.lab.weather_clients import NPM
from models.lab.weather_noise import CLEANUP, LISTING, NODE_RUN, NODE_TEST

_RUN = "npm install --no-audit --no-fund"
_FILE = r"\.tgz"
_ONCE = {"npm_config_fetch_retries": "0"}


@scenario("npm/weather-server-error", label="service_unavailable", heals="wait")
def _server_error() -> Iterator[Case]:
    yield NPM.case("page-503", Weather("503", seconds=12), proof=r"^npm error (?:code E503|503)")
    yield NPM.case("file-500", Weather("500", seconds=12, path=_FILE, seed=2), f"{_RUN} --loglevel http", proof=r"^npm error (?:code E500|500)")
    yield NPM.case("502-verbose", Weather("502", seconds=10, seed=3), f"{NODE_RUN}\n{_RUN} --loglevel verbose", files=NODE_TEST, env=_ONCE, proof=r"^npm error (?:code E502|502)")
    yield NPM.case("504-view", Weather("504", seconds=10, seed=4), "npm view minimist version", env=_ONCE, proof=r"^npm error (?:code E504|504)")


@scenario("npm/weather-limited", label="rate_limited", heals="wait")
def _limited() -> Iterator[Case]:
    yield NPM.case("429", Weather("429", seconds=12), proof=r"^npm error (?:code E429|429)")
    yield NPM.case("429-file", Weather("429", seconds=12, path=_FILE, retry_after="1", seed=2), f"set -x\n{_RUN} --color=always\n", env=_ONCE, proof=r"E429|429 Too Many")


@scenario("npm/weather-connection", label="connection_failure", heals="wait")
def _connection() -> Iterator[Case]:
    yield NPM.case("refused", Weather("refused", seconds=10), proof=r"^npm error code ECONNREFUSED|^npm error .*ECONNREFUSED")
    yield NPM.case("reset", Weather("reset", seconds=10, seed=2), f"{_RUN} --verbose", env=_ONCE, proof=r"^npm error code ECONNRESET|^npm error network .*ECONNRESET")
    yield NPM.case("hang-up", Weather("close", seconds=10, seed=3), f"{LISTING}\n{_RUN}", env=_ONCE, proof=r"socket hang up|ECONNRESET")
    yield NPM.case("no-route", Weather("no_route", seed=4), f"{_RUN}", env=_ONCE, proof=r"EHOSTUNREACH")
    yield NPM.case("file-reset", Weather("reset_body", path=_FILE, seconds=12, seed=5), f"{_RUN}", env=_ONCE, proof=r"ECONNRESET|aborted")


@scenario("npm/weather-time-out", label="network_timeout", heals="wait")
def _time_out() -> Iterator[Case]:
    short = {**_ONCE, "npm_config_fetch_timeout": "2500"}
    yield NPM.case("silent", Weather("silent", seconds=9), env=short, proof=r"ERR_SOCKET_TIMEOUT|[Nn]etwork timeout|Socket timeout|ETIMEDOUT|response timeout|FETCH_ERROR|idle")


@scenario("npm/weather-name", label="dns_failure", heals="wait", root=True)
def _name() -> Iterator[Case]:
    yield NPM.case("not-found", Weather("dns", seconds=6), env=_ONCE, proof=r"ENOTFOUND")
    yield NPM.case("again", Weather("dns_again", seconds=8, seed=2), f"{_RUN} --verbose\n{CLEANUP}", env=_ONCE, proof=r"EAI_AGAIN")


@scenario("npm/weather-certificate", label="tls_error")
def _certificate() -> Iterator[Case]:
    yield NPM.case("self-signed", Weather("tls"), env=_ONCE, proof=r"SELF_SIGNED|self-signed certificate")
    yield NPM.case("expired", Weather("tls_expired", seed=2), env=_ONCE, proof=r"CERT_HAS_EXPIRED|certificate has expired")
    yield NPM.case("other-host", Weather("tls_host", seed=3), env=_ONCE, proof=r"ERR_TLS_CERT_ALTNAME_INVALID|does not match certificate")
    yield NPM.case("plain-text", Weather("tls_plain", seed=4), env=_ONCE, proof=r"wrong version number|EPROTO|packet length")


@scenario("npm/weather-denied", label="auth_failure")
def _denied() -> Iterator[Case]:
    yield NPM.case("401", Weather("401"), proof=r"E401|Unable to authenticate")
    yield NPM.case("403", Weather("403", seed=2), "npm ci --no-audit || npm install --no-audit", proof=r"^npm error (?:code E403|403)")


@scenario("npm/weather-gone", label="dependency_not_found")
def _gone() -> Iterator[Case]:
    yield NPM.case("404", Weather("missing", path="dayjs"), proof=r"^npm error (?:code E404|404)")
    yield NPM.case("file-404", Weather("missing", path=_FILE, seed=2), f"{_RUN} --verbose", proof=r"^npm error (?:code E404|404)")
    yield NPM.case("version", Weather("calm", seed=3), "npm install --no-audit dayjs@9.9.9", proof=r"ETARGET|No matching version")


@scenario("npm/weather-spoiled", label="corrupt_artifact", heals="purge_cache")
def _spoiled() -> Iterator[Case]:
    yield NPM.case("flipped", Weather("flip", path=r"dayjs.*tgz", seconds=15), env=_ONCE, proof=r"EINTEGRITY|^npm error code Z_DATA_ERROR|seems to be corrupted")
    yield NPM.case("short", Weather("short", path=r"minimist.*tgz", seconds=15, seed=2), f"{NODE_RUN}\n{_RUN}", files=NODE_TEST, env=_ONCE, proof=r"EINTEGRITY|TAR_BAD_ARCHIVE|integrity|Z_BUF_ERROR")


@scenario("npm/weather-survived", label="test_failure")
def _survived() -> Iterator[Case]:
    test = "import test from 'node:test';\nimport assert from 'node:assert';\ntest('shows ECONNRESET as offline', () => {\n  assert.strictEqual(['offline', 'online'].indexOf('online'), 0);\n});\n"
    yield NPM.case("503-then-assert", Weather("503", hits=1), f"{_RUN} --loglevel http\n{NODE_RUN}", files={**NODE_TEST, "test/state.test.mjs": test}, proof=r"^\s*AssertionError|1 !== 0")
    yield NPM.case(
        "reset-then-missing-export", Weather("reset", hits=1, seed=2), f"{_RUN} --verbose\nnode build.mjs", files={"build.mjs": "import { retry } from './retry.mjs';\nretry();\n", "retry.mjs": "export const again = 1;\n"},
        label="compile_error", proof=r"^SyntaxError: ",
    )  # fmt: skip


@scenario("npm/weather-passed", label=PASSED)
def _passed() -> Iterator[Case]:
    yield NPM.case("503-once", Weather("503", hits=1), f"{_RUN} --loglevel http\nnpm ls --all\n{NODE_RUN}", files=NODE_TEST)
    yield NPM.case("reset-once", Weather("reset", hits=1, seed=2), f"{_RUN} --verbose\n{NODE_RUN}", files=NODE_TEST)
