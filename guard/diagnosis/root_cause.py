"""Weighed hits → the one that is the root cause: the last thing that went wrong in earnest, or what stands behind it."""

from __future__ import annotations

from collections.abc import Sequence

from guard.diagnosis.linked import stands_behind
from guard.diagnosis.weigh import Weighed
from guard.types import LABELS

ENOUGH = 0.3
"""Below this weight nothing that was found names a cause."""
EARNEST = 0.45
"""From this weight on a hit can have ended the command."""
_GROUP = 12
"""Lines in which causes belong to one report of one failure."""
_GAP = 25
"""Lines after which a symptom no longer belongs to the cause before it."""
_SURELY = 0.5
_ENDING = ("compile_error", "test_failure")
"""What ends nearly every script in which it happens; a linter's findings are often let pass."""
_FROM_OUTSIDE = ("network", "infrastructure", "resources")


def root_cause(weighed: Sequence[Weighed]) -> Weighed | None:
    """The root cause: the last thing that went wrong in earnest, or whatever shortly before explains it."""
    best = _last_in_earnest(weighed)
    if best is None:
        return max(weighed, key=lambda one: (one.weight, -one.hit.index), default=None)
    for _ in range(6):
        behind = [one for one in weighed if one.weight >= EARNEST and stands_behind(one, best)]
        if not behind:
            return _first_of_its_report(best, weighed)
        best = max(behind, key=lambda one: (one.weight, -one.hit.index))
    return best


def _first_of_its_report(best: Weighed, weighed: Sequence[Weighed]) -> Weighed:
    """The line that opens the report: tools say first what failed and then what it might mean."""
    return next(
        one
        for one in weighed
        if one is best
        or (
            one.label == best.label
            and not one.symptom
            and one.command == best.command
            and one.weight >= 0.85 * best.weight
            and 0 <= best.hit.index - one.hit.index <= _GROUP
        )
    )


def _last_in_earnest(weighed: Sequence[Weighed]) -> Weighed | None:
    """The weightiest of the last group of causes, or a later symptom that they do not explain.

    What came before it and did not end the command was survived, whatever it was.
    """
    weighed = _before_clean_up(weighed)
    causes = [one for one in weighed if one.weight >= EARNEST and not one.symptom]
    symptoms = [one for one in weighed if one.weight >= ENOUGH and one.symptom and not one.lost]
    if not causes:
        return max(symptoms, key=lambda one: (one.weight, one.hit.index), default=None)
    last = causes[-1]
    group = [one for one in causes if one is last or _in_one_report(one, last)]
    best = max(group, key=lambda one: (one.weight, one.hit.index))
    later = [
        one
        for one in symptoms
        if (one.hit.index > last.hit.index + _GAP or (one.command > last.command and one.weight >= EARNEST))
        and one.label not in (best.label, "unknown")
        and not stands_behind(best, one)
    ]
    return max(later, key=lambda one: (one.weight, one.hit.index)) if later else best


def _before_clean_up(weighed: Sequence[Weighed]) -> Sequence[Weighed]:
    """The hits without the later commands' faults of other kinds where the code or its tests had failed before them.

    A script ends with what does not compile or pass its tests; what is still run then gathers reports, tells people and
    puts away, and fails for want of what was never built.
    """
    earnest = [one for one in weighed if one.weight >= EARNEST and not one.symptom]
    if not earnest or LABELS[earnest[-1].label] in ("code", "tests", "resources"):
        return weighed
    last = earnest[-1]
    ending = (*_ENDING, "lint_error") if LABELS[last.label] in ("network", "infrastructure") else _ENDING
    before = [
        one
        for one in weighed
        if one.label in ending
        and one.weight >= _SURELY
        and not one.lost
        and one.hit.signature.tool != "any"
        and one.command < last.command
        and not stands_behind(one, last)
    ]
    return [one for one in weighed if one.command <= before[-1].command] if before else weighed


def _in_one_report(one: Weighed, last: Weighed) -> bool:
    """Whether a cause belongs to the report of the last one: close by, of one command, and not a fault of a machine or a
    network above a failure that has nothing to do with it."""
    if last.hit.index - one.hit.index > _GROUP or one.command != last.command:
        return False
    outside = LABELS[one.label] in _FROM_OUTSIDE and LABELS[last.label] not in _FROM_OUTSIDE
    return not outside or stands_behind(one, last)
