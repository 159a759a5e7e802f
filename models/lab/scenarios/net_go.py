"""go in bad weather: a module proxy that fails; programs of the project that fetch."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import Case, Weather, scenario
from models.lab.weather_clients import GO
from models.lab.weather_noise import C_BUILD, C_RUN, LISTING, UNITTEST, UNITTEST_RUN

_GET = "go mod download -x"
_PLAIN = "go mod download"
_ZIP = r"\.zip"


@scenario("go/weather-server-error", label="service_unavailable", heals="wait")
def _server_error() -> Iterator[Case]:
    yield GO.case("mod-503", Weather("503", hits=2), _PLAIN, proof=r"503 Service Unavailable")
    yield GO.case("zip-502", Weather("502", hits=2, path=_ZIP, seed=2), f"{LISTING}\n{_GET}", proof=r"502 Bad Gateway")
    yield GO.case("build-500", Weather("500", hits=2, seed=3), "go build ./...", proof=r"500 Internal Server Error")
    yield GO.case("get-504", Weather("504", hits=2, seed=4), "go get github.com/spf13/cobra@v1.8.1", proof=r"504 Gateway")


@scenario("go/weather-limited", label="rate_limited", heals="wait")
def _limited() -> Iterator[Case]:
    yield GO.case("429", Weather("429", seconds=10), _PLAIN, proof=r"429 Too Many Requests")
    yield GO.case("tidy-429", Weather("429", seconds=12, seed=2), f"{UNITTEST_RUN}\ngo mod tidy", files=UNITTEST, proof=r"429 Too Many Requests")


@scenario("go/weather-connection", label="connection_failure", heals="wait")
def _connection() -> Iterator[Case]:
    yield GO.case("refused", Weather("refused", seconds=4), _PLAIN, proof=r"connection refused")
    yield GO.case("reset", Weather("reset", hits=4, path=_ZIP, seed=2), "go vet ./...", proof=r"connection reset by peer")
    yield GO.case("eof", Weather("close", hits=6, seed=3), _GET, proof=r"\bEOF$|: EOF|unexpected EOF")
    yield GO.case("cut-zip", Weather("truncate", hits=6, path=_ZIP, seed=4), f"{C_RUN}\n{_PLAIN}", files=C_BUILD, proof=r"unexpected EOF")
    yield GO.case("no-route", Weather("no_route", seed=5), _PLAIN, proof=r"no route to host")


@scenario("go/weather-name", label="dns_failure", heals="wait", root=True)
def _name() -> Iterator[Case]:
    yield GO.case("no-such-host", Weather("dns", seconds=3), "go list -m all", proof=r"no such host")
    yield GO.case("misbehaving", Weather("dns_again", seconds=4, seed=2), _PLAIN, proof=r"server misbehaving|Temporary failure")


@scenario("go/weather-lookup-silent", label="dns_failure", heals="wait", root=True)
def _lookup() -> Iterator[Case]:
    yield GO.case("lookup-time-out", Weather("dns_silent", seconds=8, seed=3), _PLAIN, proof=r"lookup .*(?:i/o timeout|misbehaving|no such host)")


@scenario("go/weather-certificate", label="tls_error")
def _certificate() -> Iterator[Case]:
    yield GO.case("unknown-authority", Weather("tls"), _PLAIN, proof=r"x509: certificate signed by unknown authority|x509:")
    yield GO.case("expired", Weather("tls_expired", seed=2), "go build ./...", proof=r"x509: certificate has expired")
    yield GO.case("other-host", Weather("tls_host", seed=3), f"{UNITTEST_RUN}\n{_GET}", files=UNITTEST, proof=r"x509: certificate is valid for")
    yield GO.case("plain-text", Weather("tls_plain", seed=4), _PLAIN, proof=r"server gave HTTP response to HTTPS client|first record does not look like")


@scenario("go/weather-denied", label="auth_failure")
def _denied() -> Iterator[Case]:
    yield GO.case("403", Weather("403"), _PLAIN, proof=r"403 Forbidden")
    yield GO.case("401", Weather("401", path=_ZIP, seed=2), _GET, proof=r"401 Unauthorized")


@scenario("go/weather-gone", label="dependency_not_found")
def _gone() -> Iterator[Case]:
    yield GO.case("404", Weather("missing", path="uuid"), _PLAIN, proof=r"404 Not Found")
    yield GO.case("version", Weather("calm", seed=2), "go get github.com/google/uuid@v1.9.9", proof=r"404 Not Found|unknown revision|invalid version")


@scenario("go/weather-spoiled", label="corrupt_artifact", heals="wait")
def _spoiled() -> Iterator[Case]:
    sums = 'go mod download && go mod tidy; rm -rf "$GOPATH/pkg" "$HOME/go"'
    setup = f'export GOPROXY="$LAB_HTTPS/go" GOSUMDB=off GOFLAGS="-modcacherw -mod=mod" GOTOOLCHAIN=local\n{sums}'
    yield GO.case("flipped-zip", Weather("flip", hits=1, path=_ZIP), _PLAIN, proof=r"not a valid zip file|checksum mismatch|has unexpected file|zip:", prepare=setup)
    yield GO.case("short-zip", Weather("short", hits=1, path=_ZIP, seed=2), "go build ./...", proof=r"not a valid zip file|zip:", prepare=setup)
