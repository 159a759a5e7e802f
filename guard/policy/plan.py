"""Heal or escalate: the one place where that is decided, always with the reason in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from guard.policy import odds
from guard.policy.budget import priced, quickest_first, seconds_a_chance
from guard.policy.case import Case
from guard.policy.offers import offered, used
from guard.policy.recognised import recognised
from guard.policy.refusals import beyond_healing, stopped
from guard.policy.remedies_by_label import IN_DOUBT, ORDER
from guard.remedies import quarantine, user_strategy
from guard.settings.values import LabelRule, Settings
from guard.types import Attempt, Change, Diagnosis, Memory, Outcome, Plan, Refusal, Seen, Surroundings

_COMMON_PRIOR = 0.6
"""Of a remedy that has not been asked yet what it would change."""
_KNOWN_FLAKY = 0.6
"""How often tests that a team has put into quarantine pass when they run again: a prior."""

_Groups = tuple[tuple[str, ...], ...]
"""Names of remedies, those of a group together, in the order in which they are tried."""


def plan(
    diagnosis: Diagnosis,
    outcome: Outcome,
    spent: Sequence[Attempt],
    settings: Settings,
    surroundings: Surroundings,
    memory: Memory,
    budget_left_s: float | None,
) -> Plan:
    """What to do after a failed attempt; `spent`: the attempts before it, with what was changed."""
    case = Case(diagnosis, outcome, spent, settings, surroundings, memory, budget_left_s)
    reason = stopped(case)
    if reason:
        return Plan("escalate", reason)
    strategy = _strategy(case)
    if strategy is not None:
        return priced((strategy,), (), case)
    if case.rule.remedies is None:
        case = replace(case, diagnosis=recognised(diagnosis, memory))
        reason = stopped(case)
        if reason:
            return Plan("escalate", reason)
    reason = beyond_healing(case.diagnosis, case.rule)
    return _in_spite(reason, case) if reason else _healed(case)


def in_general(diagnosis: Diagnosis, settings: Settings) -> Plan | None:
    """What guard does about such a failure where the command and the machine are not known (a foreign log).

    None where it would not repeat it whatever they are.
    """
    rule = settings.rule(diagnosis.label)
    if not rule.on or settings.attempts < 2 or beyond_healing(diagnosis, rule):
        return None
    groups = [tuple(filter(settings.lets, group)) for group in _groups(diagnosis.label, rule)]
    groups = [group for group in groups if group]
    if not groups:
        return None
    names = " or ".join(" and ".join(group) for group in groups)
    changes = tuple(Change(name, "where the command and the machine allow it") for name in groups[0])
    return Plan("heal", f"{diagnosis.label} heals by {names}, where the command and the machine allow it", changes)


def _healed(case: Case) -> Plan:
    """The first group of remedies that has something to offer; why none has."""
    groups, given_up = _promising(case)
    if case.rule.remedies is None and _learned(groups, case):
        groups = quickest_first(groups, case)
    refused: list[Refusal] = []
    for group in groups:
        changes = offered(group, case, refused)
        if changes:
            return priced(changes, (*refused, *given_up), case)
    return Plan("escalate", _nothing_left(case, refused, given_up), refused=(*refused, *given_up))


def _in_spite(reason: str, case: Case) -> Plan:
    """What is left for a cause that running again does not heal: tests known to be flaky, or a look at what the log hides."""
    if case.rule.remedies is not None:
        return Plan("escalate", reason)
    refused: list[Refusal] = []
    known = _quarantined(case, refused)
    if isinstance(known, str):
        return Plan("escalate", known)
    changes = known or offered(IN_DOUBT.get(case.diagnosis.label, ()), case, refused)
    return priced(changes, refused, case) if changes else Plan("escalate", reason)


def _quarantined(case: Case, refused: list[Refusal]) -> tuple[Change, ...] | str:
    """A second run of failed tests that are all known to be flaky; why not once more, where they had it; () for all else."""
    listed = case.settings.quarantine
    if case.diagnosis.label != "test_failure" or listed is None:
        return ()
    if any("quarantine" in change.details for one in case.spent if one.plan is not None for change in one.plan.changes):
        return f"tests that {listed.name} knows as flaky failed again; that they are known does not make them pass"
    tests = quarantine.all_known(listed, case.outcome, case.surroundings)
    for group in ORDER["flaky_test"] if tests else ():
        changes = offered(group, case, refused)
        if changes:
            return tuple(
                replace(
                    change,
                    summary=f"{change.summary}; {listed.name} knows all that failed as flaky",
                    success_probability=_KNOWN_FLAKY,
                    details={**change.details, "quarantine": listed.name, "known_flaky": list(tests[:20])},
                )
                for change in changes
            )
    return ()


def _strategy(case: Case) -> Change | None:
    """The user's strategy that applies, has not been tried on this failure, and by what was seen helps soonest.

    Where nothing was seen, the first in the settings; one whose heal a person called wrong is left out.
    """

    def seen(change: Change) -> Seen:
        return case.memory.seen(case.diagnosis.fingerprint, case.diagnosis.label, change.key)

    offers = []
    for strategy in case.settings.strategies if case.settings.lets(user_strategy.NAME) else ():
        change = user_strategy.propose_for((strategy,), case.diagnosis, case.outcome, case.surroundings)
        if change is not None and not used(change, case) and not seen(change).wrong:
            offers.append(change)
    if len(offers) > 1 and any(seen(change).anything for change in offers):
        offers.sort(key=lambda change: seconds_a_chance((change,), case))
    return offers[0] if offers else None


def _promising(case: Case) -> tuple[_Groups, list[Refusal]]:
    """The groups without what history speaks against on this failure, and the refusals that say so."""
    label = case.diagnosis.label
    given_up: list[Refusal] = []
    kept = []
    for group in _groups(label, case.rule):
        left = []
        for name in group:
            prior = odds.measured(label, name, _COMMON_PRIOR)
            reason = odds.given_up(label, prior, case.memory.seen(case.diagnosis.fingerprint, label, name))
            if not reason:
                left.append(name)
            elif all(one.remedy != name for one in given_up):
                given_up.append(Refusal(name, reason))
        if left:
            kept.append(tuple(left))
    return tuple(kept), given_up


def _learned(groups: _Groups, case: Case) -> bool:
    """Whether anything was seen that could speak for another order."""
    return len(groups) > 1 and any(
        case.memory.seen(case.diagnosis.fingerprint, case.diagnosis.label, name).anything for group in groups for name in group
    )


def _groups(label: str, rule: LabelRule) -> _Groups:
    if rule.remedies is not None:
        return tuple((name,) for name in rule.remedies)
    return ORDER.get(label, ())


def _nothing_left(case: Case, refused: Sequence[Refusal], given_up: Sequence[Refusal]) -> str:
    tried = dict.fromkeys(change.remedy for one in case.spent if one.plan is not None for change in one.plan.changes)
    if given_up:
        return f"{given_up[0].remedy} is not tried: {given_up[0].reason}"
    if refused:
        return f"{refused[0].remedy} would have helped, but {refused[0].reason}"
    if tried:
        return f"{', '.join(tried)} did not help"
    return f"no remedy for {case.diagnosis.label} applies here"
