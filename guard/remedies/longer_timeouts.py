"""Longer time-outs and more retries inside the tool itself, by that tool's own environment variables."""

from __future__ import annotations

from guard.remedies.command_words import programs
from guard.remedies.protocol import nothing_to_apply, nothing_to_undo
from guard.types import Around, Change, Diagnosis, EnvPatch, Outcome, Refusal, Surroundings

NAME = "longer_timeouts"
LABELS = frozenset({"network_timeout", "connection_failure", "service_unavailable"})

apply = nothing_to_apply
undo = nothing_to_undo

# tool -> variable -> value; from each tool's documentation of its configuration by environment
_VARIABLES: dict[str, dict[str, str]] = {
    "pip": {"PIP_DEFAULT_TIMEOUT": "90", "PIP_RETRIES": "8"},
    "uv": {"UV_HTTP_TIMEOUT": "180", "UV_HTTP_RETRIES": "8"},
    "poetry": {"POETRY_REQUESTS_TIMEOUT": "90", "POETRY_REQUESTS_MAX_RETRIES": "8"},
    "npm": {
        "npm_config_fetch_timeout": "600000",
        "npm_config_fetch_retries": "5",
        "npm_config_fetch_retry_mintimeout": "5000",
    },
    "yarn": {"YARN_NETWORK_TIMEOUT": "300000", "YARN_HTTP_TIMEOUT": "300000", "YARN_HTTP_RETRY": "8"},
    "cargo": {"CARGO_HTTP_TIMEOUT": "180", "CARGO_NET_RETRY": "8"},
    "bundler": {"BUNDLE_TIMEOUT": "60", "BUNDLE_RETRY": "8"},
    "git": {"GIT_HTTP_LOW_SPEED_LIMIT": "1", "GIT_HTTP_LOW_SPEED_TIME": "300"},
    "composer": {"COMPOSER_PROCESS_TIMEOUT": "1800"},
    "gradle": {},
    "maven": {},
}
_VARIABLES["pnpm"] = _VARIABLES["npm"]
_APPENDED: dict[str, tuple[str, str]] = {
    "maven": (
        "MAVEN_OPTS",
        " -Dmaven.wagon.http.retryHandler.count=6 -Dmaven.wagon.rto=180000 -Daether.connector.http.retryHandler.count=6"
        " -Daether.connector.requestTimeout=180000",
    ),
    "gradle": (
        "GRADLE_OPTS",
        " -Dorg.gradle.internal.http.socketTimeout=180000 -Dorg.gradle.internal.http.connectionTimeout=60000"
        " -Dorg.gradle.internal.repository.max.retries=8",
    ),
}
_PROGRAMS = {
    "pip": "pip", "pip3": "pip", "uv": "uv", "poetry": "poetry", "npm": "npm", "npx": "npm", "pnpm": "pnpm", "yarn": "yarn",
    "cargo": "cargo", "bundle": "bundler", "git": "git", "composer": "composer", "gradle": "gradle", "gradlew": "gradle",
    "mvn": "maven", "mvnw": "maven", "mvnd": "maven", "tox": "pip", "nox": "pip", "pipenv": "pip",
}  # fmt: skip


def propose(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """The variables of the tool that failed; what the user set higher stays."""
    del surroundings
    tool = str(diagnosis.entities.get("tool", ""))
    tools = [tool] if tool in _VARIABLES else []
    if not tools:
        tools = sorted({_PROGRAMS[name] for name in programs(outcome.command) if name in _PROGRAMS})
    env: dict[str, EnvPatch] = {}
    for name in tools:
        for variable, value in _VARIABLES[name].items():
            if not _at_least(outcome.command.env.get(variable, ""), value):
                env[variable] = value
        if name in _APPENDED:
            variable, text = _APPENDED[name]
            if text.split("=")[0].strip() not in outcome.command.env.get(variable, ""):
                env[variable] = Around(after=text)
    if not env:
        return None
    return Change(
        remedy=NAME,
        summary=f"gives {' and '.join(tools)} longer time-outs and more retries",
        env=env,
        success_probability=0.3,
        details={"variables": sorted(env)},
    )


def _at_least(old: str, new: str) -> bool:
    try:
        return float(old) >= float(new)
    except ValueError:
        return False
