"""A list of flaky tests: it buys a second run, and never a verdict."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from guard.policy.plan import plan
from guard.remedies import quarantine
from guard.settings.values import LabelRule, Settings
from guard.types import Attempt, Diagnosis, NoMemory, Outcome, Plan, Surroundings
from tests.unit.by_hand import diagnosis, outcome

LOG = b"""F.F

Finished in 0.01 seconds
3 examples, 2 failures

Failed examples:

rspec ./spec/a_spec.rb:2 # outer flaky
rspec ./spec/a_spec.rb:9 # outer late

"""
FAILED = diagnosis("test_failure", "3 examples, 2 failures", tool="rspec")


@pytest.fixture
def first(tmp_path: Path) -> Outcome:
    (tmp_path / "spec").mkdir()
    (tmp_path / "spec/a_spec.rb").write_text("")
    return outcome("rspec", cwd=tmp_path, log=LOG)


def listed(tmp_path: Path, *names: str) -> Path:
    file = tmp_path / "flaky.txt"
    file.write_text("# known since spring\n\n" + "\n".join(names) + "\n")
    return file


def decided(file: Path | None, first: Outcome, spent: tuple[Attempt, ...] = (), told: Diagnosis = FAILED, rule: LabelRule | None = None) -> Plan:
    settings = Settings(quarantine=file, labels={"test_failure": rule} if rule else {})
    return plan(told, first, spent, settings, Surroundings(), NoMemory(), None)


def test_all_known_are_run_again_and_named(tmp_path: Path, first: Outcome) -> None:
    found = decided(listed(tmp_path, "./spec/a_spec.rb:2", "./spec/*:9"), first)
    assert found.decision == "heal"
    assert found.changes[0].remedy == "rerun_failed_tests"
    assert found.changes[0].details["known_flaky"] == ["./spec/a_spec.rb:2", "./spec/a_spec.rb:9"]
    assert "flaky.txt" in found.reason


@pytest.mark.parametrize("names", [("./spec/a_spec.rb:2",), (), ("*",), ("spec/a_spec.rb:2", "spec/a_spec.rb:9"), ("./spec/a_spec.rb:[29]",)])
def test_one_that_is_not_known_is_a_failure_like_any_other(tmp_path: Path, first: Outcome, names: tuple[str, ...]) -> None:
    assert decided(listed(tmp_path, *names), first).decision == "escalate"


def test_without_a_list_and_for_other_labels_nothing_changes(tmp_path: Path, first: Outcome) -> None:
    file = listed(tmp_path, "./spec/*")
    assert decided(None, first).decision == "escalate"
    assert decided(file, first, told=replace(FAILED, label="compile_error")).decision == "escalate"
    assert decided(file, first, rule=LabelRule(remedies=())).decision == "escalate"


def test_known_tests_that_fail_again_stay_red_with_that_reason(tmp_path: Path, first: Outcome) -> None:
    file = listed(tmp_path, "./spec/*")
    spent = (Attempt(first, FAILED, decided(file, first)),)
    found = decided(file, replace(first, number=2), spent)
    assert found.decision == "escalate"
    assert "flaky.txt" in found.reason


def test_a_list_that_is_gone_names_nothing(tmp_path: Path) -> None:
    assert quarantine.patterns(tmp_path / "gone") == ()
