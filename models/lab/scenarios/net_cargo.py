"""cargo in bad weather: the sparse index and the crates of a registry that stands in for the default one."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Weather, scenario
from models.lab.weather_clients import CARGO
from models.lab.weather_noise import C_BUILD, C_RUN, LISTING, UNITTEST, UNITTEST_RUN

_CRATE = r"/download"
_FETCH = "cargo fetch"


@scenario("cargo/weather-server-error", label="service_unavailable", heals="wait")
def _server_error() -> Iterator[Case]:
    yield CARGO.case("index-503", Weather("503", seconds=8), "cargo build", proof=r"503")
    yield CARGO.case("crate-500", Weather("500", hits=8, path=_CRATE, seed=2), f"{_FETCH} -v", proof=r"got 500|code: 500|500")
    yield CARGO.case("crate-502-quiet", Weather("502", hits=8, path=_CRATE, seed=3), f"{UNITTEST_RUN}\ncargo build --quiet", files=UNITTEST, proof=r"got 502|code: 502|502")


@scenario("cargo/weather-limited", label="rate_limited", heals="wait")
def _limited() -> Iterator[Case]:
    yield CARGO.case("crate-429", Weather("429", hits=8, path=_CRATE), _FETCH, proof=r"got 429|429")
    yield CARGO.case("index-429", Weather("429", seconds=8, retry_after="1", seed=2), "cargo check --color always", proof=r"429")


@scenario("cargo/weather-connection", label="connection_failure", heals="wait")
def _connection() -> Iterator[Case]:
    yield CARGO.case("refused", Weather("refused", seconds=8), "cargo build", proof=r"Could not connect|Couldn't connect|Failed to connect")
    yield CARGO.case("reset", Weather("reset", hits=8, path=_CRATE, seed=2), f"{LISTING}\ncargo build --locked || cargo build", proof=r"reset by peer")
    yield CARGO.case("cut", Weather("truncate", hits=8, path=_CRATE, seed=3), _FETCH, proof=r"\[18\]|transfer closed|partial")


@scenario("cargo/weather-time-out", label="network_timeout", heals="wait")
def _time_out() -> Iterator[Case]:
    yield CARGO.case("silent", Weather("silent", hits=8, path=_CRATE), _FETCH, env={"CARGO_HTTP_TIMEOUT": "2"}, proof=r"[Tt]imeout|timed out|failed to transfer more than")
    yield CARGO.case("index-connect", Weather("no_answer", seconds=8, seed=2), "cargo check", env={"CARGO_HTTP_TIMEOUT": "2"}, proof=r"[Tt]imeout|timed out|failed to transfer more than")


@scenario("cargo/weather-name", label="dns_failure", heals="wait", root=True)
def _name() -> Iterator[Case]:
    yield CARGO.case("index", Weather("dns", seconds=6), "cargo build", proof=r"Could not resolve host(?:name)?")


@scenario("cargo/weather-certificate", label="tls_error")
def _certificate() -> Iterator[Case]:
    yield CARGO.case("self-signed", Weather("tls"), "cargo build", proof=r"self-signed certificate|certificate")
    yield CARGO.case("expired", Weather("tls_expired", seed=2), "cargo update", proof=r"certificate has expired|certificate")


@scenario("cargo/weather-denied", label="auth_failure")
def _denied() -> Iterator[Case]:
    yield CARGO.case("403", Weather("403", path=_CRATE), _FETCH, proof=r"403")


@scenario("cargo/weather-gone", label="dependency_not_found")
def _gone() -> Iterator[Case]:
    yield CARGO.case("index-404", Weather("missing", path="it/oa"), "cargo build", proof=r"no matching package named")
    yield CARGO.case("crate-404", Weather("missing", path=_CRATE, seed=2), _FETCH, proof=r"404")


@scenario("cargo/weather-spoiled", label="corrupt_artifact", heals="purge_cache")
def _spoiled() -> Iterator[Case]:
    yield CARGO.case("flipped", Weather("flip", hits=1, path=_CRATE), _FETCH, proof=r"failed to verify the checksum")
    yield CARGO.case("short", Weather("short", hits=1, path=_CRATE, seed=2), f"{C_RUN}\ncargo build", files=C_BUILD, proof=r"failed to verify the checksum")


@scenario("cargo/weather-survived", label="compile_error")
def _survived() -> Iterator[Case]:
    broken = "fn main() {\n    let timeout: u32 = \"503\";\n    println!(\"{timeout}\");\n}\n"
    yield CARGO.case("503-then-types", Weather("503", hits=1, path=_CRATE), "cargo check", files={"src/main.rs": broken}, env={"CARGO_NET_RETRY": "3"}, proof=r"^error\[E0308\]")


@scenario("cargo/weather-passed", label=PASSED)
def _passed() -> Iterator[Case]:
    yield CARGO.case("reset-once", Weather("reset", hits=1, path=_CRATE), "cargo fetch -v\ncargo tree\ncargo check -v", env={"CARGO_NET_RETRY": "3"})
