"""Each tool's own variables for time-outs and retries; each was seen to act on its tool, but for Gradle's retries, which come from its documentation.

Left out because no variable does it: Go and Composer have none for the network, curl and wget only through
CURL_HOME and WGETRC, which hide the user's own file, apt only through a file that APT_CONFIG names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Timeouts:
    """What lengthens one tool's patience."""

    variables: Mapping[str, str]
    """Name -> value; a value that the user set at least as high stays."""
    option_variable: str = ""
    """A variable that holds options for the tool (`MAVEN_OPTS`), to which `options` are added."""
    options: tuple[str, ...] = ()
    """`-Dname=value`; an option whose name is there already is the user's and stays."""


# npm 11 (defaults: 300000 ms, 2 retries after 10 to 60 s); pnpm reads the same names, but in version 10 its time-out
# does nothing: for a server that never answers it waits for ever, and only the retries act.
_NPM = Timeouts(
    {
        "npm_config_fetch_timeout": "600000",
        "npm_config_fetch_retries": "5",
        "npm_config_fetch_retry_maxtimeout": "120000",
    }
)

TIMEOUTS: Mapping[str, Timeouts] = {
    # pip 23 (15 s, 5 retries); inside `pip --isolated` no variable counts
    "pip": Timeouts({"PIP_DEFAULT_TIMEOUT": "90", "PIP_RETRIES": "10"}),
    # uv 0.9 (30 s, 3 retries)
    "uv": Timeouts({"UV_HTTP_TIMEOUT": "180", "UV_HTTP_RETRIES": "8"}),
    # Poetry 2 (15 s, no retries)
    "poetry": Timeouts({"POETRY_REQUESTS_TIMEOUT": "90", "POETRY_REQUESTS_MAX_RETRIES": "5"}),
    "npm": _NPM,
    "pnpm": _NPM,
    # Classic (1.22) reads npm's form of the name; Berry (4) the other two. `YARN_NETWORK_TIMEOUT`, which Classic
    # reads as well, makes Berry refuse to start: "Unrecognized or legacy configuration settings found".
    "yarn": Timeouts(
        {"npm_config_network_timeout": "300000", "YARN_HTTP_TIMEOUT": "300000", "YARN_HTTP_RETRY": "8"}
    ),
    # cargo 1.95 (30 s without 10 bytes a second, 3 retries)
    "cargo": Timeouts({"CARGO_HTTP_TIMEOUT": "180", "CARGO_NET_RETRY": "8"}),
    # Maven 3.8 downloads by Wagon, which tries again on a server error only when told so; 3.9 by its own transport.
    # Each passes over the other's names. MAVEN_ARGS, new in 3.9, does what MAVEN_OPTS does in both.
    "maven": Timeouts(
        {},
        "MAVEN_OPTS",
        (
            "-Dmaven.wagon.rto=1800000",
            "-Dmaven.wagon.http.retryHandler.count=6",
            "-Dmaven.wagon.http.serviceUnavailableRetryStrategy.class=standard",
            "-Dmaven.wagon.http.serviceUnavailableRetryStrategy.maxRetries=6",
            "-Dmaven.wagon.http.serviceUnavailableRetryStrategy.retryInterval=5000",
            "-Daether.connector.connectTimeout=60000",
            "-Daether.connector.requestTimeout=1800000",
            "-Daether.connector.http.retryHandler.count=6",
        ),
    ),
    # Gradle (30 s, 3 tries): the client hands its own system properties to the daemon.
    "gradle": Timeouts(
        {},
        "GRADLE_OPTS",
        (
            "-Dorg.gradle.internal.http.connectionTimeout=120000",
            "-Dorg.gradle.internal.http.socketTimeout=180000",
            "-Dorg.gradle.internal.repository.max.retries=8",
            "-Dorg.gradle.internal.repository.initial.backoff=500",
        ),
    ),
}

GIT: Mapping[str, str] = {"GIT_HTTP_LOW_SPEED_LIMIT": "1", "GIT_HTTP_LOW_SPEED_TIME": "600"}
"""git 2.39 has no time-out of its own; where one was set, by variable or configuration, these win: a transfer is
given up after ten minutes without a byte a second."""

TOOL_OF_PROGRAM: Mapping[str, str] = {
    "pip": "pip",
    "pip3": "pip",
    "tox": "pip",
    "nox": "pip",
    "pipenv": "pip",
    "uv": "uv",
    "uvx": "uv",
    "poetry": "poetry",
    "npm": "npm",
    "npx": "npm",
    "pnpm": "pnpm",
    "pnpx": "pnpm",
    "yarn": "yarn",
    "yarnpkg": "yarn",
    "cargo": "cargo",
    "mvn": "maven",
    "mvnw": "maven",
    "mvnd": "maven",
    "gradle": "gradle",
    "gradlew": "gradle",
    "git": "git",
}
"""Program -> the tool whose variables it, or what it starts, reads."""
