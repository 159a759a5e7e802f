"""When a service is asked, when the next attempt begins, and what is told: with a clock that is moved by hand."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from guard.heal import heal
from guard.remedies import wait
from guard.remedies.probing import beside, pause, services, until_up
from guard.remedies.probing.question import Answer
from guard.remedies.probing.service import Service
from guard.settings.values import Settings
from guard.types import Applied, Attempt, Change, Event, NoMemory, Plan, Surroundings
from tests.unit.by_hand import diagnosis, outcome
from tests.unit.test_heal import DNS, PASSED, Played, ended

ONE = Service("https", "one.example", 443)
TWO = Service("https", "two.example", 443)
UP, DOWN = Answer(True, "it answers 200"), Answer(False, "it answers 503")


class Clock:
    """Time that passes only by sleeping and asking."""

    def __init__(self, stop_at: float = float("inf")) -> None:
        self.now = 0.0
        self.stop_at = stop_at
        self.told: list[str] = []
        self.asked: list[float] = []

    def sleep(self, seconds: float) -> bool:
        assert seconds > 0
        self.now = min(self.now + seconds, self.stop_at)
        return self.now >= self.stop_at

    def waits(self, answers: Callable[[Service, float], Answer], usual: float = 12.0, longest: float = 300.0, of: tuple[Service, ...] = (ONE,)) -> until_up.Waited:
        def question(service: Service) -> Answer:
            self.asked.append(self.now)
            self.now += 0.1
            return answers(service, self.now)

        return until_up.wait(of, usual, longest, self.sleep, self.told.append, question=question, now=lambda: self.now, chance=lambda: 0.5)


@pytest.mark.parametrize("outage", [2.0, 5.0, 20.0, 45.0, 120.0, 290.0])
def test_the_next_attempt_begins_soon_after_the_service_is_up_and_never_before(outage: float) -> None:
    clock = Clock()
    waited = clock.waits(lambda _, now: DOWN if now < outage else UP)
    assert outage < clock.now < outage * 1.25 + 8
    assert "one.example answered again" in waited.told
    assert waited.details["answered_after_s"] >= outage
    assert len(clock.told) == 1
    assert "503" in clock.told[0]


@pytest.mark.parametrize(("longest", "gap"), [(300.0, 13), (1800.0, 76)])
def test_questions_are_few_and_some_seconds_apart(longest: float, gap: float) -> None:
    clock = Clock()
    clock.waits(lambda _, now: DOWN, longest=longest)
    assert len(clock.asked) <= until_up.MOST_QUESTIONS
    gaps = [later - before for before, later in zip(clock.asked, clock.asked[1:], strict=False)]
    assert min(gaps) >= 1.5
    assert max(gaps) <= gap
    assert clock.now == pytest.approx(longest)


def test_a_service_that_stays_down_is_waited_for_as_long_as_is_allowed_and_no_longer() -> None:
    clock = Clock()
    waited = clock.waits(lambda _, now: DOWN, longest=60)
    assert clock.now == pytest.approx(60)
    assert waited.details["still_down"] is True
    assert "still down" in waited.told


def test_a_service_that_is_up_at_once_changes_nothing_about_the_wait() -> None:
    clock = Clock()
    waited = clock.waits(lambda _, now: UP)
    assert clock.now == pytest.approx(12.0)
    assert len(clock.asked) == 2
    assert not clock.told
    assert "answered_after_s" not in waited.details


def test_one_that_goes_down_before_the_usual_wait_is_over_is_waited_for() -> None:
    clock = Clock()
    clock.waits(lambda _, now: DOWN if 5 < now < 40 else UP)
    assert 40 < clock.now < 55


def test_what_flickers_must_answer_twice() -> None:
    answers = iter([DOWN, UP, DOWN, UP, DOWN, UP, UP, DOWN])
    clock = Clock()
    clock.waits(lambda _, now: next(answers))
    assert next(answers) is DOWN


def test_all_that_are_down_must_be_up_and_what_was_up_is_asked_no_more() -> None:
    asked = []
    three = Service("http", "three.example", 80)

    def answers(service: Service, now: float) -> Answer:
        asked.append(service)
        return UP if service is three or now > (20 if service is ONE else 50) else DOWN

    clock = Clock()
    waited = clock.waits(answers, of=(ONE, TWO, three))
    assert 50 < clock.now < 65
    assert asked.count(three) == 1
    assert "one.example and two.example answered again" in waited.told


@pytest.mark.parametrize("after", [0, 30])
def test_one_that_says_too_many_is_left_alone_at_once(after: float) -> None:
    clock = Clock()
    waited = clock.waits(lambda _, now: DOWN if now < after else Answer(False, "it answers 429", limited=True))
    last = clock.asked[-1]
    assert clock.now >= max(12.0, last + 30)
    assert waited.details["limited"] is True


@pytest.mark.parametrize("answers", [UP, DOWN])
def test_told_to_stop_ends_it_at_once(answers: Answer) -> None:
    clock = Clock(stop_at=7)
    waited = clock.waits(lambda _, now: answers)
    assert waited.stopped
    assert clock.now == 7


CHANGE = Change("wait", "waits 12 s", wait_s=12.0, details={"longest_s": 300.0})


def attempt(change: Change = CHANGE, label: str = "service_unavailable") -> Attempt:
    return Attempt(replace(outcome("pip"), duration_s=20.0), diagnosis(label), Plan("heal", "x", (change,)), (Applied(change),))


def paused(monkeypatch: pytest.MonkeyPatch, one: Attempt, found: Any = (ONE,), probes: bool = True, left_s: float | None = None) -> Any:
    """(the attempt, stopped, seconds slept plainly, how it was asked, what was told)."""
    slept: list[float] = []
    calls: list[Any] = []
    told: list[str] = []

    def asked(given: Any, usual: float, longest: float, sleep: Any, tell: Any, name_only: bool) -> until_up.Waited:
        calls.append((given, round(usual), round(longest), name_only))
        return until_up.Waited(False, "waited 31 s: one.example answered again after 28 s", {"waited_s": 31.0})

    def look(*words: Any) -> Any:
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(services, "services", look)
    monkeypatch.setattr(beside, "beside", lambda function, sleep, seconds: function())
    monkeypatch.setattr(until_up, "wait", asked)
    after, stopped = pause.pause(one, Surroundings(probes=probes), lambda seconds: bool(slept.append(seconds)), left_s, told.append)
    return after, stopped, [round(seconds) for seconds in slept], calls, told


def test_what_came_of_it_stands_in_the_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    after, stopped, slept, calls, told = paused(monkeypatch, attempt())
    assert (stopped, slept, calls) == (False, [], [((ONE,), 12, 300, False)])
    assert told == ["waited 31 s: one.example answered again after 28 s"]
    (change,) = after.plan.changes
    assert change.details == {"longest_s": 300.0, "waited_s": 31.0}
    assert change.summary == "waited 31 s: one.example answered again after 28 s"
    assert after.applied[0].change is change
    assert after.applied[0].done == ("waited 31 s: one.example answered again after 28 s",)


def test_without_leave_it_is_a_plain_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    one = attempt()
    assert paused(monkeypatch, one, probes=False) == (one, False, [12], [], [])


def test_where_nobody_may_be_asked_it_is_a_plain_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    one = attempt()
    assert paused(monkeypatch, one, found=()) == (one, False, [12], [], [])


def test_a_change_that_waits_for_no_service_is_a_plain_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    one = attempt(replace(CHANGE, details={}))
    assert paused(monkeypatch, one) == (one, False, [12], [], [])


def test_where_a_mirror_takes_its_place_nobody_waits_for_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    one = attempt()
    both = replace(one, plan=Plan("heal", "x", (Change("use_mirror", "m", env={"GOPROXY": "a|b"}), CHANGE)))
    assert paused(monkeypatch, both) == (both, False, [12], [], [])


def test_a_fault_of_ours_is_a_plain_wait(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    one = attempt()
    assert paused(monkeypatch, one, found=KeyError("x")) == (one, False, [12], [], [])
    assert "internal fault" in capsys.readouterr().err


def test_told_to_stop_while_looking_whom_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    assert paused(monkeypatch, attempt(), found=beside.Stopped())[1:3] == (True, [])


def test_who_takes_too_long_to_be_found_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    one = attempt()
    assert paused(monkeypatch, one, found=TimeoutError()) == (one, False, [12], [], [])


def test_what_is_done_beside_returns_raises_and_is_left_behind() -> None:
    assert beside.beside(lambda: 3, lambda seconds: False, 5) == 3
    with pytest.raises(KeyError):
        beside.beside(lambda: {}["x"], lambda seconds: False, 5)
    held = threading.Event()
    with pytest.raises(beside.Stopped):
        beside.beside(held.wait, lambda seconds: True, 5)
    with pytest.raises(TimeoutError):
        beside.beside(held.wait, lambda seconds: False, 0)
    held.set()


@pytest.mark.parametrize(("left", "longest"), [(100.0, 80), (1000.0, 300)])
def test_the_longest_wait_leaves_room_for_an_attempt_in_the_budget(monkeypatch: pytest.MonkeyPatch, left: float, longest: int) -> None:
    assert paused(monkeypatch, attempt(), left_s=left)[3] == [((ONE,), 12, longest, False)]


def test_a_budget_with_no_room_for_more_is_a_plain_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    assert paused(monkeypatch, attempt(), left_s=32.0)[2] == [12]


def test_a_name_that_was_not_known_is_only_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    assert paused(monkeypatch, attempt(label="dns_failure"))[3] == [((ONE,), 12, 300, True)]


@pytest.mark.parametrize(
    ("label", "entities", "probes", "watches"),
    [
        ("service_unavailable", {}, True, True),
        ("dns_failure", {}, True, True),
        ("service_unavailable", {}, False, False),
        ("service_unavailable", {"retry_after_s": "20"}, True, False),
        ("rate_limited", {}, True, False),
        ("infrastructure", {}, True, False),
        ("corrupt_artifact", {}, True, False),
    ],
)
def test_which_waits_end_with_an_answer(label: str, entities: dict[str, str], probes: bool, watches: bool) -> None:
    change = wait.propose(diagnosis(label, "x", **entities), outcome("pip"), Surroundings(probes=probes))
    assert isinstance(change, Change)
    assert (pause.LONGEST in change.details) == watches
    assert ("answers again" in change.summary) == watches


@pytest.mark.parametrize(("attempt_s", "longest"), [(5.0, 300.0), (900.0, 900.0), (9000.0, 1800.0)])
def test_a_dear_attempt_is_worth_a_longer_wait_for_a_service_that_is_still_down(attempt_s: float, longest: float) -> None:
    change = wait.propose(diagnosis("service_unavailable", "x"), replace(outcome("pip"), duration_s=attempt_s), Surroundings(probes=True))
    assert isinstance(change, Change)
    assert change.details == {"longest_s": longest}


def test_the_loop_waits_until_the_service_is_up_and_the_run_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    told = "waited 31 s: one.example answered again after 28 s"
    monkeypatch.setattr(services, "services", lambda *words: (ONE,))
    monkeypatch.setattr(until_up, "wait", lambda *words, **more: until_up.Waited(False, told, {"answered_after_s": 28.0}))
    first = ended(DNS, 6)
    played = Played(PASSED)
    events: list[Event] = []
    run = heal(first.command, first, Settings(), Surroundings(probes=True), NoMemory(), events.append, played, "id")
    assert run.status == "healed"
    assert all(seconds < 1 for seconds in played.waits), "only the ticks while it was found out whom to ask"
    change = next(change for change in run.attempts[0].plan.changes if change.remedy == "wait")  # type: ignore[union-attr]
    assert (change.summary, change.details["answered_after_s"]) == (told, 28.0)
    assert any(event.kind == "noted" and event.reason == told for event in events)
    assert run.attempts[0].applied[-1].done == (told,)
