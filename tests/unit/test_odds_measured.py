"""The priors of learning: the lab's measured rates, shrunk towards each remedy's own word."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest

from guard.policy import odds, offers
from guard.policy.measured import RATES
from guard.policy.plan import plan
from guard.policy.remedies_by_label import IN_DOUBT, ORDER
from guard.remedies import REMEDIES
from guard.settings.values import Settings
from guard.types import Change, Diagnosis, NoMemory, Outcome, Seen, Surroundings
from models.lab import rates
from tests.unit.by_hand import outcome


def row(scenario: str, remedies: list[list[str]], *, green: bool, label: str = "stale_state", diagnosed: list[str] | None = None) -> dict[str, Any]:
    labels = [label] * (len(remedies) + (not green)) if diagnosed is None else diagnosed
    return {"scenario": scenario, "way": "guard", "label": label, "green": green, "diagnosed": labels, "remedies": remedies, "seconds": 1.0}


def test_what_the_lab_s_rows_say() -> None:
    rows = [
        row("a", [["reset_state"]], green=True),
        row("b", [["reset_state"], ["wait"]], green=True),
        row("c", [["reset_state"], ["reset_state"]], green=True),  # one trial a case
        row("d", [["wait", "longer_timeouts"]], green=False),
    ]
    assert rates.rates(rows) == {"stale_state": {"longer_timeouts+wait": (0, 1), "reset_state": (2, 3), "wait": (1, 1)}}


@pytest.mark.parametrize(
    "one",
    [
        row("a", [["wait"]], green=True, diagnosed=["hang"]),  # the diagnosis was wrong, not the remedy
        row("b", [["reset_state"]], green=False, diagnosed=["stale_state", "test_failure"]),  # then failed by something else
        row("c", [["reset_state"]], green=False, diagnosed=["stale_state"]),  # never ran again
        row("d", [], green=False),
    ],
)
def test_what_says_nothing_of_a_remedy_is_not_counted(one: dict[str, Any]) -> None:
    assert rates.rates([one]) == {}


def test_the_newest_row_of_a_case_counts_and_only_guard_s(tmp_path: Path) -> None:
    files = []
    for name, rows in (("old", [row("a", [["wait"]], green=False)]), ("new", [row("a", [["wait"]], green=True), {**row("b", [], green=False), "way": "blind"}])):
        files.append(tmp_path / name)
        files[-1].write_text("".join(f"{json.dumps(one)}\n" for one in rows))
    played, target, before = tmp_path / "played", tmp_path / "measured.py", tmp_path / "before"
    assert rates.write(files, played, target, before) == {"stale_state": {"wait": (1, 1)}}
    assert [json.loads(line)["green"] for line in before.read_text().splitlines()] == [False]
    space: dict[str, Any] = {}
    exec(target.read_text(), space)
    assert space["RATES"] == {"stale_state": {"wait": (1, 1)}}
    assert rates.write([], played, target, before) == {"stale_state": {"wait": (1, 1)}}


def test_the_table_is_what_the_committed_rows_give() -> None:
    rows = [json.loads(line) for line in rates.PLAYED.read_text().splitlines()]
    assert rates.module(rates.rates(rows)) == rates.TARGET.read_text()
    assert sum(tried for groups in RATES.values() for _, tried in groups.values()) > 200


def twice(*pairs: tuple[bool, bool]) -> float:
    plays = [[row(f"case-{number}", [["wait"]], green=pair[turn]) for number, pair in enumerate(pairs)] for turn in (0, 1)]
    return rates.runs_of_prior(*plays)


def test_the_prior_counts_for_little_where_a_cause_is_healed_always_or_never() -> None:
    assert twice((True, True), (False, False), (True, True), (False, False)) == 0
    # Half of the plays of two causes differ, and none agree more for being of one: then every cause is like every other.
    assert twice((True, False), (False, True), (True, False), (False, True)) == math.inf
    assert 0.5 < twice(*[(True, True)] * 3, *[(False, False)] * 3, (True, False), (False, True)) < 1.0


def test_the_prior_s_weight_recovers_the_distribution_it_was_drawn_from() -> None:
    dice = random.Random(7)
    for runs in (0.5, 2.0):
        chances = [dice.betavariate(0.7 * runs, 0.3 * runs) for _ in range(4000)]
        assert twice(*[(dice.random() < chance, dice.random() < chance) for chance in chances]) == pytest.approx(runs, rel=0.15)


def test_the_prior_counts_for_as_many_runs_as_the_lab_s_cases_say() -> None:
    assert len(rates.BEFORE.read_text().splitlines()) > 100
    assert rates.played_twice() == pytest.approx(odds.PRIOR_RUNS, abs=0.25)


def test_every_rate_is_of_remedies_that_the_plan_puts_together() -> None:
    for label, groups in RATES.items():
        known = [set(group) for group in (*ORDER.get(label, ()), IN_DOUBT.get(label, ()))]
        for name, (healed, tried) in groups.items():
            assert 0 <= healed <= tried
            assert any(set(name.split("+")) <= group for group in known), (label, name)


def test_few_cases_move_a_remedy_s_word_little_and_many_much() -> None:
    few, many = {"wait": (0, 1)}, {"wait": (0, 500)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(odds, "RATES", {"few": few, "many": many})
        assert odds.measured("few", "wait", 0.8) == pytest.approx(8 / 11)
        assert odds.measured("many", "wait", 0.8) == pytest.approx(8 / 30)  # the remedy knows the machine: its word stays
        assert odds.measured("none", "wait", 0.8) == 0.8


def test_what_goes_together_comes_to_what_the_lab_saw_of_both() -> None:
    changes = [Change("wait", "", success_probability=0.6), Change("longer_timeouts", "", success_probability=0.3)]
    diagnosis = Diagnosis("service_unavailable", 1.0, "x", fingerprint="f")
    together = odds.measured("service_unavailable", "longer_timeouts+wait", 1 - 0.4 * 0.7)
    assert odds.works(changes, diagnosis, NoMemory()) == pytest.approx(together)
    first, second = odds.priors(changes, "service_unavailable")
    assert first > second


class Knows(NoMemory):
    """Has seen the remedy fail often."""

    def seen(self, fingerprint: str, label: str, remedy: str) -> Seen:
        return Seen(failed=20.0)


def test_the_plan_s_odds_come_from_the_table_and_history_outweighs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Offers:
        def __init__(self, name: str) -> None:
            self.name = name

        def propose(self, diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | None:
            return Change(self.name, "", env={"X": "1"}, success_probability=0.5) if self.name == "reset_state" else None

    monkeypatch.setattr(offers, "REMEDIES", {name: Offers(name) for name in REMEDIES})
    diagnosis = Diagnosis("stale_state", 1.0, "signature:x", fingerprint="f")

    def chance(memory: NoMemory) -> float:
        return plan(diagnosis, outcome(), (), Settings(), Surroundings(), memory, None).success_probability

    for healed, expected in ((30, (5 + 20) / 30), (0, 5 / 30)):
        monkeypatch.setattr(odds, "RATES", {"stale_state": {"reset_state": (healed, 30)}})
        assert chance(NoMemory()) == pytest.approx(expected, abs=1e-4)
    assert chance(Knows()) < 0.05
