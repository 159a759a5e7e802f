"""The wait between two attempts: as planned, or, with `probes: on`, until the service that failed answers again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import monotonic

from guard.failsafe import shielded
from guard.types import Attempt, Diagnosis, Outcome, Plan, Surroundings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from guard.remedies.probing.until_up import Waited

LONGEST = "longest_s"
"""The detail of a change that waits for a service: how long at most, in seconds."""

_MIRROR = "use_mirror"
_LOOKING_S = 12.0
"""What finding out whom to ask may take: tools are asked for what is built into them."""

Sleep = Callable[[float], bool]
"""Waits so many seconds; True when told to stop."""


def pause(
    attempt: Attempt,
    surroundings: Surroundings,
    sleep: Sleep,
    left_s: float | None,
    tell: Callable[[str], None],
) -> tuple[Attempt, bool]:
    """Wait as the attempt's plan says: (the attempt, with what came of asking, whether told to stop).

    `left_s`: what is left of the budget; a wait that grows leaves room for another attempt. A fault of ours makes it a plain wait.
    """
    plan, outcome, diagnosis = attempt.plan, attempt.outcome, attempt.diagnosis
    usual = max((change.wait_s for change in plan.changes), default=0.0) if plan is not None else 0.0
    begin = monotonic()
    waited: Waited | None = None
    if surroundings.probes and plan is not None and diagnosis is not None:
        longest = _longest(plan, outcome, left_s)
        if longest > usual:
            waited = shielded(
                "asking whether a service is up", None, lambda: _watched(diagnosis, outcome, surroundings, usual, longest, sleep, tell)
            )
    if waited is None:
        return attempt, sleep(max(usual - (monotonic() - begin), 0.0))
    if waited.told:
        tell(waited.told)
    return shielded("noting a wait", attempt, lambda: _noted(attempt, waited)), waited.stopped


def _longest(plan: Plan, outcome: Outcome, left_s: float | None) -> float:
    """The longest wait that a change asks for and that leaves time for an attempt like the last; 0.0 where none waits for a service."""
    if any(change.remedy == _MIRROR for change in plan.changes):
        # The next attempt goes past the service that is down: its return is not what it waits for.
        return 0.0
    asked = max((float(str(change.details[LONGEST])) for change in plan.changes if LONGEST in change.details), default=0.0)
    return asked if left_s is None else min(asked, left_s - outcome.duration_s)


def _watched(
    diagnosis: Diagnosis,
    outcome: Outcome,
    surroundings: Surroundings,
    usual_s: float,
    longest_s: float,
    sleep: Sleep,
    tell: Callable[[str], None],
) -> Waited | None:
    """How the wait went; None where there is nobody who may be asked."""
    from guard.remedies.probing import until_up
    from guard.remedies.probing.beside import Stopped, beside
    from guard.remedies.probing.services import services

    begin = monotonic()
    try:
        found = beside(lambda: services(diagnosis, outcome, surroundings), sleep, _LOOKING_S)
    except Stopped:
        return until_up.Waited(True)
    except TimeoutError:
        return None
    if not found:
        return None
    past = monotonic() - begin
    return until_up.wait(found, max(usual_s - past, 0.0), longest_s - past, sleep, tell, name_only=diagnosis.label == "dns_failure")


def _noted(attempt: Attempt, waited: Waited) -> Attempt:
    """The attempt whose plan and record say what came of asking."""
    if attempt.plan is None or not waited.details:
        return attempt
    old = next(change for change in attempt.plan.changes if LONGEST in change.details)
    new = replace(old, summary=waited.told or old.summary, details={**old.details, **waited.details})
    changes = tuple(new if change is old else change for change in attempt.plan.changes)
    done = (waited.told,) if waited.told else ()
    applied = tuple(replace(one, change=new, done=(*one.done, *done)) if one.change is old else one for one in attempt.applied)
    return replace(attempt, plan=replace(attempt.plan, changes=changes), applied=applied)
