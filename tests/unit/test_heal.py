"""The loop with two small functions and attempts that are played: no process, no clock that waits."""

from __future__ import annotations

import dataclasses

from guard.heal import heal
from guard.settings.values import LabelRule, Settings
from guard.types import Command, Event, LogWindow, NoMemory, Outcome, Surroundings, Telemetry

DNS = "curl: (6) Could not resolve host: index.example\n"
COMPILE = "a.c:3:5: error: expected ';' before '}' token\n"


class Played:
    """Attempts that end as written; `waits` are noted, not slept."""

    def __init__(self, *outcomes: Outcome, obstacle: str = "") -> None:
        self.outcomes = list(outcomes)
        self.waits: list[float] = []
        self.changes: list[tuple[object, ...]] = []
        self.obstacle = obstacle
        self.stopped_by: int | None = None

    def again(self, command, changes, number, budget_s):
        self.changes.append(tuple(changes))
        return dataclasses.replace(self.outcomes.pop(0), number=number)

    def make_way(self, may_kill):
        return [], self.obstacle

    def sleep(self, seconds):
        self.waits.append(seconds)
        return False


def ended(text: str, code: int, duration: float = 2.0) -> Outcome:
    return Outcome(Command(("sh", "-c", "x")), 1, code, None, "exited", duration, LogWindow(head=text.encode()), Telemetry())


PASSED = ended("", 0)


def run(first: Outcome, played: Played, settings: Settings | None = None, memory=None, tell=None):
    events: list[Event] = []
    result = heal(first.command, first, settings or Settings(), Surroundings(), memory or NoMemory(), tell or events.append, played, "id")
    return result, events


def test_a_pass_is_passed():
    result, _ = run(PASSED, Played())
    assert (result.status, result.exit_code, len(result.attempts)) == ("passed", 0, 1)


def test_a_transient_failure_heals_and_is_credited():
    played = Played(PASSED)
    result, events = run(ended(DNS, 6), played)
    assert (result.status, result.exit_code, result.healed_by) == ("healed", 0, ("wait",))
    assert played.waits[0] > 0
    assert [event.kind for event in events][:3] == ["attempt_ended", "diagnosed", "planned"]


def test_a_compile_error_is_not_repeated():
    played = Played()
    result, _ = run(ended(COMPILE, 1), played)
    assert (result.status, result.exit_code, len(result.attempts)) == ("failed", 1, 1)


def test_the_last_attempts_code_is_the_runs():
    result, _ = run(ended(DNS, 6), Played(ended(COMPILE, 3)))
    assert (result.status, result.exit_code) == ("failed", 3)


def test_attempts_are_counted_and_nothing_is_slept_after_the_last():
    played = Played(ended(DNS, 6), ended(DNS, 6), PASSED)
    result, _ = run(ended(DNS, 6), played)
    assert (result.status, len(result.attempts)) == ("failed", 3)
    assert len(played.waits) == 2


def test_a_budget_that_the_wait_does_not_fit_in_ends_the_healing():
    result, _ = run(ended(DNS, 6, duration=100.0), Played(PASSED), Settings(budget_s=101.0))
    assert (result.status, len(result.attempts)) == ("failed", 1)
    assert "budget" in result.attempts[0].plan.reason


def test_a_long_build_with_a_small_chance_is_not_repeated():
    settings = Settings(labels={"unknown": LabelRule(remedies=("rerun_all",), min_probability=0.0)})
    text = "nothing known\n"
    assert run(ended(text, 1, duration=2400.0), Played(PASSED), settings)[0].status == "failed"


def test_a_label_that_is_off_is_off():
    settings = Settings(labels={"dns_failure": LabelRule(on=False)})
    result, _ = run(ended(DNS, 6), Played(PASSED), settings)
    assert (result.status, len(result.attempts)) == ("failed", 1)


def test_an_obstacle_ends_the_healing():
    result, events = run(ended(DNS, 6), Played(PASSED, obstacle="cannot be ended"))
    assert (result.status, result.exit_code) == ("failed", 6)
    assert any(event.kind == "gave_up" and "cannot be ended" in event.reason for event in events)


def test_a_fault_of_ours_changes_nothing(capsys):
    class Broken(NoMemory):
        def label(self, fingerprint):
            raise RuntimeError("our bug")

    result, _ = run(ended(DNS, 6), Played(PASSED), memory=Broken())
    assert (result.status, result.exit_code) == ("failed", 6)
    assert "internal fault in diagnosis" in capsys.readouterr().err


def test_a_listener_that_breaks_changes_nothing():
    def broken(event):
        raise OSError("closed")

    result, _ = run(ended(DNS, 6), Played(PASSED), tell=broken)
    assert result.status == "healed"


def test_told_to_stop_while_waiting():
    class Stopped(Played):
        def sleep(self, seconds):
            self.stopped_by = 15
            return True

    result, _ = run(ended(DNS, 6), Stopped(PASSED))
    assert (result.status, result.exit_code) == ("interrupted", 143)


def narrowed(monkeypatch, *, proves: bool) -> None:
    """Every heal is a narrowed run whose green is proved, or is not."""
    from guard.types import Change, Plan

    change = Change("rerun_failed_tests", "runs one test", argv=("pytest", "one"), once=True)
    monkeypatch.setattr("guard.heal.plan", lambda *_: Plan("heal", "narrow", (change,)))
    monkeypatch.setattr("guard.heal.carry_out", lambda plan, around, record: ())
    monkeypatch.setattr("guard.heal.proven", lambda changes, outcome: proves)


def test_a_narrowed_green_that_proves_nothing_runs_the_whole_command(monkeypatch):
    narrowed(monkeypatch, proves=False)
    played = Played(PASSED, PASSED)
    result, _ = run(ended("x\n", 1), played)
    assert (result.status, result.exit_code, len(result.attempts)) == ("healed", 0, 3)
    assert [len(changes) for changes in played.changes] == [1, 0]


def test_a_narrowed_green_without_an_attempt_left_to_prove_it_is_red(monkeypatch):
    narrowed(monkeypatch, proves=False)
    result, _ = run(ended("x\n", 4), Played(PASSED), Settings(attempts=2))
    assert (result.status, result.exit_code) == ("failed", 4)


def test_a_narrowed_green_that_is_proved_heals(monkeypatch):
    narrowed(monkeypatch, proves=True)
    result, _ = run(ended("x\n", 1), Played(PASSED))
    assert (result.status, result.healed_by) == ("healed", ("rerun_failed_tests",))
