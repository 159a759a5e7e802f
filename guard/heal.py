"""The loop: run, diagnose, plan, change something, run again. The one file to read first.

It prints nothing and knows no report, platform or store: it is given `memory` (what history knows) and `tell`
(who wants to hear). A fault of ours in any stage ends the healing and leaves the command's result as it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from guard.diagnosis.apart import classify_apart
from guard.diagnosis.classify import Guess
from guard.diagnosis.diagnose import diagnose
from guard.diagnosis.lines import Log
from guard.failsafe import shielded
from guard.policy.plan import plan
from guard.remedies.carry_out import carry_out, proven, settled, take_back
from guard.remedies.closer.second_look import second_look
from guard.remedies.probing.pause import pause
from guard.settings.values import Settings
from guard.types import (
    Applied,
    Attempt,
    Change,
    Command,
    Diagnosis,
    Event,
    Memory,
    Outcome,
    Plan,
    Run,
    Surroundings,
)

Tell = Callable[[Event], None]
Ask = Callable[[Log, Outcome], Guess]


class Attempts(Protocol):
    """What the loop needs of `guard.attempt`."""

    @property
    def stopped_by(self) -> int | None:
        """The signal that told guard to stop."""

    def again(
        self, command: Command, changes: tuple[Change, ...], number: int, budget_s: float | None
    ) -> Outcome:
        """Run the command once more."""

    def make_way(self, may_kill: bool) -> tuple[list[str], str]:
        """End what is left of the last attempt; why no further one may begin."""

    def sleep(self, seconds: float) -> bool:
        """Wait; True when told to stop."""


@dataclass(frozen=True)
class _Judged:
    diagnosis: Diagnosis | None
    plan: Plan | None
    seconds: float


def heal(
    command: Command,
    first: Outcome,
    settings: Settings,
    surroundings: Surroundings,
    memory: Memory,
    tell: Tell,
    attempts: Attempts,
    run_id: str,
    ask: Ask = classify_apart,
) -> Run:
    """The whole Run, beginning with the outcome of its first attempt. `ask`: how the classifier is asked."""
    begin = time.monotonic() - first.duration_s
    hear = _deaf_to_faults(tell)
    spent: list[Attempt] = []
    standing: tuple[Change, ...] = ()
    outcome, diagnosis_s = first, 0.0
    while True:
        hear(Event("attempt_ended", outcome.number, outcome=outcome))
        if outcome.passed or outcome.ended == "cancelled" or attempts.stopped_by is not None:
            spent.append(Attempt(outcome))
            break
        judged = _judge(outcome, tuple(spent), settings, surroundings, memory, hear, begin, ask)
        diagnosis_s += judged.seconds
        attempt = Attempt(outcome, judged.diagnosis, judged.plan)
        if judged.plan is None or judged.plan.decision != "heal" or attempts.stopped_by is not None:
            spent.append(attempt)
            break
        applied, obstacle = _prepare(judged.plan, outcome, surroundings, attempts, hear)
        spent.append(replace(attempt, applied=applied))
        if obstacle:
            hear(Event("gave_up", outcome.number, reason=obstacle))
            break
        tell_wait = partial(_note, hear, outcome.number)
        spent[-1], stopped = pause(spent[-1], surroundings, attempts.sleep, _left(settings, begin), tell_wait)
        if stopped:
            break
        now = (*standing, *judged.plan.changes)
        standing = tuple(change for change in now if not change.once)
        hear(Event("attempt_started", outcome.number + 1))
        outcome = attempts.again(command, now, outcome.number + 1, _left(settings, begin))
        proved = not outcome.passed or _proven(now, outcome)
        _settle(applied, outcome, proved, hear)
        if not proved:
            spent.append(Attempt(outcome))
            outcome = _whole_again(
                command,
                outcome,
                standing,
                attempts,
                surroundings.allow.kill == "job",
                settings.attempts,
                hear,
                _left(settings, begin),
            )
            if outcome.number == spent[-1].outcome.number:
                outcome = replace(outcome, exit_code=first.exit_code or 1, message="not proven")
                spent[-1] = Attempt(outcome)
                break
    _take_back(spent, surroundings)
    return _concluded(run_id, command, surroundings, tuple(spent), attempts.stopped_by, begin, diagnosis_s)


def _note(hear: Tell, number: int, sentence: str) -> None:
    hear(Event("noted", number, reason=sentence))


def _prepare(
    decided: Plan, outcome: Outcome, surroundings: Surroundings, attempts: Attempts, hear: Tell
) -> tuple[tuple[Applied, ...], str]:
    """Make way for another attempt and do the plan's actions: what was done, and why to stop ("": go on)."""
    lines, obstacle = attempts.make_way(surroundings.allow.kill == "job")
    for line in lines:
        hear(Event("noted", outcome.number, reason=line))
    if obstacle:
        return (), obstacle

    def record(applied: Applied) -> None:
        hear(Event("remedy_applied", outcome.number, applied=applied))

    broken: tuple[Applied, ...] = (Applied(change=decided.changes[0], error="guard's own fault"),)
    applied = shielded("a remedy", broken, lambda: carry_out(decided, surroundings, record))
    failed = next((one for one in applied if one.error), None)
    return applied, f"{failed.change.remedy} failed: {failed.error}" if failed is not None else ""


def _proven(changes: tuple[Change, ...], outcome: Outcome) -> bool:
    return shielded("the proof of a narrowed run", False, lambda: proven(changes, outcome))


def _settle(applied: tuple[Applied, ...], outcome: Outcome, proved: bool, hear: Tell) -> None:
    """Let a narrowed attempt leave whole reports: what it wrote over is there again."""
    nothing: tuple[str, ...] = ()
    for line in shielded("the test reports", nothing, lambda: settled(applied, outcome, proved)):
        hear(Event("noted", outcome.number, reason=line))


def _whole_again(
    command: Command,
    narrowed: Outcome,
    standing: tuple[Change, ...],
    attempts: Attempts,
    may_kill: bool,
    allowed: int,
    hear: Tell,
    left_s: float | None,
) -> Outcome:
    """A narrowed run that cannot be shown to have run each failed test proves nothing: run the whole command.

    Returns the narrowed outcome itself where no further attempt may begin.
    """
    obstacle = "no attempt is left that could prove the narrowed run"
    if attempts.stopped_by is not None:
        obstacle = "told to stop"
    elif narrowed.number < allowed:
        _, obstacle = attempts.make_way(may_kill)
    if obstacle:
        hear(Event("gave_up", narrowed.number, reason=obstacle))
        return narrowed
    hear(Event("noted", narrowed.number, reason="the narrowed run is no proof; the whole command runs again"))
    return attempts.again(command, standing, narrowed.number + 1, left_s)


def _take_back(spent: list[Attempt], surroundings: Surroundings) -> None:
    for attempt in reversed(spent):
        for applied in reversed(attempt.applied):
            shielded("undoing a remedy", None, partial(take_back, applied, surroundings))


def _left(settings: Settings, begin: float) -> float | None:
    return None if settings.budget_s is None else max(settings.budget_s - (time.monotonic() - begin), 0.0)


def _judge(
    outcome: Outcome,
    spent: tuple[Attempt, ...],
    settings: Settings,
    surroundings: Surroundings,
    memory: Memory,
    hear: Tell,
    begin: float,
    ask: Ask,
) -> _Judged:
    since = time.monotonic()
    diagnosis = shielded("diagnosis", None, lambda: diagnose(outcome, memory, settings.signatures, ask))
    if diagnosis is not None:
        diagnosis = _looked_at_again(diagnosis, outcome, memory, settings, surroundings)
    seconds = time.monotonic() - since
    if diagnosis is None:
        return _Judged(None, None, seconds)
    hear(Event("diagnosed", outcome.number, outcome=outcome, diagnosis=diagnosis))
    decided = shielded(
        "policy",
        None,
        lambda: plan(diagnosis, outcome, spent, settings, surroundings, memory, _left(settings, begin)),
    )
    if decided is not None:
        hear(Event("planned", outcome.number, outcome=outcome, diagnosis=diagnosis, plan=decided))
        known = shielded("the memory", None, lambda: memory.recall(diagnosis)) if not spent else None
        if known is not None and (known.tried or diagnosis.unsure):
            hear(Event("noted", outcome.number, diagnosis=diagnosis, reason=f"this failure was {known}"))
    return _Judged(diagnosis, decided, seconds)


def _looked_at_again(
    diagnosis: Diagnosis, outcome: Outcome, memory: Memory, settings: Settings, surroundings: Surroundings
) -> Diagnosis:
    """The diagnosis, surer where the tool's own log hides the cause and something else tells it."""

    def by_words(other: Outcome) -> Diagnosis:
        return diagnose(other, memory, settings.signatures, lambda log, same: Guess())

    return shielded("a closer look", diagnosis, lambda: second_look(diagnosis, outcome, surroundings, by_words))


def _deaf_to_faults(tell: Tell) -> Tell:
    def hear(event: Event) -> None:
        shielded("reporting", None, lambda: tell(event))

    return hear


def _concluded(
    run_id: str,
    command: Command,
    surroundings: Surroundings,
    spent: tuple[Attempt, ...],
    stopped_by: int | None,
    begin: float,
    diagnosis_s: float,
) -> Run:
    last, first = spent[-1].outcome, spent[0].outcome
    duration = time.monotonic() - begin
    healing_s = duration - first.duration_s
    healed_by: tuple[str, ...] = ()
    rescued = 0.0
    if stopped_by is not None or last.ended == "cancelled":
        status = "interrupted"
    elif last.passed and last.exit_code == 0:
        status = "passed" if len(spent) == 1 else "healed"
    else:
        status = "failed"
    if status == "healed":
        healed_by = _credited(spent)
        # A re-run of the job runs the command from its beginning at the least; what came before it in the
        # job is not known here and is left out.
        rescued = max(max(attempt.outcome.duration_s for attempt in spent) - healing_s, 0.0)
    exit_code = 128 + stopped_by if stopped_by is not None else last.exit_code
    wasted = healing_s - (last.duration_s if status == "healed" else 0.0)
    return Run(
        id=run_id,
        status=status,
        exit_code=exit_code,
        platform=surroundings.platform,
        command=command.argv,
        started_at=first.started_at,
        duration_s=duration,
        attempts=spent,
        healed_by=healed_by,
        rescued_s=rescued,
        wasted_s=max(wasted, 0.0) if len(spent) > 1 else 0.0,
        diagnosis_s=diagnosis_s,
    )


def _credited(spent: tuple[Attempt, ...]) -> tuple[str, ...]:
    """The remedies in force when it passed, each once, in the order in which they came."""
    names = [
        change.remedy
        for position, attempt in enumerate(spent[:-1])
        if attempt.plan is not None
        for change in attempt.plan.changes
        if not change.once or position == len(spent) - 2
    ]
    return tuple(dict.fromkeys(names))
