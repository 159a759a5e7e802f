"""From trials to odds, from odds to the order of remedies; what history may and may not decide."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import pytest

from guard.history import learning
from guard.history.nearest import Known, nearest
from guard.history.rows import Trial
from guard.policy import odds, offers
from guard.policy.plan import plan
from guard.remedies import REMEDIES
from guard.remedies.user_strategy import Strategy
from guard.settings.values import LabelRule, Settings
from guard.types import (
    Change,
    Command,
    Diagnosis,
    LogWindow,
    Memory,
    NoMemory,
    Outcome,
    Recall,
    Seen,
    Surroundings,
    Telemetry,
)

NOW = datetime(2026, 11, 24, tzinfo=timezone.utc)


def trial(healed: bool, days_ago: float = 0.0, remedy: str = "reset_state", label: str = "stale_state", fingerprint: str = "f") -> Trial:
    return Trial(remedy, label, fingerprint, "p", healed, (NOW - timedelta(days=days_ago)).isoformat())


def seen(exact: list[Trial], kindred: list[Trial] | None = None, label: str = "stale_state", wrong: bool = False) -> Seen:
    return learning.seen("reset_state", label, "f", exact, kindred or [], wrong, NOW.timestamp())


def test_trials_fade() -> None:
    fresh, old = seen([trial(True)]), seen([trial(True, 28)])
    assert fresh.healed == 1.0
    assert old.healed == pytest.approx(0.25)


def test_an_outage_is_forgotten_sooner() -> None:
    assert seen([trial(False, 1, label="dns_failure")], label="dns_failure").failed < 0.1 < seen([trial(False, 1)]).failed


def test_a_date_ahead_of_the_clock_counts_as_now_and_a_broken_one_not_at_all() -> None:
    assert seen([trial(True, -100)]).healed == 1.0
    assert seen([Trial("reset_state", "stale_state", "f", "p", True, "yesterday")]).healed == 0.0


def test_other_failures_of_the_label_are_kindred() -> None:
    found = seen([], [trial(True, fingerprint="g"), trial(True, remedy="wait", fingerprint="g"), trial(True)])
    assert (found.healed, found.kindred_healed) == (0.0, 1.0)


def test_failures_in_a_row_count_from_the_newest() -> None:
    assert seen([trial(False, 1), trial(False, 2), trial(True, 3), trial(False, 4)]).in_a_row == 2
    assert seen([trial(False, 1), trial(False, 60)]).in_a_row == 1


def test_the_posterior_lies_between_prior_and_what_was_seen() -> None:
    assert odds.posterior(0.8, Seen()) == 0.8
    assert odds.posterior(0.8, Seen(failed=odds.PRIOR_RUNS)) == pytest.approx(0.4)
    assert odds.posterior(0.5, Seen(healed=100.0)) > 0.98
    assert odds.posterior(0.5, Seen(kindred_failed=1000.0)) > 0.25
    # What other failures did moves the beginning, and holds no longer against what this one did.
    assert odds.posterior(0.5, Seen(healed=2.0, kindred_failed=1000.0)) > 0.75
    assert odds.posterior(0.9, Seen(healed=100.0, wrong=True)) == 0.0


def test_given_up_after_three_in_a_row_but_never_on_the_network() -> None:
    bad = seen([trial(False, day / 24) for day in range(6)])
    assert "did not help the last 6 times" in odds.given_up("stale_state", 0.6, bad)
    assert odds.given_up("dns_failure", 0.6, bad) == ""
    assert odds.given_up("stale_state", 0.6, seen([trial(False), trial(False)])) == ""
    assert odds.given_up("stale_state", 0.6, seen([trial(True), trial(False), trial(False), trial(False)])) == ""


@dataclass
class Knows(NoMemory):
    """A memory made by hand: (label, remedy) → what was seen."""

    trials: dict[str, Seen] = field(default_factory=dict)
    recalled: Recall | None = None

    def seen(self, fingerprint: str, label: str, remedy: str) -> Seen:
        return self.trials.get(remedy, Seen())

    def recall(self, diagnosis: Diagnosis) -> Recall | None:
        return self.recalled


@dataclass(frozen=True)
class Offers:
    name: str

    def propose(self, diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | None:
        if self.name not in ("reset_state", "kill_stragglers", "wait", "rerun_all"):
            return None
        return Change(self.name, f"does {self.name}", env={"X": self.name}, success_probability=0.6)


@pytest.fixture
def _remedies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "REMEDIES", {name: Offers(name) for name in REMEDIES})


def decided(memory: Memory, label: str = "stale_state", settings: Settings | None = None, log: bytes = b"", source: str = "signature:x"):
    outcome = Outcome(Command(("make",), idempotent=True), 1, 1, None, "exited", 60.0, LogWindow(head=log), Telemetry())
    return plan(Diagnosis(label, 0.9, source, fingerprint="f"), outcome, (), settings or Settings(), Surroundings(), memory, None)


def chosen(*arguments: object, **more: object) -> list[str]:
    return [change.key for change in decided(*arguments, **more).changes]  # type: ignore[arg-type]


@pytest.mark.usefixtures("_remedies")
class TestOrder:
    def test_without_history_the_fixed_order(self) -> None:
        assert chosen(NoMemory()) == ["reset_state"]

    def test_what_worked_goes_first(self) -> None:
        assert chosen(Knows({"wait": Seen(healed=3.0), "reset_state": Seen(failed=3.0)})) == ["wait"]

    def test_what_stopped_working_is_left_out_and_said(self) -> None:
        found = decided(Knows({"reset_state": Seen(failed=6.0, in_a_row=6, told="healed 1 of 7")}))
        assert [change.remedy for change in found.changes] != ["reset_state"]
        assert any(one.remedy == "reset_state" and "last 6 times" in one.reason for one in found.refused)

    def test_where_nothing_works_any_more_it_gives_up_with_the_reason(self) -> None:
        bad = Seen(failed=6.0, in_a_row=6, told="healed 0 of 6")
        found = decided(Knows(dict.fromkeys(("reset_state", "kill_stragglers", "wait"), bad)))
        assert found.decision == "escalate"
        assert "did not help the last 6 times" in found.reason

    def test_the_order_of_the_settings_stands(self) -> None:
        settings = Settings(labels={"stale_state": LabelRule(remedies=("reset_state", "wait"))})
        assert chosen(Knows({"wait": Seen(healed=9.0)}), settings=settings) == ["reset_state"]

    @pytest.mark.parametrize("label", ["compile_error", "lint_error", "auth_failure", "test_failure"])
    def test_what_is_refused_stays_refused_whatever_was_seen(self, label: str) -> None:
        recall = Recall("stale_state", 9, 9, 9, ("reset_state",), 1.0)
        assert decided(Knows({"reset_state": Seen(healed=50.0), "rerun_failed_tests": Seen(healed=50.0)}, recall), label).decision == "escalate"

    def test_what_must_not_run_twice_does_not(self) -> None:
        outcome = Outcome(Command(("npm", "publish")), 1, 1, None, "exited", 60.0, LogWindow(), Telemetry())
        found = plan(Diagnosis("stale_state", 0.9, "x", fingerprint="f"), outcome, (), Settings(), Surroundings(), Knows({"reset_state": Seen(healed=50.0)}), None)
        assert (found.decision, "must not run twice" in found.reason) == ("escalate", True)


@pytest.mark.usefixtures("_remedies")
@pytest.mark.parametrize(
    ("recall", "decision"),
    [
        (Recall("stale_state", 3, 3, 3, ("reset_state",), 0.95), "heal"),
        (Recall("stale_state", 1, 1, 1, ("reset_state",), 0.95), "escalate"),  # one pass may be chance
        (Recall("stale_state", 9, 9, 3, ("reset_state",), 0.95), "escalate"),
        (Recall("stale_state", 3, 3, 3, ("reset_state",), 0.7), "escalate"),  # not like enough
        (Recall("compile_error", 3, 3, 3, ("rerun_all",), 0.95), "escalate"),
        (Recall("unknown", 3, 3, 3, ("rerun_all",), 0.95), "escalate"),
        (None, "escalate"),
    ],
)
def test_an_unknown_failure_heals_by_what_healed_it_before(recall: Recall | None, decision: str) -> None:
    assert decided(Knows({}, recall), "unknown").decision == decision


def test_off_stays_off() -> None:
    recall = Recall("stale_state", 3, 3, 3, ("reset_state",), 0.95)
    for label in ("unknown", "stale_state"):
        assert decided(Knows({}, recall), "unknown", Settings(labels={label: LabelRule(on=False)})).decision == "escalate"


def test_strategies_by_what_was_seen() -> None:
    settings = Settings(strategies=(Strategy("one", None, "E1", "true"), Strategy("two", None, "E1", "true")))
    assert chosen(NoMemory(), settings=settings, log=b"E1") == ["user_strategy/one"]
    assert chosen(Knows({"user_strategy/two": Seen(healed=1.0)}), settings=settings, log=b"E1") == ["user_strategy/two"]
    assert chosen(Knows({"user_strategy/one": Seen(wrong=True)}), settings=settings, log=b"E1") == ["user_strategy/two"]


def test_recall_in_words() -> None:
    assert str(Recall("x", 3, 3, 3, ("wait",), 1.0)) == "seen 3 times, healed 3 of 3 by wait"
    assert str(Recall("x", 1, 0, 0, (), 1.0)) == "seen once, never healed"
    assert str(Recall("x", 4, 2, 0, (), 1.0)) == "seen 4 times, healed 0 of 2"


def known(*lines: str) -> list[Known]:
    return [Known(str(number), "unknown", str(number), text) for number, text in enumerate(lines)]


def test_the_nearest_failure() -> None:
    other = "cannot connect to widget server\nerror: exit <n>"
    likeness, same = nearest("frob the quux of module a failed\nerror: exit <n>", known("frob the quux of module b failed\nerror: exit <n>", other))
    assert [one.run_id for one in same] == ["0"]
    assert 0.6 < likeness < 1.0


def test_a_common_last_line_makes_no_kin() -> None:
    end = "make: *** [all] error <n>\nerror: process completed with exit code <n>"
    several = known(*(f"{word} went wrong in its own way\n{end}" for word in ("alpha", "beta", "gamma", "delta")))
    likeness, same = nearest(f"something else entirely happened today\n{end}", several)
    assert same == []
    assert likeness < 0.8


def test_nothing_is_like_nothing() -> None:
    assert nearest("", known("a b c")) == (0.0, [])
    assert nearest("a b c", []) == (0.0, [])
    assert nearest("a b c", known("a b c"))[0] == pytest.approx(1.0)
