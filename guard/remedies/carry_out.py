"""A plan → the machine altered as it says: each action recorded before it is done, undone where temporary."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from guard.remedies import REMEDIES, rerun_failed_tests
from guard.types import Applied, Change, Outcome, Plan, Surroundings


def carry_out(
    plan: Plan, surroundings: Surroundings, record: Callable[[Applied], None]
) -> tuple[Applied, ...]:
    """Do the plan's changes in order; stops at the first that fails.

    `record` hears of each change before its actions begin (an Applied with nothing done) and after them.
    """
    done: list[Applied] = []
    for change in plan.changes:
        if change.actions:
            record(Applied(change=change))
        begin = time.monotonic()
        applied = REMEDIES[change.remedy].apply(change, surroundings)
        applied = replace(applied, time_s=time.monotonic() - begin)
        done.append(applied)
        record(applied)
        if applied.error:
            break
    return tuple(done)


def settled(applied: Sequence[Applied], outcome: Outcome, proved: bool) -> tuple[str, ...]:
    """After a narrowed attempt: the first run's reports whole again, with what this one proved. Returns sentences for the user.

    `proved` is False of a green that is no proof.
    """
    told = (rerun_failed_tests.settled(one, outcome, proved) for one in applied if one.change.once)
    return tuple(sentence for sentence in told if sentence)


def take_back(applied: Applied, surroundings: Surroundings) -> None:
    """Undo what a remedy left that was meant for the attempts only."""
    REMEDIES[applied.change.remedy].undo(applied, surroundings)


def proven(changes: Sequence[Change], outcome: Outcome) -> bool:
    """Whether a passing outcome proves that the user's command passes: a narrowed run must show its tests."""
    return all(rerun_failed_tests.verified(change, outcome) for change in changes if change.once)
