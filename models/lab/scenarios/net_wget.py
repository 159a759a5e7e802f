"""wget and aria2c in bad weather."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Weather, scenario
from models.lab.weather_clients import ARIA, WGET
from models.lab.weather_noise import C_BUILD, C_RUN, LISTING

_SUMS = "$LAB_HTTPS/files/releases/SHA256SUMS"
_TOOL = "$LAB_HTTPS/files/releases/protoc-gen-rows_0.8.1.tar.gz"


@scenario("wget/weather-server-error", label="service_unavailable", heals="wait", needs=("wget",))
def _server_error() -> Iterator[Case]:
    yield WGET.case("500", Weather("500", hits=1), f"wget {_TOOL}", proof="ERROR 500")
    yield WGET.case("503-quiet", Weather("503", hits=1, seed=2), f"wget -nv -O rows.tgz {_TOOL}", proof="ERROR 503")
    yield WGET.case("retried-502", Weather("502", hits=3, seed=3), f"wget --retry-on-http-error=502,503 --waitretry=1 --tries=3 {_TOOL}", proof="502 Bad Gateway|ERROR 502|Giving up")
    yield WGET.case("504-headers", Weather("504", hits=2, seed=4), f"{LISTING}\nwget -S --tries=2 --progress=dot:mega {_TOOL} && tar -xzf protoc*.tar.gz", proof="504 Gateway|ERROR 504")


@scenario("wget/weather-limited", label="rate_limited", heals="wait", needs=("wget",))
def _limited() -> Iterator[Case]:
    yield WGET.case("429", Weather("429", hits=1, retry_after="5"), f"set -x\nwget -O sums {_SUMS}", proof="ERROR 429")
    yield WGET.case("429-server-headers", Weather("429", hits=1, seed=5), f"wget -nv -S -O sums {_SUMS}", proof="429 Too Many")


@scenario("wget/weather-connection", label="connection_failure", heals="wait", needs=("wget",))
def _connection() -> Iterator[Case]:
    yield WGET.case("refused", Weather("refused", seconds=3), f"wget -t 2 {_TOOL}", proof="Connection refused")
    yield WGET.case("reset", Weather("reset", hits=2, seed=2), f"wget --tries=2 --waitretry=1 {_TOOL}", proof="Connection reset by peer|Read error")
    yield WGET.case("no-data", Weather("close", hits=2, seed=3), f"wget --tries=2 --waitretry=1 -nv {_TOOL}", proof="No data received|^Read error")
    yield WGET.case("no-route", Weather("no_route", seed=4), f"wget --tries=1 {_TOOL}", proof="No route to host")
    yield WGET.case("unreachable", Weather("unreachable", seed=5), f"wget --tries=2 {_TOOL}", proof="Network is unreachable")
    yield WGET.case("closed-early", Weather("truncate", hits=2), f"{C_RUN}\nwget --tries=2 --waitretry=1 {_TOOL}", files=C_BUILD, proof="Connection closed at byte|Read error at byte")


@scenario("wget/weather-time-out", label="network_timeout", heals="wait", needs=("wget",))
def _time_out() -> Iterator[Case]:
    yield WGET.case("silent", Weather("silent", hits=2), f"wget --timeout=2 --tries=2 --waitretry=1 {_TOOL}", proof="timed out")
    yield WGET.case("connect", Weather("no_answer", seconds=6, seed=2), f"wget -T 2 -t 2 --waitretry=1 {_TOOL}", proof="failed: Connection timed out")
    yield WGET.case("stall", Weather("stall", hits=2, seed=3), f"wget --read-timeout=2 -t 2 --waitretry=1 {_TOOL}", proof="timed out")


@scenario("wget/weather-name", label="dns_failure", heals="wait", needs=("wget",), root=True)
def _name() -> Iterator[Case]:
    yield WGET.case("no-such-host", Weather("dns", seconds=3), f"wget {_TOOL}", proof="unable to resolve host")
    yield WGET.case("temporary", Weather("dns_again", seconds=4, seed=2), f"echo 'Downloading generator'; wget -q --show-progress {_TOOL} || wget -nv {_TOOL}", proof="unable to resolve host")
    yield WGET.case("resolver-silent", Weather("dns_silent", seconds=3, seed=3), f"wget -nv -t 1 --dns-timeout=3 {_TOOL}", proof="unable to resolve host|[Tt]imed out")


@scenario("wget/weather-certificate", label="tls_error", needs=("wget",))
def _certificate() -> Iterator[Case]:
    yield WGET.case("self-signed", Weather("tls"), f"wget {_TOOL}", proof=r"The certificate of .* is not trusted|doesn't have a known issuer|cannot verify")
    yield WGET.case("expired", Weather("tls_expired", seed=2), f"wget -nv {_TOOL}", proof="expired|not trusted")
    yield WGET.case("other-host", Weather("tls_host", seed=3), f"wget {_TOOL} -O rows.tgz", proof="owner does not match|no certificate subject alternative")


@scenario("wget/weather-denied", label="auth_failure", needs=("wget",))
def _denied() -> Iterator[Case]:
    yield WGET.case("401", Weather("401"), f"wget --header 'X-Token: old' {_TOOL}", proof="Username/Password Authentication Failed|401 Unauthorized")
    yield WGET.case("403", Weather("403", seed=2), f"wget -nv {_TOOL}", proof="ERROR 403")


@scenario("wget/weather-gone", label="dependency_not_found", needs=("wget",))
def _gone() -> Iterator[Case]:
    yield WGET.case("404", Weather("missing"), f"wget {_TOOL}", proof="ERROR 404")
    yield WGET.case("many", Weather("calm", seed=2), "for part in exchange-rates.json fixtures.zip fixtures-2.zip; do wget -nv $LAB_URL/files/releases/$part; done", proof="ERROR 404")


@scenario("wget/weather-unsaid", label="unknown", needs=("wget",))
def _unsaid() -> Iterator[Case]:
    yield WGET.case("quiet", Weather("503"), f"echo 'generator: fetching 0.8.1'\nwget -q {_TOOL}\ntar -xzf protoc-gen-rows_0.8.1.tar.gz")


@scenario("wget/weather-spoiled", label="corrupt_artifact", needs=("wget",))
def _spoiled() -> Iterator[Case]:
    """Not to be healed: wget writes the next copy beside the damaged one, and a file of the workspace is not guard's to delete."""
    yield WGET.case("sum", Weather("flip", hits=1, path="protoc"), f"wget -nv {_TOOL} {_SUMS}\nsha256sum -c --ignore-missing SHA256SUMS", proof="FAILED$")
    yield WGET.case("page", Weather("html", hits=1, path="protoc", seed=2), f"wget -nv {_TOOL}\nfile protoc* || true\ngunzip -v protoc-gen-rows_0.8.1.tar.gz", proof="not in gzip format")


@scenario("wget/weather-passed", label=PASSED, needs=("wget",))
def _passed() -> Iterator[Case]:
    yield WGET.case("reset-once", Weather("reset", hits=1), f"wget --waitretry=1 {_TOOL}\ntar -xzvf protoc*.tar.gz\n{LISTING}")
    yield WGET.case("503-once", Weather("503", hits=2, seed=2), f"wget --retry-on-http-error=503 --waitretry=1 {_TOOL}\n{C_RUN}", files=C_BUILD)


@scenario("aria2c/weather-server-error", label="service_unavailable", heals="wait", needs=("aria2c",))
def _aria_server() -> Iterator[Case]:
    yield ARIA.case("503", Weather("503", hits=2), "aria2c --max-tries=2 --retry-wait=1 $LAB_HTTPS/files/releases/weights-v3.tar.gz", proof="status=503")
    yield ARIA.case("502-quiet", Weather("502", hits=1, seed=2), "aria2c --summary-interval=0 --console-log-level=error --show-console-readout=false -m 1 -d weights $LAB_HTTPS/files/releases/weights-v3.tar.gz", proof="status=502")


@scenario("aria2c/weather-network", label="connection_failure", heals="wait", needs=("aria2c",))
def _aria_network() -> Iterator[Case]:
    url = "$LAB_HTTPS/files/releases/weights-v3.tar.gz"
    yield ARIA.case("refused", Weather("refused", seconds=3), f"aria2c -m 1 {url}", proof="Failed to establish connection")
    yield ARIA.case("sum", Weather("flip", path="weights", hits=1), f"aria2c -m 1 --checksum=sha-256=$(curl -fsS $LAB_HTTPS/files/releases/SHA256SUMS | awk '/weights/ {{print $1}}') {url}", proof="[Cc]hecksum", label="corrupt_artifact")
    yield ARIA.case("name", Weather("dns", seconds=4), f"aria2c -m 1 {url}", proof="Name resolution for .* failed", label="dns_failure")
    yield ARIA.case("gone", Weather("missing"), f"aria2c -m 2 {url}", proof="Resource not found|status=404", label="dependency_not_found")
    yield ARIA.case("silent", Weather("silent", hits=1), f"aria2c -m 1 --timeout=2 {url}", proof="Timeout", label="network_timeout")
