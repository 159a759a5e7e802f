"""A part of the lab run under guard: real tools that really fail, healed by the remedy that is meant or refused at once."""

from __future__ import annotations

import pytest

import models.lab.scenarios  # noqa: F401  registers them
from models.lab.check import HEALED, PASSES, REFUSED, clears, verdict
from models.lab.scenario import SCENARIOS, Case, Scenario
from models.lab.seal import possible
from models.lab.trial import missing, play

pytestmark = [pytest.mark.tools, pytest.mark.timeout(300)]

HEALS = [
    "node/heap/index",
    "gcc/no-space/temp",
    "git/left-lock/index",
    "shell/limits/open-files",
    "shell/limits/file-size",
    "make/arguments-too-long/ls",
    "cmake/stale-tree/other-folder",
    "php/memory-limit/ini",
    "pip/damaged-cache/built-wheel",
    "go-test/sometimes/poll",
    "curl/weather-connection/refused-twice",
    "git/weather-connection/reset",
    "pip/weather-server-error/file-500",
]
REFUSES = [
    "gcc/rejects-c/missing-semicolon",
    "node/open-files/sync",
    "curl/weather-denied/401",
    "git/weather-gone/404",
]
PASSES_AT_ONCE = ["pytest/passes/verbose"]


def _found(name: str) -> tuple[Scenario, Case]:
    scenario = SCENARIOS[name.rsplit("/", 1)[0]]
    case = next((case for case in scenario.cases() if case.name == name.rsplit("/", 1)[1]), None)
    assert case is not None, name
    if missing(scenario):
        pytest.skip(f"no {missing(scenario)}")
    return scenario, case


@pytest.fixture(scope="module")
def seal() -> bool:
    return possible()


@pytest.mark.parametrize("name", HEALS)
def test_heals_by_the_remedy_that_is_meant_and_changes_nothing_outside(name: str, seal: bool) -> None:
    scenario, case = _found(name)
    trial = play(scenario, case, "guard", seal=seal)
    assert verdict(trial, clears=clears(scenario, case)) == HEALED, trial
    assert trial.exit_code == 0
    assert not trial.outside


@pytest.mark.parametrize("name", REFUSES)
def test_what_cannot_heal_runs_once(name: str, seal: bool) -> None:
    scenario, case = _found(name)
    trial = play(scenario, case, "guard", seal=seal)
    assert verdict(trial, clears=clears(scenario, case)) == REFUSED, trial
    assert not trial.outside


@pytest.mark.parametrize("name", PASSES_AT_ONCE)
def test_what_passes_runs_once(name: str) -> None:
    scenario, case = _found(name)
    assert verdict(play(scenario, case, "guard"), clears=True) == PASSES
