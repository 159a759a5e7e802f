"""The weathers of the matrix: what the network does, for how long, and what a log of it may rightly be called."""

from __future__ import annotations

from dataclasses import dataclass, replace

from models.lab.scenario import Weather

OUTAGE_S = 6.0
"""How long an outage of the matrix lasts from the first request on: longer than the clients' own few retries here, shorter than guard's first wait."""


@dataclass(frozen=True)
class Kind:
    """One weather of the matrix."""

    name: str
    weather: Weather
    labels: tuple[str, ...]
    """What the first red run may rightly be called; the first is what most clients' words say."""
    heals: bool = True
    """Whether it ends by itself: then guard must end green."""
    of_files: bool = False
    """Whether it strikes what is fetched (archives) rather than every request."""

    def on(self, path: str, *, live: bool = False) -> Weather:
        """The weather for a client whose archives have such paths."""
        return replace(self.weather, path=path if self.of_files else "", live=live)


def _for(kind: str, seconds: float = OUTAGE_S, **more: str) -> Weather:
    return Weather(kind, seconds=seconds, **more)  # type: ignore[arg-type]


_DAMAGE = ("corrupt_artifact", "connection_failure")
_ALL = (
    Kind("429", _for("429"), ("rate_limited",)),
    Kind("429-retry-after", Weather("429", seconds=8, retry_after="8"), ("rate_limited",)),
    *(Kind(code, _for(code), ("service_unavailable",)) for code in ("500", "502", "503", "504")),
    Kind("refused", _for("refused"), ("connection_failure",)),
    Kind("no-answer", _for("no_answer", 14.0), ("network_timeout", "connection_failure")),
    Kind("reset", _for("reset"), ("connection_failure",)),
    Kind("reset-body", _for("reset_body"), ("connection_failure", "corrupt_artifact"), of_files=True),
    Kind("closed", _for("close"), ("connection_failure",)),
    Kind("silent", _for("silent", 14.0), ("network_timeout",)),
    Kind("stalled-body", _for("stall", 14.0), ("network_timeout",), of_files=True),
    Kind("slow-loris", _for("slow", 8.0), ("network_timeout", "hang"), of_files=True),
    Kind("truncated-right-length", _for("truncate"), ("connection_failure", "corrupt_artifact"), of_files=True),
    Kind("truncated-chunks", _for("cut"), ("connection_failure", "corrupt_artifact"), of_files=True),
    Kind("truncated-wrong-length", _for("short"), _DAMAGE, of_files=True),
    Kind("flipped", _for("flip"), _DAMAGE, of_files=True),
    Kind("dns", _for("dns"), ("dns_failure",)),
    Kind("dns-again", _for("dns_again"), ("dns_failure",)),
    Kind("dns-silent", _for("dns_silent", 8.0), ("dns_failure", "network_timeout")),
    Kind("tls-reset", _for("tls_reset"), ("connection_failure", "tls_error")),
    Kind("stale-index", Weather("missing"), ("dependency_not_found",), heals=False, of_files=True),
    Kind("tls-self-signed", Weather("tls"), ("tls_error",), heals=False),
    Kind("tls-expired", Weather("tls_expired"), ("tls_error",), heals=False),
    Kind("tls-other-host", Weather("tls_host"), ("tls_error",), heals=False),
    Kind("tls-plain-text", Weather("tls_plain"), ("tls_error",), heals=False),
    Kind("401", Weather("401"), ("auth_failure",), heals=False),
    Kind("403", Weather("403"), ("auth_failure",), heals=False),
)
SAYS = {
    ("mvn", "429"): "connection_failure",
    ("mvn", "429-retry-after"): "connection_failure",
    ("uv", "stalled-body"): "corrupt_artifact",
    ("yarn", "401"): "dependency_not_found",
    ("apt-get", "silent"): "connection_failure",
}
"""Where a client's own words name another cause: apt says "Connection failed" of a server that is silent, Maven 3.8 says of a 429 that its stream was closed, uv of a wheel that stalls that it is no
zip, Yarn 1 of a 401 that there is no such package."""
KINDS = {kind.name: kind for kind in _ALL}
