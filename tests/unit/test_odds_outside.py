"""How sure it is that a cause lies outside the job, whichever of them it is."""

from __future__ import annotations

import pytest

from guard.policy import odds
from guard.policy.plan import plan
from guard.settings.values import LabelRule, Settings
from guard.types import Alternative, Diagnosis, NoMemory, Surroundings
from tests.unit.by_hand import outcome


def torn(label: str, probability: float, *others: tuple[str, float]) -> Diagnosis:
    return Diagnosis(label, probability, "model", fingerprint="f", alternatives=tuple(Alternative(*one) for one in others))


@pytest.mark.parametrize(
    ("diagnosis", "sure"),
    [
        (torn("connection_failure", 0.4, ("network_timeout", 0.3), ("compile_error", 0.2)), 0.7),
        (torn("rate_limited", 0.6, ("service_unavailable", 0.3), ("dns_failure", 0.2)), 1.0),
        (torn("compile_error", 0.4, ("network_timeout", 0.3)), 0.4),
        (torn("out_of_memory", 0.5, ("resource_limit", 0.4)), 0.5),
        (torn("dns_failure", 0.5, ("tls_error", 0.4)), 0.5),
    ],
)
def test_causes_outside_the_job_count_together(diagnosis: Diagnosis, sure: float) -> None:
    assert odds.of_outside(diagnosis) == pytest.approx(sure)


def test_between_two_causes_that_one_wait_answers_it_waits() -> None:
    decided = plan(torn("connection_failure", 0.4, ("network_timeout", 0.35)), outcome(), (), Settings(), Surroundings(), NoMemory(), None)
    assert decided.decision == "heal"
    assert [change.remedy for change in decided.changes][-1] == "wait"


def test_a_probability_that_the_user_asks_for_is_the_label_s_own() -> None:
    asked = Settings(labels={"connection_failure": LabelRule(min_probability=0.5)})
    decided = plan(torn("connection_failure", 0.4, ("network_timeout", 0.35)), outcome(), (), asked, Surroundings(), NoMemory(), None)
    assert decided.decision == "escalate"
    assert "40%" in decided.reason
