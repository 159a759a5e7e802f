"""When the classifier's library is waited for: not where signatures are sure, not where the network itself fails, once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from guard.delivery import asking
from guard.delivery.asking import Asking
from guard.delivery.provision import NotFetched
from guard.diagnosis.classify import Guess
from guard.diagnosis.lines import Log
from guard.types import Command, Event, LogWindow, Outcome, Telemetry

ON = {"PIPEGUARD_PROVISION": "on"}


class Fetch:
    """A fetch that works, or does not."""

    def __init__(self, purpose: str, env: dict[str, str], error: str = "") -> None:
        self.error, self.waited, self.ended = error, 0, 0
        made.append(self)

    def wait(self, stopped: Any) -> Path:
        self.waited += 1
        if self.error:
            raise NotFetched(self.error)
        return Path("/fetched")

    def end(self) -> None:
        self.ended += 1


made: list[Fetch] = []


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    made.clear()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(asking, "_found", lambda env: None)
    monkeypatch.setattr(asking, "Fetching", Fetch)
    monkeypatch.setattr(asking, "classify_apart", lambda log, outcome, by: Guess({"flaky_test": 1.0}, note=str(by.args)))


def ask(asker: Asking, text: str) -> Guess:
    window = LogWindow(head=text.encode())
    outcome = Outcome(Command(argv=("x",)), 1, 1, None, "exited", 1.0, window, Telemetry())
    return asker(Log(window), outcome)


def never() -> bool:
    return False


def test_nothing_is_fetched_unasked() -> None:
    guess = ask(Asking({}, (), never), "something odd\n")
    assert guess == Guess(note="no classifier: onnxruntime is not installed (PIPEGUARD_PROVISION=on fetches it)")
    assert not made


def test_it_begins_at_once_and_is_waited_for_in_doubt() -> None:
    asker = Asking(ON, (), never)
    assert len(made) == 1
    guess = ask(asker, "something odd\n")
    assert guess.probabilities
    assert guess.note == "('/fetched',)"
    assert (made[0].waited, made[0].ended) == (1, 1)
    ask(asker, "something odd again\n")
    assert len(made) == 1


def test_what_signatures_are_sure_of_is_not_waited_for() -> None:
    asker = Asking(ON, (), never)
    assert ask(asker, "OSError: [Errno 24] Too many open files: '/dev/null'\n") == Guess()
    assert made[0].waited == 0
    asker.beside(lambda event: None)(Event("diagnosed", 1))
    assert made[0].ended == 1


def test_a_network_that_fails_is_asked_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "SURE", 1.1)
    guess = ask(Asking(ON, (), never), "curl: (6) Could not resolve host: mirror.example\n")
    assert guess.note == "no classifier: onnxruntime is not installed: not fetched where the network itself fails"
    assert (made[0].waited, made[0].ended) == (0, 1)


def test_a_fetch_that_failed_is_not_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "Fetching", lambda purpose, env: Fetch(purpose, env, "pip was not done within 20 s"))
    asker = Asking(ON, (), never)
    notes = {ask(asker, "something odd\n").note for _ in range(2)}
    assert notes == {"no classifier: onnxruntime is not installed: pip was not done within 20 s"}
    assert (len(made), made[0].waited) == (1, 1)


def test_a_library_that_is_there_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    guess = ask(Asking(ON, (), never), "something odd\n")
    assert guess.note == "(None,)"
    assert not made
