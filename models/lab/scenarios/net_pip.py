"""pip in bad weather: what it prints depends on its version, on -v and on which request is struck."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Weather, scenario
from models.lab.weather_clients import PIP, venv
from models.lab.weather_noise import CLEANUP, LISTING, PREAMBLE, UNITTEST, UNITTEST_RUN

_NEEDS = ("python3",)
_OLD = venv("pip==21.2.4")
_NEW = venv("pip>=25")
_WHEEL = r"\.whl"
_DEFAULT = {"PIP_RETRIES": "5"}


@scenario("pip/weather-server-error", label="service_unavailable", heals="wait", needs=_NEEDS)
def _server_error() -> Iterator[Case]:
    yield PIP.case("index-503", Weather("503", hits=2), "pip install --no-cache-dir -vv -r requirements.txt", proof=r"too many 503 error responses|503 Server Error")
    yield PIP.case("file-500", Weather("500", hits=2, path=_WHEEL, seed=2), "pip install --no-cache-dir -v tabulate rich", proof=r"(?:HTTP error 500|500 Server Error|too many 500)")
    yield PIP.case("old-pip-502", Weather("502", hits=8, seed=3), "pip --version\npip install --no-cache-dir -vvv attrs", prepare=_OLD, proof="too many 502|502 Server Error")
    yield PIP.case("new-pip-504", Weather("504", hits=8, seed=4), "pip install --no-cache-dir --progress-bar off --debug -vv attrs", prepare=_NEW, proof="too many 504|504 Server Error")
    yield PIP.case("file-404-like-502", Weather("502", hits=2, path="rich-", seed=5), f"{PREAMBLE}pip install --no-cache-dir -r requirements.txt\npython report.py", proof=r"HTTP error 502|502 Server Error|too many 502")
    yield PIP.case("download-after-tests", Weather("503", hits=2, path=_WHEEL, seed=6), f"{UNITTEST_RUN}\npip download -d wheels --no-cache-dir attrs\n{CLEANUP}", files=UNITTEST, proof=r"too many 503|HTTP error 503")


@scenario("pip/weather-hidden", label="dependency_not_found", heals="wait", needs=_NEEDS)
def _hidden() -> Iterator[Case]:
    """Without -vv pip takes an index that answers 5xx, 429 or 403 for one without links: that is all a log can show."""
    yield PIP.case("503", Weather("503", hits=6), proof="No matching distribution found", env=_DEFAULT)
    yield PIP.case("429-verbose", Weather("429", hits=2, seed=2), "pip install --no-cache-dir -v attrs", proof="No matching distribution found")
    yield PIP.case("502-after-tests", Weather("502", hits=2, seed=3), f"{UNITTEST_RUN}\npip install --no-cache-dir rich", files=UNITTEST, proof="No matching distribution found", prepare=_NEW)


@scenario("pip/weather-swallowed", label="unknown", needs=_NEEDS)
def _swallowed() -> Iterator[Case]:
    """With few retries pip takes an index that answers 5xx for an index without links; quiet, it does not say so."""
    yield PIP.case("quiet-index-500", Weather("500", seed=2), "pip install -q -q -q --no-cache-dir tabulate", env={"PIP_RETRIES": "0"})
    yield PIP.case("output-lost", Weather("refused", seed=3), "pip install --no-cache-dir tabulate > /dev/null 2>&1", env={"PIP_RETRIES": "0"})


@scenario("pip/weather-limited", label="rate_limited", heals="wait", needs=_NEEDS)
def _limited() -> Iterator[Case]:
    yield PIP.case("index-429", Weather("429", hits=2), "pip install --no-cache-dir -vv -r requirements.txt", proof="429 Client Error|too many 429")
    yield PIP.case("file-429", Weather("429", hits=2, path=_WHEEL, retry_after="1", seed=2), "pip install --no-cache-dir -vv attrs tabulate", proof=r"429 Client Error|HTTP error 429|429 Too Many|too many 429")
    yield PIP.case("old-pip-429", Weather("429", hits=2, seed=3), "pip install --no-cache-dir -vv attrs", prepare=_OLD, proof="429 Client Error|too many 429")


@scenario("pip/weather-connection", label="connection_failure", heals="wait", needs=_NEEDS)
def _connection() -> Iterator[Case]:
    yield PIP.case("refused", Weather("refused", seconds=5), proof="Connection refused")
    yield PIP.case("reset-files", Weather("reset", hits=4, path=_WHEEL, seed=2), "pip install --no-cache-dir attrs tabulate", proof=r"Connection reset by peer|ConnectionResetError|Connection aborted")
    yield PIP.case("closed", Weather("close", hits=4, seed=3), "pip install --no-cache-dir tabulate", prepare=_OLD, proof="RemoteDisconnected")
    yield PIP.case("unreachable", Weather("unreachable", seed=5), "pip install --no-cache-dir tabulate", proof="Network is unreachable", env={"PIP_RETRIES": "2"})
    yield PIP.case("reset-body-new", Weather("reset_body", hits=20, path=_WHEEL, seed=6), "pip install --no-cache-dir tabulate", prepare=_NEW, proof=r"Connection interrupted while|incomplete-download")


@scenario("pip/weather-time-out", label="network_timeout", heals="wait", needs=_NEEDS)
def _time_out() -> Iterator[Case]:
    short = {"PIP_DEFAULT_TIMEOUT": "2"}
    yield PIP.case("silent", Weather("silent", hits=2), env=short, proof="Read timed out")
    yield PIP.case("connect", Weather("no_answer", seconds=9, seed=2), "pip install --no-cache-dir tabulate", env=short, proof=r"[Cc]onnect(?:ion)?(?: to \S+)? timed out|ConnectTimeoutError")
    yield PIP.case("stall-in-file", Weather("stall", hits=8, path=_WHEEL, seed=3), "pip install --no-cache-dir rich", env=short, proof=r"Read timed out")
    yield PIP.case("old-stall", Weather("stall", hits=8, path=_WHEEL, seed=4), f"{UNITTEST_RUN}\npip install --no-cache-dir attrs", env=short, files=UNITTEST, prepare=_OLD, proof=r"Read timed out")


@scenario("pip/weather-slow", label="network_timeout", heals="longer_timeouts", needs=_NEEDS)
def _slow() -> Iterator[Case]:
    yield PIP.case("slow-index", Weather("late", retry_after="4"), "pip install --no-cache-dir tabulate", env={"PIP_DEFAULT_TIMEOUT": "2"}, proof="Read timed out")


@scenario("pip/weather-name", label="dns_failure", heals="wait", needs=_NEEDS, root=True)
def _name() -> Iterator[Case]:
    yield PIP.case("no-such-host", Weather("dns", seconds=5), proof="Name or service not known")
    yield PIP.case("temporary-old", Weather("dns_again", seconds=6, seed=2), "pip install --no-cache-dir attrs", prepare=_OLD, proof="Temporary failure in name resolution")
    yield PIP.case("verbose-new", Weather("dns", seconds=6, seed=3), "pip install --no-cache-dir -vv attrs", prepare=_NEW, proof="Failed to resolve|Name or service not known|NameResolution")


@scenario("pip/weather-certificate", label="tls_error", needs=_NEEDS)
def _certificate() -> Iterator[Case]:
    yield PIP.case("self-signed", Weather("tls"), proof="CERTIFICATE_VERIFY_FAILED")
    yield PIP.case("expired-old", Weather("tls_expired", seed=2), "pip install --no-cache-dir attrs", prepare=_OLD, proof="certificate has expired")
    yield PIP.case("other-host-new", Weather("tls_host", seed=3), f"{PREAMBLE}pip install --no-cache-dir attrs", prepare=_NEW, proof="CERTIFICATE_VERIFY_FAILED|Hostname mismatch|not valid for")
    yield PIP.case("plain-text", Weather("tls_plain", seed=4), "pip install --no-cache-dir attrs", proof="WRONG_VERSION_NUMBER|wrong version number")


@scenario("pip/weather-denied", label="auth_failure", needs=_NEEDS)
def _denied() -> Iterator[Case]:
    yield PIP.case("403-index", Weather("403"), "pip install --no-cache-dir -vv tabulate", proof="403 Client Error")
    yield PIP.case("401-index", Weather("401", seed=2), "pip install --no-cache-dir --no-input -vv tabulate", proof="401 Error|401 Client Error|User for")
    yield PIP.case("403-file", Weather("403", path=_WHEEL, seed=3), "pip install --no-cache-dir tabulate attrs", proof="HTTP error 403|403 Client Error")


@scenario("pip/weather-gone", label="dependency_not_found", needs=_NEEDS)
def _gone() -> Iterator[Case]:
    yield PIP.case("index-404", Weather("missing", path="tabulate"), proof="No matching distribution found for tabulate")
    yield PIP.case("file-404", Weather("missing", path=_WHEEL, seed=2), "pip install --no-cache-dir attrs", proof="HTTP error 404|404 Client Error")
    yield PIP.case("empty-page", Weather("empty", path="simple/rich", seed=3), f"{UNITTEST_RUN}\npip install --no-cache-dir rich", files=UNITTEST, proof="No matching distribution found")
    yield PIP.case("stale-version", Weather("calm", seed=4), "pip install --no-cache-dir -r requirements.txt", files={"requirements.txt": "tabulate==0.10.7\nattrs\n"}, proof="No matching distribution found for tabulate")


@scenario("pip/weather-spoiled", label="corrupt_artifact", heals="wait", needs=_NEEDS)
def _spoiled() -> Iterator[Case]:
    pinned = "d=$(pip hash \"$LAB_CACHE\"/weather-store/files/pypi/tabulate-*.whl | tail -1); echo \"tabulate $(printf '%s' '==')0.10.0 $d\" | tr -d '\\n' > pinned.txt"
    yield PIP.case("flipped", Weather("flip", hits=1, path=_WHEEL), "pip install --no-cache-dir attrs", proof="DO NOT MATCH THE HASHES|Expected sha256")
    yield PIP.case("short", Weather("short", hits=1, path=_WHEEL, seed=2), "pip install --no-cache-dir -r requirements.txt", proof="DO NOT MATCH THE HASHES|Expected sha256")
    yield PIP.case("pinned", Weather("flip", hits=1, path=_WHEEL, seed=3), "pip install --no-cache-dir --require-hashes -r pinned.txt", prepare=pinned, proof="DO NOT MATCH THE HASHES|Expected sha256")
    yield PIP.case("cut-download", Weather("truncate", hits=1, path=_WHEEL, seed=5), "pip install --no-cache-dir rich", proof="DO NOT MATCH THE HASHES|Expected sha256")
    yield PIP.case("bad-source-archive", Weather("flip", hits=1, path=r"docopt-.*gz", seed=4), f"{LISTING}\npip install --no-cache-dir docopt", proof="DO NOT MATCH THE HASHES|Expected sha256")


@scenario("pip/weather-survived", label="dependency_conflict", needs=_NEEDS)
def _survived() -> Iterator[Case]:
    pins = {"requirements.txt": "requests==2.34.2\nurllib3==1.26.20\nidna==3.20\nrich==15.0.0\nmarkdown-it-py==4.3.0\npygments==2.21.0\nclick==8.5.1\nattrs\n"}
    clash = {"setup.py": "from setuptools import setup\n\nsetup(name='ledger', version='1', py_modules=[], install_requires=['attrs==26.1.0', 'attrs<26'])\n", **pins}
    yield PIP.case("resets-then-conflict", Weather("reset", hits=1, seed=2), "pip install --no-cache-dir --no-build-isolation attrs==26.1.0 'attrs<26'", files=clash, proof="ResolutionImpossible|conflicting dependencies|double requirement")
    yield PIP.case(
        "503-then-missing-module", Weather("503", hits=1), "pip install --no-cache-dir -r requirements.txt\npython app.py", env=_DEFAULT,
        files={"app.py": "import attrs\nfrom ledger.retry import backoff\n\nprint(backoff(attrs))\n", "ledger/__init__.py": ""}, label="compile_error", proof="No module named 'ledger.retry'",
    )  # fmt: skip
    yield PIP.case(
        "timeout-then-assert", Weather("silent", hits=1, path="tabulate", seed=3), f"pip install --no-cache-dir -r requirements.txt\n{UNITTEST_RUN}", env={"PIP_DEFAULT_TIMEOUT": "2", "PIP_RETRIES": "3"},
        files={**UNITTEST, "tests/test_clock.py": "import unittest\n\n\nclass ClockTest(unittest.TestCase):\n    def test_read_timed_out_is_counted(self):\n        self.assertIn('read timed out', {'connect timed out': 1})\n"},
        label="test_failure", proof=r"^AssertionError: 'read timed out' not found",
    )  # fmt: skip


@scenario("pip/weather-passed", label=PASSED, needs=_NEEDS)
def _passed() -> Iterator[Case]:
    yield PIP.case("two-resets", Weather("reset", hits=2), f"pip install --no-cache-dir -v -r requirements.txt\npython report.py\n{UNITTEST_RUN}", files=UNITTEST, env=_DEFAULT)
    yield PIP.case("503-once-old", Weather("503", hits=1, seed=2), "pip install --no-cache-dir -r requirements.txt\npip list\npip check", env=_DEFAULT, prepare=_OLD)
    yield PIP.case("silent-once", Weather("silent", hits=1, path="attrs", seed=3), f"{PREAMBLE}pip install --no-cache-dir -r requirements.txt\n{LISTING}", env={"PIP_DEFAULT_TIMEOUT": "2", "PIP_RETRIES": "3"})
