"""What another attempt costs, and whether its chance is worth that."""

from __future__ import annotations

from collections.abc import Sequence

from guard.policy import odds
from guard.policy.case import Case
from guard.policy.offers import offered
from guard.types import Change, Plan, Refusal


def priced(changes: Sequence[Change], refused: Sequence[Refusal], case: Case) -> Plan:
    """Heal with these changes, or escalate where the budget or the chance is too small for it."""
    attempt_s = _attempt_s(case)
    cost = _cost_s(changes, case)
    chance = odds.success(changes, case.diagnosis, case.memory)
    summary = " and ".join(change.summary for change in changes)
    if case.budget_left_s is not None and cost > case.budget_left_s:
        reason = f"{cost:.0f} s for another attempt do not fit in the {case.budget_left_s:.0f} s left of the budget"
    elif chance < odds.least(attempt_s):
        reason = f"a chance of {chance:.0%} is not worth another {cost / 60:.0f} min"
    else:
        return Plan("heal", summary, tuple(changes), tuple(refused), round(cost, 1), round(chance, 4))
    return Plan("escalate", reason, (), tuple(refused), round(cost, 1), round(chance, 4))


def quickest_first(groups: Sequence[tuple[str, ...]], case: Case) -> tuple[tuple[str, ...], ...]:
    """The groups in the order that brings green soonest on average: by seconds spent for each chance of a pass."""

    def rank(group: tuple[str, ...]) -> float:
        changes = offered(group, case, [])
        return seconds_a_chance(changes, case) if changes else float("inf")

    return tuple(sorted(groups, key=rank))


def seconds_a_chance(changes: Sequence[Change], case: Case) -> float:
    """What trying costs, divided by the chance that it works: tried in rising order, the sum of waiting is least."""
    chance = odds.works(changes, case.diagnosis, case.memory)
    return _cost_s(changes, case) / chance if chance > 0 else float("inf")


def _cost_s(changes: Sequence[Change], case: Case) -> float:
    """Seconds until the end of an attempt with these changes."""
    return max(change.wait_s for change in changes) + sum(change.cost_s for change in changes) + _attempt_s(case)


def _attempt_s(case: Case) -> float:
    return max([case.outcome.duration_s, *(attempt.outcome.duration_s for attempt in case.spent)])
