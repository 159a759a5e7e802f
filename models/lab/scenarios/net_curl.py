"""curl in build steps, in bad weather: downloads of tools, fixtures and API answers."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Weather, scenario
from models.lab.weather_clients import CURL
from models.lab.weather_noise import C_BUILD, C_RUN, CLEANUP, LISTING, PREAMBLE, UNITTEST, UNITTEST_RUN

_TOOL = "$LAB_HTTPS/files/releases/toolchain-1.4.2-linux-x64.tar.gz"
_RATES = "$LAB_URL/files/releases/exchange-rates.json"


@scenario("curl/weather-server-error", label="service_unavailable", heals="wait", needs=("curl",))
def _server_error() -> Iterator[Case]:
    yield CURL.case("fail-with-503", Weather("503", hits=1), f"set -x\ncurl -fLO {_TOOL}\ntar -xzf toolchain-1.4.2-linux-x64.tar.gz", proof=r"^curl: \(22\).*503")
    yield CURL.case("retried-502", Weather("502", hits=3, seed=2), f"curl -fsSL --retry 2 --retry-delay 1 -o tool.tgz {_TOOL}", proof=r"^curl: \(22\).*502")
    yield CURL.case("verbose-504", Weather("504", hits=1, seed=3), f"curl --fail --verbose --location {_TOOL} --output tool.tgz 2>&1", proof=r"^< HTTP/1.1 504|^curl: \(22\).*504")
    yield CURL.case(
        "after-tests-500", Weather("500", hits=1, seed=4), f"{PREAMBLE}{UNITTEST_RUN}\necho '== publishing =='\ncurl -sSf -X POST --data-binary @report.txt $LAB_HTTPS/files/upload/report\n",
        files={**UNITTEST, "report.txt": "tests: 140\n"}, proof=r"^curl: \(22\).*500",
    )  # fmt: skip
    yield CURL.case(
        "page-as-answer", Weather("503", hits=1, seed=5), f"curl -sS -w '\\nstatus=%{{http_code}}\\n' {_RATES} | tee rates.json\ngrep -q '\"base\"' rates.json", proof="503 Service"
    )
    yield CURL.case(
        "code-checked-by-script", Weather("520", hits=1, seed=6),
        f'code=$(curl -sS -o rates.json -w "%{{http_code}}" {_RATES})\nif [ "$code" != 200 ]; then echo "::error::exchange rates: server answered $code" >&2; exit 3; fi',
        proof="server answered 520", exit_code=3,
    )  # fmt: skip


@scenario("curl/weather-limited", label="rate_limited", heals="wait", needs=("curl",))
def _limited() -> Iterator[Case]:
    yield CURL.case("bare-429", Weather("429", hits=1), f"curl -fsS {_RATES} -o rates.json", proof=r"^curl: \(22\).*429")
    yield CURL.case("retry-after", Weather("429", hits=2, retry_after="1"), f"curl -f --retry 1 {_RATES} -o rates.json", proof=r"curl: \(22\).*429")
    yield CURL.case("headers-429", Weather("429", hits=1, retry_after="20", seed=2), f"curl -sSi --fail-with-body {_RATES}", proof=r"^HTTP/1.1 429|^curl: \(22\).*429")
    yield CURL.case("api-quota", Weather("quota", hits=1, retry_after="2"), f"curl -sS --fail-with-body {_RATES}", proof="API rate limit exceeded")
    yield CURL.case(
        "quota-then-no-url", Weather("quota", hits=1, seed=3),
        f"url=$(curl -sS {_RATES} | tee answer.json | python3 -c \"import json,sys; print(json.load(sys.stdin)['base'])\") || {{ echo 'no release found in answer:'; cat answer.json; exit 1; }}",
        proof="API rate limit exceeded",
    )  # fmt: skip


@scenario("curl/weather-connection", label="connection_failure", heals="wait", needs=("curl",))
def _connection() -> Iterator[Case]:
    yield CURL.case("reset", Weather("reset", hits=1), f"curl -fsSLO {_TOOL}", proof=r"^curl: \(56\).*reset by peer")
    yield CURL.case("refused-twice", Weather("refused", seconds=8), f"curl -fL --retry 1 --retry-connrefused --retry-delay 1 {_TOOL} -o t.tgz", proof=r"^curl: \(7\) Failed to connect")
    yield CURL.case("cut-body", Weather("truncate", hits=1, seed=3), f"curl -fLo t.tgz {_TOOL}", proof=r"^curl: \(18\) transfer closed")
    yield CURL.case("empty-reply", Weather("close", hits=1), f"set -x; curl -fsS -v {_RATES} -o rates.json", proof=r"^curl: \(52\) Empty reply")
    yield CURL.case("reset-in-handshake", Weather("tls_reset", hits=1, seed=4), f"curl --silent --show-error --fail {_TOOL} | tar -xz", proof=r"^curl: \(35\)")
    yield CURL.case("reset-after-build", Weather("reset_body", hits=1), f"{C_RUN}\ncurl -fL {_TOOL} -o t.tgz\n", files=C_BUILD, proof=r"^curl: \(56\)")


@scenario("curl/weather-time-out", label="network_timeout", heals="wait", needs=("curl",))
def _time_out() -> Iterator[Case]:
    yield CURL.case("silent", Weather("silent", hits=1), f"curl -fsSL --max-time 3 {_TOOL} -o t.tgz", proof=r"^curl: \(28\)")
    yield CURL.case("stalled", Weather("stall", hits=1), f"curl -fL --speed-limit 1000 --speed-time 3 {_TOOL} -o t.tgz", proof=r"^curl: \(28\)")
    yield CURL.case("connect", Weather("no_answer", seconds=7, seed=2), f"curl -sSfL --connect-timeout 2 --retry 1 --retry-delay 1 {_TOOL} -o t.tgz", proof=r"^curl: \(28\)")
    yield CURL.case("handshake", Weather("tls_silent", hits=1), f"curl -sSfL --connect-timeout 3 {_TOOL} -o t.tgz", proof=r"^curl: \(28\)")


@scenario("curl/weather-slow", label="network_timeout", needs=("curl",))
def _slow() -> Iterator[Case]:
    yield CURL.case("slow-answer", Weather("late", retry_after="6"), f"curl -fsSL --max-time ${{CURL_MAX_TIME:-3}} {_RATES}", proof=r"^curl: \(28\)")
    yield CURL.case("drip", Weather("slow", seed=3), f"curl -fL -m ${{CURL_MAX_TIME:-4}} {_RATES} -o r.json", proof=r"^curl: \(28\)")


@scenario("curl/weather-name", label="dns_failure", heals="wait", needs=("curl",), root=True)
def _name() -> Iterator[Case]:
    yield CURL.case("no-such-host", Weather("dns", seconds=3), f"curl -fsSL {_TOOL} | tar -xz", proof=r"^curl: \(6\) Could not resolve host")
    yield CURL.case("resolver-silent", Weather("dns_silent", seconds=3, seed=4), f"curl -fLO {_TOOL}", proof=r"curl: \(6\)")
    yield CURL.case(
        "retried-after-noise", Weather("dns_again", seconds=7, seed=5), f"{LISTING}\ncurl -fL --retry 2 --retry-delay 1 --retry-all-errors {_TOOL} -o t.tgz\n{CLEANUP}", proof=r"curl: \(6\)"
    )


@scenario("curl/weather-certificate", label="tls_error", needs=("curl",))
def _certificate() -> Iterator[Case]:
    yield CURL.case("self-signed", Weather("tls"), f"curl -fsSL {_TOOL} -o t.tgz", proof=r"^curl: \(60\)")
    yield CURL.case("expired", Weather("tls_expired", seed=2), f"curl -fL {_TOOL} -o t.tgz", proof=r"^curl: \(60\).*expired")
    yield CURL.case("other-host", Weather("tls_host", seed=3), f"set -x\ncurl -fsS {_TOOL} -o t.tgz", proof=r"^curl: \(60\).*no alternative|^curl: \(60\)")
    yield CURL.case("plain-text", Weather("tls_plain"), f"curl -v -f {_TOOL} -o t.tgz", proof=r"^curl: \(35\).*wrong version number")
    yield CURL.case("old-protocol", Weather("tls_old"), f"curl -fsS {_TOOL} -o t.tgz", proof=r"^curl: \(35\)")


@scenario("curl/weather-denied", label="auth_failure", needs=("curl",))
def _denied() -> Iterator[Case]:
    yield CURL.case("401", Weather("401"), f"curl -fsSL -H 'Authorization: Bearer expired' {_TOOL} -o t.tgz", proof=r"^curl: \(22\).*401")
    yield CURL.case("403-page", Weather("403", seed=2), "curl -sS --fail-with-body -T notes.txt $LAB_HTTPS/files/upload/notes", files={"notes.txt": "1.4.2\n"}, proof="403 Forbidden|^curl.*403")
    yield CURL.case("407", Weather("407"), "curl -fsS -x $LAB_HOST:$LAB_PORT http://dl.example.net/files/releases/SHA256SUMS", proof=r"407")


@scenario("curl/weather-gone", label="dependency_not_found", needs=("curl",))
def _gone() -> Iterator[Case]:
    yield CURL.case("404", Weather("missing"), f"curl -fL {_TOOL} -o t.tgz", proof=r"^curl: \(22\).*404")
    yield CURL.case("410", Weather("410", seed=2), f"curl --fail --retry 3 -sSL {_TOOL} | tar xz", proof=r"^curl: \(22\).*410")
    yield CURL.case(
        "wrong-version", Weather("calm", seed=3), 'VERSION=1.4.3\nset -x\ncurl -fsSLO "$LAB_HTTPS/files/releases/toolchain-$VERSION-linux-x64.tar.gz"', proof=r"^curl: \(22\).*404"
    )


@scenario("curl/weather-spoiled", label="corrupt_artifact", heals="wait", needs=("curl", "sha256sum"))
def _spoiled() -> Iterator[Case]:
    sums = "curl -fsSLO $LAB_HTTPS/files/releases/SHA256SUMS\nsha256sum --ignore-missing -c SHA256SUMS"
    yield CURL.case("flipped", Weather("flip", hits=1, path="toolchain"), f"curl -fsSLO {_TOOL}\n{sums}", proof="FAILED$")
    yield CURL.case("cut-file", Weather("short", hits=1, path="toolchain"), f"curl -fsSL {_TOOL} | tar -xzf -", proof="unexpected end of file|Unexpected EOF")
    yield CURL.case("page-for-archive", Weather("html", hits=1, path="toolchain", seed=3), f"curl -fsSLO {_TOOL}\ntar -xzvf toolchain-*.tar.gz", proof="not in gzip format")
    yield CURL.case("empty-archive", Weather("empty", hits=1, path="fixtures"), "curl -fsSLO $LAB_URL/files/releases/fixtures.zip\npython3 -m zipfile -e fixtures.zip data", proof="BadZipFile: ")
    yield CURL.case("flipped-zip", Weather("flip", hits=1, path="fixtures", seed=5), "curl -fsSLO $LAB_URL/files/releases/fixtures.zip\npython3 -m zipfile -t fixtures.zip\npython3 -m zipfile -e fixtures.zip data", proof="BadZipFile: |^zlib.error")


@scenario("curl/weather-unsaid", label="unknown", needs=("curl",))
def _unsaid() -> Iterator[Case]:
    yield CURL.case("quiet-503", Weather("503"), f"echo 'Fetching toolchain'\ncurl -fs {_TOOL} -o t.tgz\necho ok")
    yield CURL.case("quiet-refused", Weather("refused"), f"set -e\nsteps=3\necho 'step 1 of 3: fixtures'\ncurl -s {_TOOL} -o t.tgz\n")


@scenario("curl/weather-survived", label="compile_error", needs=("curl", "cc"))
def _survived() -> Iterator[Case]:
    broken = {"rates.c": '#include <stdio.h>\n\nint retry_after_503(int seconds) {\n    return second * 2;\n}\n'}
    yield CURL.case(
        "502-then-error", Weather("502", hits=1), f"curl -fL --retry 3 --retry-delay 1 {_TOOL} -o t.tgz\ncc -Wall -c rates.c", files=broken, proof=r"^rates.c:4.*error: .second. undeclared"
    )
    yield CURL.case(
        "refused-then-error", Weather("refused", seconds=2, seed=2), f"for try in 1 2 3 4 5 6; do curl -fsSL {_TOOL} -o t.tgz && break; echo \"attempt $try failed\"; sleep 1; done\n{C_RUN}\ncc -c rates.c",
        files={**C_BUILD, **broken}, proof=r"^rates.c:4.*error",
    )  # fmt: skip


@scenario("curl/weather-survived-tests", label="test_failure", needs=("curl", "python3"))
def _survived_tests() -> Iterator[Case]:
    test = "import unittest\n\n\nclass BackoffTest(unittest.TestCase):\n    def test_503_doubles_the_delay(self):\n        self.assertEqual(4, 2 + 1, 'delay after 503')\n"
    yield CURL.case(
        "503-then-assert", Weather("503", hits=1), f"curl -f --retry 2 {_RATES} -o rates.json\n{UNITTEST_RUN}", files={**UNITTEST, "tests/test_backoff.py": test},
        proof=r"^AssertionError: 4 != 3",
    )  # fmt: skip


@scenario("curl/weather-passed", label=PASSED, needs=("curl",))
def _passed() -> Iterator[Case]:
    yield CURL.case("retried-503", Weather("503", hits=2), f"{PREAMBLE}curl -fL --retry 4 --retry-delay 1 {_TOOL} -o t.tgz\ntar -tzf t.tgz\n{UNITTEST_RUN}", files=UNITTEST)
    yield CURL.case("429-waited", Weather("429", hits=1, retry_after="2", seed=2), f"curl -fv --retry 2 {_RATES} -o rates.json\n{C_RUN}\n{CLEANUP}", files=C_BUILD)
