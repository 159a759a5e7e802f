"""What remedies offer to change; what has not helped against the same failure is not offered again."""

from __future__ import annotations

from collections.abc import Sequence

from guard.policy.case import Case
from guard.remedies import REMEDIES
from guard.types import OUTSIDE, Change, Refusal

# Repeating these is a change by itself: what they wait for, or what chance decides, is different next time.
_BY_TIME = frozenset({"wait", "longer_timeouts"})
# A retry that changes nothing is right for these and for causes outside the job: chance or time decides.
_BY_CHANCE = frozenset({"flaky_test", "hang", "test_failure", "stale_state", "corrupt_artifact"})


def offered(group: Sequence[str], case: Case, refused: list[Refusal]) -> tuple[Change, ...]:
    """What the remedies of a group would change together; () where that is nothing new. Refusals are added to `refused`.

    A plain repetition is new where chance or time decides, and where the user names it for the label.
    """
    changes = []
    for name in group:
        answer = REMEDIES[name].propose(case.diagnosis, case.outcome, case.surroundings)
        if isinstance(answer, Refusal):
            if answer not in refused:
                refused.append(answer)
        elif answer is not None and not case.settings.lets(name):
            refused.append(Refusal(name, "the setting `remedies` leaves it out"))
        elif answer is not None and not answer.safe:
            refused.append(Refusal(name, f"needs leave: {answer.needs}"))
        elif answer is not None and not used(answer, case):
            changes.append(answer)
    by_itself = case.diagnosis.label in OUTSIDE or case.diagnosis.label in _BY_CHANCE or case.rule.remedies is not None
    return tuple(changes) if by_itself or any(change.changes_something for change in changes) else ()


def used(change: Change, case: Case) -> bool:
    """Whether the very same change was made after the same failure: it did not help then."""
    for attempt in case.spent:
        if attempt.plan is None or attempt.diagnosis is None:
            continue
        same = attempt.diagnosis.fingerprint == case.diagnosis.fingerprint
        for old in attempt.plan.changes:
            if old.remedy != change.remedy or (old.remedy in _BY_TIME and case.diagnosis.label in OUTSIDE):
                continue
            if same and (old.remedy == "rerun_all" or _effect(old) == _effect(change)):
                return True
    return False


def _effect(change: Change) -> tuple[object, ...]:
    return (change.env, change.argv, change.cpus, change.rlimits, change.limits, change.actions)
