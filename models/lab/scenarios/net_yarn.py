"""Yarn (classic and berry), pnpm and bun in bad weather."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Weather, scenario
from models.lab.weather_clients import BERRY, PNPM, YARN
from models.lab.weather_noise import LISTING, NODE_RUN, NODE_TEST

_NEEDS = ("npm",)
_FILE = r"\.tgz"
_ONCE = {"npm_config_fetch_retries": "0"}


@scenario("yarn/weather-answers", label="service_unavailable", heals="wait", needs=_NEEDS)
def _classic_answers() -> Iterator[Case]:
    yield YARN.case("503", Weather("503", seconds=20), proof=r"Request failed \"503|503")
    yield YARN.case("file-500", Weather("500", seconds=20, path=_FILE, seed=2), f"{NODE_RUN}\nyarn install --no-progress", files=NODE_TEST, proof=r"Request failed \"500|500 Internal")
    yield YARN.case("429", Weather("429", seconds=20, seed=3), proof=r"429", label="rate_limited")


@scenario("yarn/weather-network", label="connection_failure", heals="wait", needs=_NEEDS)
def _classic_network() -> Iterator[Case]:
    yield YARN.case("refused", Weather("refused", seconds=15), proof=r"ECONNREFUSED")
    yield YARN.case("name", Weather("dns", seconds=15, seed=2), proof=r"ENOTFOUND", label="dns_failure")
    yield YARN.case("certificate", Weather("tls_expired", seed=3), proof=r"certificate has expired", label="tls_error")
    yield YARN.case("flipped", Weather("flip", path=r"lodash.*tgz", seed=4), proof=r"[Ii]ntegrity check failed|zlib|incorrect data check|unexpected end|invalid", label="corrupt_artifact")
    yield YARN.case("gone", Weather("missing", path="/ms", seed=5), proof=r"404|[Nn]ot found|Couldn't find package", label="dependency_not_found")


@scenario("yarn-berry/weather-answers", label="service_unavailable", heals="wait", needs=_NEEDS)
def _berry_answers() -> Iterator[Case]:
    yield BERRY.case("503", Weather("503", hits=10), proof=r"Response Code.*503|503 \(Service")
    yield BERRY.case("file-502", Weather("502", hits=12, path=_FILE, seed=2), f"{LISTING}\nyarn install", proof=r"Response Code.*502|502 \(Bad")
    yield BERRY.case("429", Weather("429", hits=10, seed=3), proof=r"429", label="rate_limited")
    yield BERRY.case("403", Weather("403", seed=4), proof=r"403|Invalid authentication", label="auth_failure")
    yield BERRY.case("404", Weather("missing", path="lodash", seed=5), proof=r"404|Package not found", label="dependency_not_found")


@scenario("yarn-berry/weather-network", label="connection_failure", heals="wait", needs=_NEEDS)
def _berry_network() -> Iterator[Case]:
    yield BERRY.case("refused", Weather("refused", seconds=8), proof=r"ECONNREFUSED")
    yield BERRY.case("reset", Weather("reset", hits=20, path=_FILE, seed=2), proof=r"ECONNRESET|socket hang up")
    yield BERRY.case("silent", Weather("silent", hits=10, seed=3), env={"YARN_HTTP_TIMEOUT": "2500", "YARN_HTTP_RETRY": "0"}, proof=r"Timeout awaiting|ETIMEDOUT", label="network_timeout")
    yield BERRY.case("name", Weather("dns_again", seconds=8, seed=4), proof=r"EAI_AGAIN", label="dns_failure")
    yield BERRY.case("certificate", Weather("tls", seed=5), proof=r"self-signed certificate", label="tls_error")


@scenario("pnpm/weather-answers", label="service_unavailable", heals="wait", needs=_NEEDS)
def _pnpm_answers() -> Iterator[Case]:
    yield PNPM.case("503", Weather("503", seconds=12), proof=r"ERR_PNPM_FETCH_503")
    yield PNPM.case("file-500", Weather("500", seconds=12, path=_FILE, seed=2), f"{NODE_RUN}\npnpm install --no-frozen-lockfile --reporter append-only", files=NODE_TEST, proof=r"ERR_PNPM_FETCH_500")
    yield PNPM.case("429", Weather("429", seconds=12, seed=3), proof=r"ERR_PNPM_FETCH_429", label="rate_limited")
    yield PNPM.case("401", Weather("401", seed=4), proof=r"ERR_PNPM_FETCH_401", label="auth_failure")
    yield PNPM.case("404", Weather("missing", path="chalk", seed=5), proof=r"ERR_PNPM_FETCH_404", label="dependency_not_found")


@scenario("pnpm/weather-network", label="connection_failure", heals="wait", needs=_NEEDS)
def _pnpm_network() -> Iterator[Case]:
    yield PNPM.case("refused", Weather("refused", seconds=12), env=_ONCE, proof=r"ECONNREFUSED")
    yield PNPM.case("reset", Weather("reset", seconds=12, seed=2), "pnpm install --no-frozen-lockfile --loglevel debug", env=_ONCE, proof=r"ECONNRESET|socket hang up")
    yield PNPM.case("silent", Weather("silent", seconds=12, seed=3), env={**_ONCE, "npm_config_fetch_timeout": "2500"}, proof=r"[Tt]imeout|ETIMEDOUT", label="network_timeout")
    yield PNPM.case("name", Weather("dns", seconds=12, seed=4), env=_ONCE, proof=r"ENOTFOUND", label="dns_failure")
    yield PNPM.case("expired", Weather("tls_expired", seed=5), env=_ONCE, proof=r"certificate has expired|CERT_HAS_EXPIRED", label="tls_error")
    yield PNPM.case("flipped", Weather("flip", path=r"dayjs.*tgz", hits=4, seed=6), env=_ONCE, proof=r"ERR_PNPM_TARBALL_INTEGRITY|[Ii]ntegrity|BAD_TAR|invalid|incorrect", label="corrupt_artifact")


@scenario("pnpm/weather-passed", label=PASSED, needs=_NEEDS)
def _passed() -> Iterator[Case]:
    yield PNPM.case("503-once", Weather("503", hits=1), f"pnpm install --no-frozen-lockfile --reporter append-only\npnpm list\n{NODE_RUN}", files=NODE_TEST)
    yield BERRY.case("berry-502-once", Weather("502", hits=1, seed=2), f"yarn install\nyarn info --all || true\n{LISTING}")
