"""Which of the user's strategies applies; a pattern that never ends does not hold anything up."""

from __future__ import annotations

import time

from guard.remedies import user_strategy
from guard.remedies.user_strategy import Strategy, matching, propose_for
from guard.types import Change, Command, Diagnosis, LogWindow, Outcome, Surroundings, Telemetry

DIAGNOSIS = Diagnosis("connection_failure", 0.9, "signature:x")


def _outcome(head: bytes, tail: bytes = b"") -> Outcome:
    return Outcome(Command(("x",)), 1, 1, None, "exited", 1.0, LogWindow(head=head, tail=tail), Telemetry())


def test_label_and_pattern_both_have_to_fit_in_the_order_of_the_settings() -> None:
    strategies = (
        Strategy("other-label", "disk_full", None, "x"),
        Strategy("other-text", "connection_failure", "port 6379", "x"),
        Strategy("right", "connection_failure", r"^could not connect.*port 5432$", "x"),
        Strategy("any-label", None, "5432", "x"),
    )
    text = "start\n\x1b[31mcould not connect to port 5432\x1b[0m\r\nend"
    assert [one.name for one in matching(strategies, DIAGNOSIS, text)] == ["right", "any-label"]


def test_the_change_carries_the_command_and_its_limit() -> None:
    change = propose_for((Strategy("fix", None, "boom", "make fix", 12.0),), DIAGNOSIS, _outcome(b"a\n", b"boom\n"), Surroundings())
    assert isinstance(change, Change)
    assert change.actions[0].kind == "run"
    assert change.actions[0].target == "make fix"
    assert change.actions[0].data["timeout_s"] == "12.0"
    assert propose_for((), DIAGNOSIS, _outcome(b"boom"), Surroundings()) is None
    assert user_strategy.propose(DIAGNOSIS, _outcome(b"boom"), Surroundings()) is None


def test_patterns_that_never_end_are_bounded_together() -> None:
    slow = tuple(Strategy(f"slow{n}", None, r"(a|a)*(a|a)*(a|a)*b$", "x") for n in range(20))
    begin = time.monotonic()
    assert matching(slow, DIAGNOSIS, "a" * 5000) == ()
    assert time.monotonic() - begin < 5


def test_a_pattern_that_is_none_does_not_apply() -> None:
    assert matching((Strategy("bad", None, "(", "x"),), DIAGNOSIS, "(") == ()
