"""Python programs that fetch something in a build step, in bad weather: requests, urllib, urllib3, httpx, aiohttp."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Weather, scenario
from models.lab.weather_clients import TOOLS_PY, Client, tools
from models.lab.weather_noise import CLEANUP, LISTING, UNITTEST, UNITTEST_RUN

_REQUESTS = '''"""Fetch the exchange rates that the invoice templates are built with."""
import os
import pathlib

import requests

URL = os.environ["LAB_HTTPS"] + "/files/releases/exchange-rates.json"


def fetch() -> dict:
    answer = requests.get(URL, timeout=(2, 3))
    answer.raise_for_status()
    return answer.json()


if __name__ == "__main__":
    rates = fetch()["rates"]
    pathlib.Path("rates.txt").write_text("\\n".join(f"{name} {rate}" for name, rate in rates.items()))
    print(f"{len(rates)} rates")
'''
_RETRYING = '''"""Download model weights with the retries of an adapter."""
import logging
import os

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

logging.basicConfig(level=logging.DEBUG, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
session = requests.Session()
session.mount("https://", HTTPAdapter(max_retries=Retry(total=2, backoff_factor=0.2, status_forcelist=(429, 500, 502, 503, 504))))
with session.get(os.environ["LAB_HTTPS"] + "/files/releases/weights-v3.tar.gz", stream=True, timeout=3) as answer:
    answer.raise_for_status()
    size = 0
    for block in answer.iter_content(65536):
        size += len(block)
logging.info("downloaded %d bytes", size)
'''
_URLLIB = '''import os
import sys
import urllib.request

name = sys.argv[1]
print("fetching", name, flush=True)
urllib.request.urlretrieve(f"{os.environ['LAB_HTTPS']}/files/releases/{name}", name)
'''
_HTTPX = '''import os

import httpx

with httpx.Client(base_url=os.environ["LAB_HTTPS"], timeout=3.0) as client:
    response = client.get("/files/releases/fixtures.zip")
    response.raise_for_status()
    print("fixtures:", len(response.content), "bytes")
'''
_AIOHTTP = '''import asyncio
import os
import ssl

import aiohttp


async def main() -> None:
    trust = ssl.create_default_context()
    async with aiohttp.ClientSession(raise_for_status=True, timeout=aiohttp.ClientTimeout(total=3)) as session:
        parts = ("SHA256SUMS", "exchange-rates.json", "fixtures.zip")
        for done in asyncio.as_completed([load(session, trust, part) for part in parts]):
            print("loaded", await done)


async def load(session: aiohttp.ClientSession, trust: ssl.SSLContext, part: str) -> str:
    async with session.get(f"{os.environ['LAB_HTTPS']}/files/releases/{part}", ssl=trust) as answer:
        await answer.read()
        return part


asyncio.run(main())
'''
_POOL = '''import os

import urllib3

pool = urllib3.PoolManager(retries=urllib3.Retry(1, backoff_factor=0.1), timeout=2.5, ca_certs=os.environ["SSL_CERT_FILE"])
answer = pool.request("GET", os.environ["LAB_HTTPS"] + "/files/releases/SHA256SUMS")
if answer.status != 200:
    raise SystemExit(f"checksums: unexpected status {answer.status} {answer.reason}")
print(answer.data.decode())
'''
_CATCHING = '''import json
import os
import sys
import urllib.error
import urllib.request

try:
    with urllib.request.urlopen(os.environ["LAB_HTTPS"] + "/files/releases/exchange-rates.json", timeout=2) as answer:
        table = json.load(answer)
except (urllib.error.URLError, OSError) as error:
    print(f"[prepare] could not load the rate table: {error}", file=sys.stderr)
    sys.exit(2)
print("base currency", table["base"])
'''
_FILES = {
    "tools/rates.py": _REQUESTS, "tools/weights.py": _RETRYING, "tools/get.py": _URLLIB, "tools/fixtures.py": _HTTPX, "tools/parts.py": _AIOHTTP,
    "tools/sums.py": _POOL, "tools/prepare.py": _CATCHING,
}  # fmt: skip
CODE = Client("python", "python tools/rates.py", "releases", files=_FILES, env={"PATH": tools("net-py/env/bin")}, prepare=TOOLS_PY, needs=("python3",))
_NEEDS = ("python3",)


@scenario("python/weather-server-error", label="service_unavailable", heals="wait", needs=_NEEDS)
def _server_error() -> Iterator[Case]:
    yield CODE.case("requests-503", Weather("503", hits=1), "python tools/rates.py", proof=r"^requests\.exceptions\.HTTPError: 503")
    yield CODE.case("adapter-502", Weather("502", hits=3, seed=2), f"{UNITTEST_RUN}\npython tools/weights.py\n{CLEANUP}", files=UNITTEST, proof=r"^requests\.exceptions\.RetryError")
    yield CODE.case("urllib-500", Weather("500", hits=1, seed=3), "set -x\npython tools/get.py SHA256SUMS\npython tools/get.py fixtures.zip", proof=r"^urllib\.error\.HTTPError: HTTP Error 500")
    yield CODE.case("httpx-504", Weather("504", hits=1, seed=4), "python -W error tools/fixtures.py", proof=r"^httpx\.HTTPStatusError: Server error '504")
    yield CODE.case("aiohttp-503", Weather("503", hits=2, seed=5), "python -X dev tools/parts.py", proof=r"^aiohttp\.client_exceptions\.ClientResponseError: 503")
    yield CODE.case("pool-status", Weather("503", hits=1, seed=6), "echo '--- checksums'; python tools/sums.py", proof="unexpected status 503")


@scenario("python/weather-limited", label="rate_limited", heals="wait", needs=_NEEDS)
def _limited() -> Iterator[Case]:
    yield CODE.case("requests-429", Weather("429", hits=1, retry_after="3"), "python tools/rates.py", proof=r"HTTPError: 429")
    yield CODE.case("adapter-429", Weather("429", hits=3, seed=2), "python tools/weights.py", proof=r"too many 429 error responses")
    yield CODE.case("caught-429", Weather("429", hits=1, seed=3), f"{LISTING}\npython tools/prepare.py", proof=r"HTTP Error 429")
    yield CODE.case("httpx-429", Weather("429", hits=1, seed=4), "python tools/fixtures.py", proof=r"Client error '429")
    yield CODE.case("quota", Weather("quota", hits=1), "http --check-status --ignore-stdin GET $LAB_HTTPS/files/releases/exchange-rates.json", proof="rate limit exceeded")


@scenario("python/weather-connection", label="connection_failure", heals="wait", needs=_NEEDS)
def _connection() -> Iterator[Case]:
    yield CODE.case("requests-refused", Weather("refused", seconds=3), "python tools/rates.py", proof=r"^requests\.exceptions\.ConnectionError")
    yield CODE.case("adapter-reset", Weather("reset", hits=3, seed=2), "python tools/weights.py", proof=r"^requests\.exceptions\.ConnectionError|^urllib3.*ConnectionResetError|^ConnectionResetError")
    yield CODE.case("urllib-closed", Weather("close", hits=1, seed=3), "python tools/get.py fixtures.zip", proof=r"^http\.client\.RemoteDisconnected")
    yield CODE.case("urllib-short", Weather("truncate", hits=1, seed=4), "python tools/get.py fixtures.zip && unzip -q fixtures.zip", proof=r"^urllib\.error\.ContentTooShortError")
    yield CODE.case("httpx-cut", Weather("cut", hits=1, seed=5), "python tools/fixtures.py", proof=r"^httpx\.RemoteProtocolError")
    yield CODE.case("aiohttp-reset", Weather("reset_body", path="fixtures", hits=1, seed=6), f"{UNITTEST_RUN} 2>&1 | tail -200\npython tools/parts.py", files=UNITTEST, proof=r"^aiohttp\.client_exceptions\.\w+: ")


@scenario("python/weather-time-out", label="network_timeout", heals="wait", needs=_NEEDS)
def _time_out() -> Iterator[Case]:
    yield CODE.case("requests-read", Weather("silent", hits=1), "python tools/rates.py", proof=r"^requests\.exceptions\.ReadTimeout")
    yield CODE.case("requests-connect", Weather("no_answer", seconds=4, seed=2), "python tools/rates.py", proof=r"^requests\.exceptions\.ConnectTimeout")
    yield CODE.case("httpx-stall", Weather("stall", hits=1, seed=3), "python tools/fixtures.py", proof=r"^httpx\.ReadTimeout")
    yield CODE.case("aiohttp-total", Weather("stall", hits=1, path="fixtures", seed=4), "python tools/parts.py", proof=r"^(?:asyncio\.exceptions\.)?TimeoutError")
    yield CODE.case("caught", Weather("silent", hits=1, seed=5), f"{UNITTEST_RUN}\npython tools/prepare.py", files=UNITTEST, proof=r"could not load the rate table: .*timed out")
    yield CODE.case("handshake", Weather("tls_silent", hits=2, seed=6), "python tools/sums.py", proof=r"^urllib3\.exceptions\.(?:MaxRetryError|ReadTimeoutError|SSLError|ConnectTimeoutError)")


@scenario("python/weather-name", label="dns_failure", heals="wait", needs=_NEEDS, root=True)
def _name() -> Iterator[Case]:
    yield CODE.case("requests", Weather("dns", seconds=3), "python tools/rates.py", proof=r"^requests\.exceptions\.ConnectionError: .*NameResolutionError|^requests\.exceptions\.ConnectionError")
    yield CODE.case("caught-again", Weather("dns_again", seconds=3, seed=2), "python tools/prepare.py", proof="Temporary failure in name resolution")
    yield CODE.case("httpx", Weather("dns", seconds=3, seed=3), "python tools/fixtures.py", proof=r"^httpx\.ConnectError: .*Name or service not known")
    yield CODE.case("aiohttp", Weather("dns_again", seconds=4, seed=4), "python tools/parts.py", proof=r"^aiohttp\.client_exceptions\.ClientConnectorDNSError|^aiohttp.*Cannot connect to host")


@scenario("python/weather-certificate", label="tls_error", needs=_NEEDS)
def _certificate() -> Iterator[Case]:
    yield CODE.case("requests-self-signed", Weather("tls"), "python tools/rates.py", proof=r"^requests\.exceptions\.SSLError")
    yield CODE.case("urllib-expired", Weather("tls_expired", seed=2), "python tools/get.py SHA256SUMS", proof=r"^urllib\.error\.URLError: .*certificate has expired")
    yield CODE.case("httpx-host", Weather("tls_host", seed=3), "python tools/fixtures.py", proof=r"^httpx\.ConnectError: .*Hostname mismatch|^httpx\.ConnectError")
    yield CODE.case("aiohttp-self-signed", Weather("tls", seed=4), "python tools/parts.py", proof=r"^aiohttp\.client_exceptions\.ClientConnectorCertificateError")
    yield CODE.case("pool-plain", Weather("tls_plain", seed=5), "python tools/sums.py", proof=r"^urllib3\.exceptions\..*(?:WRONG_VERSION_NUMBER|wrong version number|record layer)")


@scenario("python/weather-denied", label="auth_failure", needs=_NEEDS)
def _denied() -> Iterator[Case]:
    yield CODE.case("requests-401", Weather("401"), "python tools/rates.py", proof=r"HTTPError: 401")
    yield CODE.case("httpx-403", Weather("403", seed=2), "python tools/fixtures.py", proof=r"Client error '403")
    yield CODE.case("caught-403", Weather("403", seed=3), "python tools/prepare.py", proof=r"HTTP Error 403")


@scenario("python/weather-gone", label="dependency_not_found", needs=_NEEDS)
def _gone() -> Iterator[Case]:
    yield CODE.case("urllib-404", Weather("missing"), "python tools/get.py fixtures.zip", proof=r"HTTP Error 404")
    yield CODE.case("httpie-404", Weather("calm", seed=2), "http --ignore-stdin --check-status -d $LAB_HTTPS/files/releases/toolchain-2.0.0.tar.gz", proof="404 Not Found|HTTP 404")


@scenario("python/weather-spoiled", label="corrupt_artifact", heals="wait", needs=_NEEDS)
def _spoiled() -> Iterator[Case]:
    check = "python -c \"import zipfile; a = zipfile.ZipFile('fixtures.zip'); a.extractall('data'); print(len(a.namelist()))\""
    yield CODE.case("cut-zip", Weather("short", hits=1, path="fixtures"), f"python tools/get.py fixtures.zip\n{check}", proof=r"^zipfile\.BadZipFile")
    yield CODE.case("flipped-zip", Weather("flip", hits=1, path="fixtures", seed=3), f"python tools/get.py fixtures.zip\n{check}", proof=r"^zipfile\.BadZipFile|^zlib\.error")
    yield CODE.case(
        "page-for-tar", Weather("html", hits=1, path="weights", seed=2), "python tools/get.py weights-v3.tar.gz\npython -m tarfile -e weights-v3.tar.gz out", proof=r"^tarfile\.ReadError|not a tar archive"
    )


@scenario("python/weather-survived", label="test_failure", needs=_NEEDS)
def _survived() -> Iterator[Case]:
    test = "import unittest\n\n\nclass RoundingTest(unittest.TestCase):\n    def test_connection_fee_is_rounded(self):\n        self.assertEqual(round(2.675, 2), 2.68)\n"
    yield CODE.case("adapter-then-assert", Weather("503", hits=2), f"python tools/weights.py\n{UNITTEST_RUN}", files={**UNITTEST, "tests/test_fee.py": test}, proof=r"^AssertionError: 2\.67 != 2\.68")
    yield CODE.case(
        "reset-then-syntax", Weather("reset", hits=1, seed=2), "python tools/weights.py\npython -m compileall -q src", files={"src/retry.py": "def wait(seconds)\n    return seconds\n"},
        label="compile_error", proof=r"SyntaxError",
    )  # fmt: skip


@scenario("python/weather-passed", label=PASSED, needs=_NEEDS)
def _passed() -> Iterator[Case]:
    yield CODE.case("adapter-504", Weather("504", hits=2), f"python tools/weights.py\n{UNITTEST_RUN}", files=UNITTEST)
    yield CODE.case("fallback", Weather("refused", seed=2), f"python tools/prepare.py || echo 'offline: using the table of last week'\n{UNITTEST_RUN}\n{LISTING}", files=UNITTEST)
