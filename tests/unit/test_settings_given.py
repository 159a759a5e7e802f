"""What flags and variables say is read and checked without the rest of the settings, and means the same there."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.errors import GuardError
from guard.settings import loading
from guard.settings.flags import over
from guard.settings.given import Given, early
from guard.settings.values import Settings


def test_it_has_what_the_first_attempt_needs(tmp_path: Path) -> None:
    env = {"PIPEGUARD_TIMEOUT": "10m", "PIPEGUARD_BUDGET": "1h", "PIPEGUARD_HISTORY": "off", "PIPEGUARD_ATTEMPTS": ""}
    found = early({"idle_timeout": "90"}, env)
    assert found is not None
    whole = loading.load(tmp_path, {"idle_timeout": "90"}, env, "none", False)
    assert (found.limits.attempt_s, found.limits.idle_s, found.budget_s) == (600, 90, 3600)
    assert (whole.limits.attempt_s, whole.limits.idle_s, whole.budget_s) == (600, 90, 3600)
    assert (found.history, found.history_off) == (whole.history, whole.history_off) == (None, True)


def test_without_a_file_the_settings_are_what_was_given(tmp_path: Path) -> None:
    flags, env = {"attempts": 2, "idempotent": "true"}, {"PIPEGUARD_ON_HEAL": "warn"}
    assert over(Settings(), flags, env) == loading.load(tmp_path, flags, env, "none", False)


@pytest.mark.parametrize("name", ["PIPEGUARD_POLICY", "PIPEGUARD_CONFIG", "PIPEGUARD_REMEDIES"])
def test_what_needs_a_file_or_a_registry_needs_the_whole(name: str) -> None:
    assert early({}, {name: "x"}) is None
    assert early({}, {name: ""}) is not None


@pytest.mark.parametrize(
    ("flags", "env", "said"),
    [
        ({"timeout": "soon"}, {}, "--timeout: 'soon' is no duration"),
        ({}, {"PIPEGUARD_ATTEMPTS": "99"}, "PIPEGUARD_ATTEMPTS: '99' is no number from 1 to 20"),
        ({}, {"PIPEGUARD_IDEMPOTENT": "perhaps"}, "PIPEGUARD_IDEMPOTENT: 'perhaps' is none of auto, true, false"),
        ({}, {"PIPEGUARD_ON_HEAL": "cry"}, "PIPEGUARD_ON_HEAL: 'cry' is none of pass, warn, fail"),
        ({}, {"PIPEGUARD_BUDGET": "-1"}, "PIPEGUARD_BUDGET"),
        ({"history": ""}, {}, "--history: no store is named"),
        ({}, {"PIPEGUARD_HISTORY": "sqlite:"}, "PIPEGUARD_HISTORY: no store is named"),
    ],
)
def test_an_error_is_told_before_anything_runs(flags: dict[str, object], env: dict[str, str], said: str) -> None:
    with pytest.raises(GuardError, match=said):
        early(flags, env)


def test_how_often_an_earlier_gitlab_job_ran_is_no_setting() -> None:
    told = {"PIPEGUARD_STATUS": "passed", "PIPEGUARD_ATTEMPTS": "1"}
    assert Given({}, told).attempts(3) == 3
    assert Given({}, {**told, "PIPEGUARD_MOST_ATTEMPTS": "5"}).attempts(3) == 5
    assert Given({"attempts": 2}, {**told, "PIPEGUARD_MOST_ATTEMPTS": "5"}).attempts(3) == 2
    assert Given({}, {"PIPEGUARD_ATTEMPTS": "4"}).attempts(3) == 4
