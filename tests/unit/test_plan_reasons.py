"""The reason that a user reads is true of the very case."""

from __future__ import annotations

import pytest

from guard.policy.plan import plan
from guard.settings.values import LabelRule, Settings
from guard.types import Diagnosis, NoMemory, Surroundings
from tests.unit.by_hand import outcome


def reason(label: str, probability: float, settings: Settings | None = None) -> str:
    found = Diagnosis(label, probability, "model", fingerprint="f")
    return plan(found, outcome(), (), settings or Settings(), Surroundings(), NoMemory(), None).reason


@pytest.mark.parametrize("label", ["test_failure", "compile_error", "auth_failure"])
def test_an_unsure_cause_is_not_given_as_the_reason(label: str) -> None:
    assert "not sure (34%)" in reason(label, 0.34)
    assert "not sure" not in reason(label, 0.9)


def test_what_is_a_hair_too_unsure_does_not_read_as_enough() -> None:
    rules = Settings(labels={"out_of_memory": LabelRule(min_probability=0.55)})
    assert "54%, wanted 55%" in reason("out_of_memory", 0.549, rules)
    assert "29%, wanted 55%" in reason("out_of_memory", 0.29, rules)


def test_a_plain_repetition_that_the_user_names_for_a_label_is_made() -> None:
    rules = Settings(labels={"unknown": LabelRule(remedies=("rerun_all",))})
    assert "known cause" in reason("unknown", 0.9)
    assert reason("unknown", 0.9, rules) == "runs the whole command again"
