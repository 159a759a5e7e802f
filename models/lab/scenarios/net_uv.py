"""uv and Poetry in bad weather."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Weather, scenario
from models.lab.weather_clients import POETRY, UV
from models.lab.weather_noise import LISTING, UNITTEST, UNITTEST_RUN

_NEEDS = ("python3",)
_WHEEL = r"\.whl"


@scenario("uv/weather-answers", label="service_unavailable", heals="wait", needs=_NEEDS)
def _answers() -> Iterator[Case]:
    yield UV.case("index-503", Weather("503", seconds=15), proof=r"503 Service Unavailable")
    yield UV.case("file-500", Weather("500", seconds=15, path=_WHEEL, seed=2), f"{UNITTEST_RUN}\nuv sync -v", files=UNITTEST, proof=r"500 Internal Server Error")
    yield UV.case("429", Weather("429", seconds=12, seed=3), "uv lock", proof=r"429 Too Many Requests", label="rate_limited")
    yield UV.case("403", Weather("403", path=_WHEEL, seed=4), proof=r"403 Forbidden", label="auth_failure")
    yield UV.case("404", Weather("missing", path="attrs", seed=5), "uv lock --no-progress", proof=r"not found in the package registry", label="dependency_not_found")


@scenario("uv/weather-network", label="connection_failure", heals="wait", needs=_NEEDS)
def _network() -> Iterator[Case]:
    yield UV.case("refused", Weather("refused", seconds=12), proof=r"Connection refused")
    yield UV.case("reset", Weather("reset", seconds=12, path=_WHEEL, seed=2), f"{LISTING}\nuv sync", proof=r"reset by peer|connection (?:closed|error)")
    yield UV.case("silent", Weather("silent", seconds=15, seed=3), env={"UV_HTTP_RETRIES": "0", "UV_HTTP_TIMEOUT": "2"}, proof=r"time(?:d )?out", label="network_timeout")
    yield UV.case("name", Weather("dns", seconds=12, seed=4), proof=r"dns error|failed to lookup address", label="dns_failure")
    yield UV.case("self-signed", Weather("tls", seed=5), "uv lock", env={"UV_HTTP_RETRIES": "0"}, proof=r"certificate", label="tls_error")
    yield UV.case("flipped", Weather("flip", path=r"rich.*whl", hits=2, seed=6), proof=r"[Hh]ash mismatch|invalid|corrupt|[Bb]ad|Failed to extract", label="corrupt_artifact")


@scenario("poetry/weather-answers", label="service_unavailable", heals="wait", needs=_NEEDS)
def _poetry_answers() -> Iterator[Case]:
    yield POETRY.case("503", Weather("503", seconds=25), proof=r"503 Server Error|too many 503|503")
    yield POETRY.case("403", Weather("403"), proof=r"Authorization error accessing", label="auth_failure")


@scenario("poetry/weather-network", label="connection_failure", heals="wait", needs=_NEEDS)
def _poetry_network() -> Iterator[Case]:
    yield POETRY.case("refused", Weather("refused", seconds=40), proof=r"All attempts to connect")
    yield POETRY.case("name-unsaid", Weather("dns", seconds=40), proof=r"All attempts to connect")  # it names three causes
    yield POETRY.case("name", Weather("dns", seconds=60), "poetry install -vvv --no-interaction --no-root", proof=r"Name or service not known|NameResolutionError|Failed to resolve", label="dns_failure")
    yield POETRY.case("self-signed", Weather("tls"), "poetry install -vvv --no-interaction --no-root", proof=r"CERTIFICATE_VERIFY_FAILED|self-signed certificate", label="tls_error")


@scenario("uv/weather-survived", label="dependency_conflict", needs=_NEEDS)
def _survived() -> Iterator[Case]:
    yield UV.case(
        "503-then-no-solution", Weather("503", hits=1, seed=2), "uv lock -v",
        files={"pyproject.toml": '[project]\nname = "tide-tables"\nversion = "0.3.0"\nrequires-python = ">=3.10"\ndependencies = ["rich", "markdown-it-py<2"]\n'},
        env={"UV_HTTP_RETRIES": "3"}, proof=r"No solution found when resolving",
    )  # fmt: skip


@scenario("uv/weather-passed", label=PASSED, needs=_NEEDS)
def _passed() -> Iterator[Case]:
    yield UV.case("502-once", Weather("502", hits=1), f"uv sync -v\nuv tree\n{UNITTEST_RUN}", files=UNITTEST, env={"UV_HTTP_RETRIES": "3"})
