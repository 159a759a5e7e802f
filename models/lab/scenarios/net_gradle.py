"""Gradle in bad weather: one dependency of a small Java project, from a Maven repository."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Weather, scenario
from models.lab.weather_clients import GRADLE
from models.lab.weather_noise import LISTING, UNITTEST, UNITTEST_RUN

_NEEDS = ("gradle", "mvn")
_JAR = r"commons-lang3.*\.jar$"
_LANG = "commons-lang3"


@scenario("gradle/weather-server-error", label="service_unavailable", heals="wait", needs=_NEEDS)
def _server_error() -> Iterator[Case]:
    yield GRADLE.case("503", Weather("503", hits=6, path=_LANG), proof="Received status code 503 from server")
    yield GRADLE.case("502-stacktrace", Weather("502", hits=6, path=_LANG, seed=2), "gradle --no-daemon --console=plain --stacktrace assemble", proof="Received status code 502 from server")


@scenario("gradle/weather-limited", label="rate_limited", heals="wait", needs=_NEEDS)
def _limited() -> Iterator[Case]:
    yield GRADLE.case("429", Weather("429", hits=6, path=_LANG, seed=3), f"{UNITTEST_RUN}\ngradle --no-daemon build", files=UNITTEST, proof="Received status code 429 from server")


@scenario("gradle/weather-connection", label="connection_failure", heals="wait", needs=_NEEDS)
def _connection() -> Iterator[Case]:
    yield GRADLE.case("cut", Weather("truncate", hits=6, path=_LANG, seed=2), proof="Premature end of Content-Length")
    yield GRADLE.case("chunks-cut", Weather("cut", hits=6, path=_LANG, seed=4), f"{LISTING}\ngradle --no-daemon compileJava", proof=r"org\.apache\.http\.")


@scenario("gradle/weather-time-out", label="network_timeout", heals="wait", needs=_NEEDS)
def _time_out() -> Iterator[Case]:
    yield GRADLE.case("silent", Weather("silent", hits=6, path=_LANG), "gradle --no-daemon --info compileJava", proof="Read timed out")


@scenario("gradle/weather-name", label="dns_failure", heals="wait", needs=_NEEDS, root=True)
def _name() -> Iterator[Case]:
    yield GRADLE.case("temporary", Weather("dns_again", seconds=25), proof="Temporary failure in name resolution|UnknownHost|Name or service")


@scenario("gradle/weather-certificate", label="tls_error", needs=_NEEDS)
def _certificate() -> Iterator[Case]:
    yield GRADLE.case("self-signed", Weather("tls", seed=2), proof="PKIX path|certification path|SSLHandshake")
    yield GRADLE.case("plain-text", Weather("tls_plain", seed=5), proof="Unsupported or unrecognized SSL message")


@scenario("gradle/weather-denied", label="auth_failure", needs=_NEEDS)
def _denied() -> Iterator[Case]:
    yield GRADLE.case("401", Weather("401", path=_LANG), proof="Received status code 401 from server")


@scenario("gradle/weather-gone", label="dependency_not_found", needs=_NEEDS)
def _gone() -> Iterator[Case]:
    yield GRADLE.case("404", Weather("missing", path=_LANG, seed=6), proof="Could not find org.apache.commons:commons-lang3:3.14.0")


@scenario("gradle/weather-spoiled", label="corrupt_artifact", heals="purge_cache", needs=_NEEDS)
def _spoiled() -> Iterator[Case]:
    yield GRADLE.case("half-a-pom", Weather("short", hits=2, path=rf"{_LANG}.*\.pom$"), proof="Could not parse POM")
    yield GRADLE.case("bad-sum", Weather("flip", hits=1, path=rf"{_LANG}.*\.sha1$", seed=2), heals="wait", proof="under radix 16")


@scenario("gradle/weather-passed", label=PASSED, needs=_NEEDS)
def _passed() -> Iterator[Case]:
    yield GRADLE.case("calm", Weather("calm"), "gradle --no-daemon --console=plain build")
