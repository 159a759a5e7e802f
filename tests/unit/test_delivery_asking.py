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
    assert ask(Asking({}, (), never), "something odd\n").note == "(None,)"
    assert not made


def test_it_begins_at_once_and_is_waited_for_in_doubt() -> None:
    asker = Asking(ON, (), never)
    assert len(made) == 1
    assert ask(asker, "something odd\n").note == "('/fetched',)"
    assert (made[0].waited, made[0].ended) == (1, 1)
    assert ask(asker, "something odd again\n").note == "('/fetched',)"
    assert len(made) == 1


def test_what_signatures_are_sure_of_is_not_waited_for() -> None:
    asker = Asking(ON, (), never)
    assert ask(asker, "OSError: [Errno 24] Too many open files: '/dev/null'\n").note == "(None,)"
    assert (made[0].waited, made[0].ended) == (0, 1)


def test_what_the_kernel_has_proved_ends_it_too() -> None:
    asker = Asking(ON, (), never)
    heard: list[Event] = []
    asker.beside(heard.append)(Event("attempt_ended", 1))
    assert made[0].ended == 0
    asker.beside(heard.append)(Event("diagnosed", 1))
    assert (made[0].waited, made[0].ended, len(heard)) == (0, 1, 2)


def test_a_network_that_fails_is_asked_for_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(asking, "SURE", 1.1)
    assert ask(Asking(ON, (), never), "curl: (6) Could not resolve host: mirror.example\n").note == "(None,)"
    assert "not fetched where the network itself fails; the classifier is computed without" in capsys.readouterr().err
    assert (made[0].waited, made[0].ended) == (0, 1)


def test_a_fetch_that_failed_is_said_once_and_not_begun_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(asking, "Fetching", lambda purpose, env: Fetch(purpose, env, "pip was not done within 20 s"))
    asker = Asking(ON, (), never)
    assert {ask(asker, "something odd\n").note for _ in range(2)} == {"(None,)"}
    assert capsys.readouterr().err == (
        "guard: onnxruntime is not there: pip was not done within 20 s; the classifier is computed without\n"
    )
    assert (len(made), made[0].waited, made[0].ended) == (1, 1, 1)


def test_a_library_that_is_there_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    guess = ask(Asking(ON, (), never), "something odd\n")
    assert guess.note == "(None,)"
    assert not made
