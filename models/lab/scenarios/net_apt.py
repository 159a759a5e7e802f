"""apt-get in bad weather, on an archive of the lab's own; nothing is installed on the machine."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Weather, scenario
from models.lab.weather_clients import APT
from models.lab.weather_noise import LISTING, UNITTEST, UNITTEST_RUN

_NEEDS = ("apt-get", "apt-ftparchive")
_BOTH = "apt-get update\napt-get install -y ledger-tools"
_DEB = r"\.deb"


@scenario("apt-get/weather-server-error", label="service_unavailable", heals="wait", needs=_NEEDS)
def _server_error() -> Iterator[Case]:
    yield APT.case("deb-503", Weather("503", hits=20, path=_DEB), proof=r"^E: Failed to fetch .*503|^Err.*\n? *503")
    yield APT.case("update-502-strict", Weather("502", hits=20, seed=2), "apt-get update -o APT::Update::Error-Mode=any\napt-get install -y tilecutter", proof=r"^E: .*502|502 +Bad Gateway")
    yield APT.case("deb-500-quiet", Weather("500", hits=20, path="tilecutter", seed=3), f"{UNITTEST_RUN}\napt-get -qq update\napt-get -qq install -y tilecutter", files=UNITTEST, proof=r"^E: Failed to fetch .*500")


@scenario("apt-get/weather-stale-lists", label="service_unavailable", heals="wait", needs=_NEEDS)
def _lists() -> Iterator[Case]:
    """`apt-get update` warns and exits 0; the install then finds nothing: the warning is the cause."""
    yield APT.case("update-503", Weather("503", hits=20), "apt-get update\napt-get install -y ledger-tools", proof=r"^(?:W|E|Err).*503|^ +503 ")


@scenario("apt-get/weather-limited", label="rate_limited", heals="wait", needs=_NEEDS)
def _limited() -> Iterator[Case]:
    yield APT.case("deb-429", Weather("429", hits=20, path=_DEB), proof=r"^E: Failed to fetch .*429")


@scenario("apt-get/weather-connection", label="connection_failure", heals="wait", needs=_NEEDS)
def _connection() -> Iterator[Case]:
    yield APT.case("refused", Weather("refused", seconds=6), proof=r"onnection refused|Could not connect|Unable to connect")
    yield APT.case("reset", Weather("reset", hits=20, path=_DEB, seed=2), proof=r"Connection failed")
    yield APT.case("silent", Weather("silent", hits=4, path=_DEB, seed=4), "apt-get update\napt-get install -y -o Acquire::http::Timeout=2 -o Acquire::Retries=0 tilecutter", proof=r"Connection failed")
    yield APT.case("cut", Weather("truncate", hits=20, path=_DEB, seed=3), f"{LISTING}\n{_BOTH}", proof=r"Error reading from server|Connection closed|unexpected size|remote end closed")


@scenario("apt-get/weather-time-out", label="network_timeout", heals="wait", needs=_NEEDS)
def _time_out() -> Iterator[Case]:
    yield APT.case("stall", Weather("stall", hits=4, path=_DEB, seed=2), "apt-get update\napt-get install -y -o Acquire::http::Timeout=2 -o Acquire::Retries=0 tilecutter", proof=r"[Cc]onnection timed out")


@scenario("apt-get/weather-name", label="dns_failure", heals="wait", needs=_NEEDS, root=True)
def _name() -> Iterator[Case]:
    yield APT.case("temporary", Weather("dns_again", seconds=8), proof="Temporary failure resolving")
    yield APT.case("unknown-host", Weather("dns", seconds=8, seed=2), f"{_BOTH}", proof="Could not resolve|Temporary failure resolving")


@scenario("apt-get/weather-denied", label="auth_failure", needs=_NEEDS)
def _denied() -> Iterator[Case]:
    yield APT.case("401", Weather("401", path=_DEB), proof=r"^E: Failed to fetch .*401")
    yield APT.case("403", Weather("403", seed=2), proof=r"403 +Forbidden")


@scenario("apt-get/weather-gone", label="dependency_not_found", needs=_NEEDS)
def _gone() -> Iterator[Case]:
    yield APT.case("deb-404", Weather("missing", path=_DEB), proof=r"^E: Failed to fetch .*404")
    yield APT.case("no-such-package", Weather("calm", seed=2), "apt-get update\napt-get install -y ledger-tools libledger3", proof="Unable to locate package")


@scenario("apt-get/weather-spoiled", label="corrupt_artifact", heals="wait", needs=_NEEDS)
def _spoiled() -> Iterator[Case]:
    yield APT.case("deb-flipped", Weather("flip", hits=1, path="tilecutter"), "apt-get update\napt-get install -y tilecutter", proof="Hash Sum mismatch")
    yield APT.case("deb-short", Weather("short", hits=1, path=_DEB, seed=2), f"{_BOTH}", proof="unexpected size|Hash Sum mismatch")
    yield APT.case("lists-flipped", Weather("flip", hits=9, path=r"Packages", seed=3), f"{LISTING}\n{_BOTH}", proof="Hash Sum mismatch|unexpected size")


@scenario("apt-get/weather-survived", label="dependency_not_found", needs=_NEEDS)
def _survived() -> Iterator[Case]:
    yield APT.case("503-then-unknown", Weather("503", hits=1, path=_DEB), "apt-get update\napt-get install -y tilecutter\napt-get install -y tilecutter-extras", proof="Unable to locate package")


@scenario("apt-get/weather-passed", label=PASSED, needs=_NEEDS)
def _passed() -> Iterator[Case]:
    yield APT.case("503-once", Weather("503", hits=1, path=_DEB), f"{_BOTH}\n{LISTING}")
