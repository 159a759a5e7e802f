"""Which variables lengthen which tool's patience."""

from __future__ import annotations

from typing import Any

import pytest

from guard.remedies import longer_timeouts
from guard.remedies.timeouts_by_tool import TIMEOUTS, TOOL_OF_PROGRAM
from guard.types import (
    Around,
    Surroundings,
)
from tests.unit.by_hand import diagnosis, outcome


def patches(*argv: str, label: str = "network_timeout", lines: tuple[str, ...] = (), tool: str = "", **given: Any) -> Any:
    found = diagnosis(label, *lines, **({"tool": tool} if tool else {}))
    change = longer_timeouts.propose(found, outcome(*argv, **given), Surroundings())
    return None if change is None else dict(change.env)  # type: ignore[union-attr]


def test_the_tool_that_failed_alone_is_changed() -> None:
    env = patches("bash", "-c", "npm ci && pip install .", tool="pip")
    assert set(env) == {"PIP_DEFAULT_TIMEOUT", "PIP_RETRIES"}


def test_without_a_known_tool_those_in_play_are() -> None:
    env = patches(script="npm ci && cargo fetch", tool="http")
    assert {"npm_config_fetch_timeout", "CARGO_NET_RETRY"} <= set(env)


def test_nothing_for_unknown_tools_or_other_labels() -> None:
    assert patches("curl", "https://host.example") is None
    assert patches("pip", "install", "x", label="out_of_memory") is None


def test_yarn_gets_no_variable_that_its_berry_refuses() -> None:
    assert "YARN_NETWORK_TIMEOUT" not in patches("yarn", "install")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"PIP_DEFAULT_TIMEOUT": "300", "PIP_RETRIES": "20"}, None),
        ({"PIP_DEFAULT_TIMEOUT": "5", "PIP_RETRIES": "20"}, {"PIP_DEFAULT_TIMEOUT": "90"}),
        ({"PIP_TIMEOUT": "5", "PIP_RETRIES": "20"}, {"PIP_TIMEOUT": "90"}),
    ],
)
def test_what_the_user_set_higher_stays(given: dict[str, str], expected: dict[str, str] | None) -> None:
    assert patches("pip", "install", "x", env=given) == expected


def test_npm_names_in_any_case() -> None:
    env = patches("npm", "ci", env={"NPM_CONFIG_FETCH_TIMEOUT": "1000"})
    assert env["NPM_CONFIG_FETCH_TIMEOUT"] == "600000"
    assert "npm_config_fetch_timeout" not in env


def test_options_are_added_and_lower_ones_raised() -> None:
    added = patches("mvn", "package", env={"MAVEN_OPTS": "-Xmx1g"})["MAVEN_OPTS"]
    assert isinstance(added, Around)
    assert added.after.startswith(" -D")
    raised = patches("mvn", "package", env={"MAVEN_OPTS": "-Xmx1g -Dmaven.wagon.http.retryHandler.count=1"})
    assert "retryHandler.count=6" in raised["MAVEN_OPTS"]
    assert raised["MAVEN_OPTS"].startswith("-Xmx1g ")
    assert "retryHandler.count=1 " not in raised["MAVEN_OPTS"]


def test_git_only_where_a_limit_was_set() -> None:
    assert patches("git", "clone", "x") is None
    assert patches("git", "clone", "x", env={"GIT_HTTP_LOW_SPEED_LIMIT": "1000", "GIT_HTTP_LOW_SPEED_TIME": "5"})
    said = "fatal: unable to access 'x': Operation too slow. Less than 1000 bytes/sec transferred the last 2 seconds"
    assert patches("git", "clone", "x", lines=(said,)) == {"GIT_HTTP_LOW_SPEED_LIMIT": "1", "GIT_HTTP_LOW_SPEED_TIME": "600"}


def test_each_program_of_the_table_leads_to_a_tool() -> None:
    assert set(TOOL_OF_PROGRAM.values()) == {*TIMEOUTS, "git"}
