"""Outages of the lab's weather under guard with `probes: on`: the second run begins when the registry answers again."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

import models.lab.scenarios  # noqa: F401  registers them
from models.lab.scenario import SCENARIOS
from models.lab.trial import missing, play

pytestmark = [pytest.mark.tools, pytest.mark.timeout(300)]


@pytest.mark.parametrize("name", ["go/weather-connection/refused", "git/weather-name/clone", "curl/weather-server-error/fail-with-503"])
def test_the_second_run_is_green_soon_after_the_outage(name: str) -> None:
    scenario = SCENARIOS[name.rsplit("/", 1)[0]]
    if missing(scenario):
        pytest.skip(f"no {missing(scenario)}")
    case = next(case for case in scenario.cases() if case.name == name.rsplit("/", 1)[1])
    assert case.weather is not None
    trial = play(scenario, replace(case, weather=replace(case.weather, hits=None, seconds=6.0)), "probes")
    assert (trial.green, trial.runs, trial.wrong_green) == (True, 2, False), trial.output
    assert re.search(r"guard: waited \d+ s: \S+ answered again after \d+ s", trial.output), trial.output
