"""The evaluation counts what it says it counts."""

from __future__ import annotations

import pytest

from guard.diagnosis.classify import Guess
from guard.types import LABELS
from models import evaluate
from models.data import Example


def said(truth: str, label: str, sure: float, also: tuple[str, ...] = (), **more: object) -> evaluate.Answer:
    example = Example("x", truth, also, "g", "own lab", 1, b"x", **more)  # type: ignore[arg-type]
    return evaluate.Answer(example, label, sure, "", (3,), 0.0, sure)


ANSWERS = [
    said("disk_full", "disk_full", 0.9),
    said("disk_full", "out_of_memory", 0.8, ("out_of_memory",)),
    said("lint_error", "disk_full", 0.6),
    said("dns_failure", "dns_failure", 0.4),
    said("compile_error", "compile_error", 0.9),
]


def test_heals_are_counted_from_the_least_probability_on() -> None:
    heals, precision, recall, cost = evaluate.at_least(ANSWERS, 0.5)
    assert (heals, precision, recall) == (3, pytest.approx(2 / 3), pytest.approx(2 / 3))
    # One build in vain, one failure handed to a person.
    assert cost == pytest.approx(2 / 5)
    assert evaluate.at_least(ANSWERS, 0.3)[:3] == (4, pytest.approx(3 / 4), 1)
    assert evaluate.at_least(ANSWERS, 0.95)[:3] == (0, 0, 0)


def test_a_line_beside_the_marked_range_is_a_hit() -> None:
    assert said("lint_error", "lint_error", 0.9, evidence=((4, 5),)).hits == [True]
    assert said("lint_error", "lint_error", 0.9, evidence=((5, 9),)).hits == [False]


def test_the_calibration_error_is_the_mean_distance_from_the_truth() -> None:
    answers = [said("hang", "hang", 0.75)] * 2 + [said("hang", "disk_full", 0.75)] * 2
    assert evaluate.calibration_error(answers) == pytest.approx(0.25)


def test_the_model_that_is_asked_is_the_one_that_is_given() -> None:
    guess = Guess({label: float(label == "hang") for label in LABELS}, {0: 1.0}, {"model": 1.0})
    found = evaluate.answer(Example("x", "hang", (), "g", "own lab", 1, b"waiting\n"), "model", lambda log, outcome: guess)
    assert (found.label, found.probability, found.lines, found.right) == ("hang", 1.0, (1,), True)
