"""Heal or escalate: the one place where that is decided, always with the reason in one sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from guard.policy import odds
from guard.policy.echoed import echoed
from guard.policy.once_only import once_only
from guard.policy.recognised import recognised
from guard.policy.refusals import REFUSED
from guard.policy.remedies_by_label import IN_DOUBT, ORDER
from guard.remedies import REMEDIES, quarantine, user_strategy
from guard.settings.values import LabelRule, Settings
from guard.types import (
    OUTSIDE,
    UNSURE,
    Attempt,
    Change,
    Diagnosis,
    Memory,
    Outcome,
    Plan,
    Refusal,
    Seen,
    Surroundings,
)

MIN_PROBABILITY = UNSURE
_COMMON_PRIOR = 0.6
"""Of a remedy that has not been asked yet what it would change."""
_KNOWN_FLAKY = 0.6
"""How often tests that a team has put into quarantine pass when they run again: a prior."""
# Repeating these is a change by itself: what they wait for, or what chance decides, is different next time.
_BY_TIME = frozenset({"wait", "longer_timeouts"})


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
    rule = settings.rule(diagnosis.label)
    reason = _stop(diagnosis, outcome, settings, rule)
    if reason:
        return Plan("escalate", reason)
    refused: list[Refusal] = []
    strategy = _strategy(diagnosis, outcome, spent, settings, surroundings, memory)
    if strategy is not None:
        return _priced((strategy,), refused, diagnosis, outcome, spent, memory, budget_left_s)
    if rule.remedies is None:
        diagnosis = recognised(diagnosis, memory)
        rule = settings.rule(diagnosis.label)
        reason = _stop(diagnosis, outcome, settings, rule)
        if reason:
            return Plan("escalate", reason)
    reason = _cannot_heal(diagnosis, rule)
    if reason:
        known = _quarantined(diagnosis, outcome, spent, settings, surroundings, refused) if rule.remedies is None else ()
        if isinstance(known, str):
            return Plan("escalate", known)
        if known:
            return _priced(known, refused, diagnosis, outcome, spent, memory, budget_left_s)
        doubted = IN_DOUBT.get(diagnosis.label, ()) if rule.remedies is None else ()
        changes = _ask(doubted, diagnosis, outcome, surroundings, spent, settings, refused) if doubted else ()
        if changes:
            return _priced(changes, refused, diagnosis, outcome, spent, memory, budget_left_s)
        return Plan("escalate", reason)
    groups, given_up = _promising(_groups(diagnosis.label, rule), diagnosis, memory)
    if rule.remedies is None and _learned(groups, diagnosis, memory):
        groups = _quickest_first(groups, diagnosis, outcome, surroundings, spent, settings, memory)
    for group in groups:
        changes = _ask(group, diagnosis, outcome, surroundings, spent, settings, refused)
        if changes:
            return _priced(changes, (*refused, *given_up), diagnosis, outcome, spent, memory, budget_left_s)
    return Plan("escalate", _nothing_left(diagnosis, spent, refused, given_up), refused=(*refused, *given_up))


def _quarantined(
    diagnosis: Diagnosis,
    outcome: Outcome,
    spent: Sequence[Attempt],
    settings: Settings,
    surroundings: Surroundings,
    refused: list[Refusal],
) -> tuple[Change, ...] | str:
    """A second run of failed tests that are all known to be flaky; why not once more, where they had it; () for all else."""
    if diagnosis.label != "test_failure" or settings.quarantine is None:
        return ()
    name = settings.quarantine.name
    if any("quarantine" in change.details for one in spent if one.plan is not None for change in one.plan.changes):
        return f"tests that {name} knows as flaky failed again; that they are known does not make them pass"
    tests = quarantine.all_known(settings.quarantine, outcome, surroundings)
    for group in ORDER["flaky_test"] if tests else ():
        changes = _ask(group, diagnosis, outcome, surroundings, spent, settings, refused)
        if changes:
            return tuple(
                replace(
                    change,
                    summary=f"{change.summary}; {name} knows all that failed as flaky",
                    success_probability=_KNOWN_FLAKY,
                    details={**change.details, "quarantine": name, "known_flaky": list(tests[:20])},
                )
                for change in changes
            )
    return ()


def in_general(diagnosis: Diagnosis, settings: Settings) -> Plan | None:
    """What guard does about such a failure where the command and the machine are not known (a foreign log).

    None where it would not repeat it whatever they are.
    """
    rule = settings.rule(diagnosis.label)
    if not rule.on or settings.attempts < 2 or _cannot_heal(diagnosis, rule):
        return None
    groups = [tuple(filter(settings.lets, group)) for group in _groups(diagnosis.label, rule)]
    groups = [group for group in groups if group]
    if not groups:
        return None
    names = " or ".join(" and ".join(group) for group in groups)
    changes = tuple(Change(name, "where the command and the machine allow it") for name in groups[0])
    return Plan("heal", f"{diagnosis.label} heals by {names}, where the command and the machine allow it", changes)


def _strategy(
    diagnosis: Diagnosis,
    outcome: Outcome,
    spent: Sequence[Attempt],
    settings: Settings,
    surroundings: Surroundings,
    memory: Memory,
) -> Change | None:
    """The user's strategy that applies, has not been tried on this failure, and by what was seen helps soonest.

    Where nothing was seen, the first in the settings; one whose heal a person called wrong is left out.
    """

    def seen(change: Change) -> Seen:
        return memory.seen(diagnosis.fingerprint, diagnosis.label, change.key)

    offers = []
    for strategy in settings.strategies if settings.lets(user_strategy.NAME) else ():
        change = user_strategy.propose_for((strategy,), diagnosis, outcome, surroundings)
        if change is None or _used(change, diagnosis, spent) or seen(change).wrong:
            continue
        offers.append((change,))
    if len(offers) > 1 and any(seen(one).anything for (one,) in offers):
        offers.sort(key=lambda offer: _seconds_a_chance(offer, diagnosis, outcome, spent, memory))
    return offers[0][0] if offers else None


def _promising(
    groups: tuple[tuple[str, ...], ...], diagnosis: Diagnosis, memory: Memory
) -> tuple[tuple[tuple[str, ...], ...], list[Refusal]]:
    """The groups without what history speaks against on this failure, and the refusals that say so."""
    given_up: list[Refusal] = []
    kept = []
    for group in groups:
        left = []
        for name in group:
            prior = odds.measured(diagnosis.label, name, _COMMON_PRIOR)
            reason = odds.given_up(diagnosis.label, prior, memory.seen(diagnosis.fingerprint, diagnosis.label, name))
            if not reason:
                left.append(name)
            elif all(one.remedy != name for one in given_up):
                given_up.append(Refusal(name, reason))
        if left:
            kept.append(tuple(left))
    return tuple(kept), given_up


def _learned(groups: Sequence[Sequence[str]], diagnosis: Diagnosis, memory: Memory) -> bool:
    return len(groups) > 1 and any(
        memory.seen(diagnosis.fingerprint, diagnosis.label, name).anything for group in groups for name in group
    )


def _quickest_first(
    groups: Sequence[tuple[str, ...]],
    diagnosis: Diagnosis,
    outcome: Outcome,
    surroundings: Surroundings,
    spent: Sequence[Attempt],
    settings: Settings,
    memory: Memory,
) -> tuple[tuple[str, ...], ...]:
    """The groups in the order that brings green soonest on average: by seconds spent for each chance of a pass."""

    def rank(group: tuple[str, ...]) -> float:
        changes = _ask(group, diagnosis, outcome, surroundings, spent, settings, [])
        return _seconds_a_chance(changes, diagnosis, outcome, spent, memory) if changes else float("inf")

    return tuple(sorted(groups, key=rank))


def _seconds_a_chance(
    changes: Sequence[Change], diagnosis: Diagnosis, outcome: Outcome, spent: Sequence[Attempt], memory: Memory
) -> float:
    """What trying costs, divided by the chance that it works: tried in rising order, the sum of waiting is least."""
    chance = odds.works(changes, diagnosis, memory)
    return _cost_s(changes, outcome, spent) / chance if chance > 0 else float("inf")


def _cost_s(changes: Sequence[Change], outcome: Outcome, spent: Sequence[Attempt]) -> float:
    """Seconds until the end of an attempt with these changes."""
    return max(change.wait_s for change in changes) + sum(change.cost_s for change in changes) + _attempt_s(outcome, spent)


def _attempt_s(outcome: Outcome, spent: Sequence[Attempt]) -> float:
    return max([outcome.duration_s, *(attempt.outcome.duration_s for attempt in spent)])


def _stop(diagnosis: Diagnosis, outcome: Outcome, settings: Settings, rule: LabelRule) -> str:
    """Why nothing may be repeated here whatever the cause; "" when it may."""
    if outcome.ended == "cancelled" or (outcome.exit_code in (130, 131, 143) and outcome.signal in (2, 3, 15)):
        return "the command was told to stop"
    if outcome.ended == "budget":
        return "the time budget is used up"
    allowed = rule.attempts if rule.attempts is not None else settings.attempts
    if outcome.number >= min(allowed, settings.attempts):
        return "no attempt is left" if settings.attempts > 1 else "settings allow one attempt"
    if not rule.on:
        return f"settings turn {diagnosis.label} off"
    if not outcome.stdin_replayable:
        return "its standard input was a pipe that cannot be read again (give it `</dev/null` or a file)"
    if settings.idempotent is False:
        return "settings say `idempotent: false`"
    if settings.idempotent is None:
        found = once_only(outcome.command) or echoed(outcome.window)
        if found:
            return f"`{found}` must not run twice; `idempotent: true` says that it may"
    return ""


def _cannot_heal(diagnosis: Diagnosis, rule: LabelRule) -> str:
    least = rule.min_probability if rule.min_probability is not None else MIN_PROBABILITY
    if diagnosis.label in REFUSED and rule.remedies is None:
        if diagnosis.label != "unknown" and diagnosis.probability < MIN_PROBABILITY:
            return f"the cause is not sure ({diagnosis.probability:.0%}); an unexplained failure is not repeated"
        return REFUSED[diagnosis.label]
    sure = diagnosis.probability if rule.min_probability is not None else odds.of_outside(diagnosis)
    if sure < least:
        # Rounded down: 54.9 % of 55 % must not read as 55 % of 55 %.
        return f"the diagnosis is too unsure ({int(sure * 100 + 1e-9)}%, wanted {least:.0%})"
    return ""


def _groups(label: str, rule: LabelRule) -> tuple[tuple[str, ...], ...]:
    if rule.remedies is not None:
        return tuple((name,) for name in rule.remedies)
    return ORDER.get(label, ())


def _ask(
    group: Sequence[str],
    diagnosis: Diagnosis,
    outcome: Outcome,
    surroundings: Surroundings,
    spent: Sequence[Attempt],
    settings: Settings,
    refused: list[Refusal],
) -> tuple[Change, ...]:
    """What the remedies of a group would change; refusals are gathered; what has not helped is left out."""
    changes = []
    for name in group:
        answer = REMEDIES[name].propose(diagnosis, outcome, surroundings)
        if isinstance(answer, Refusal):
            if answer not in refused:
                refused.append(answer)
        elif answer is not None and not settings.lets(name):
            refused.append(Refusal(name, "the setting `remedies` leaves it out"))
        elif answer is not None and not answer.safe:
            refused.append(Refusal(name, f"needs leave: {answer.needs}"))
        elif answer is not None and not _used(answer, diagnosis, spent):
            changes.append(answer)
    if not any(change.changes_something for change in changes) and not _chance(diagnosis, changes):
        return ()
    return tuple(changes)


def _chance(diagnosis: Diagnosis, changes: Sequence[Change]) -> bool:
    """Whether a retry that changes nothing is right: a cause outside the job, or one that chance decides."""
    return bool(changes) and (
        diagnosis.label in OUTSIDE
        or diagnosis.label in ("flaky_test", "hang", "test_failure", "stale_state", "corrupt_artifact")
    )


def _used(change: Change, diagnosis: Diagnosis, spent: Sequence[Attempt]) -> bool:
    """Whether the very same change was made after the same failure: it did not help then."""
    for attempt in spent:
        if attempt.plan is None or attempt.diagnosis is None:
            continue
        for old in attempt.plan.changes:
            if old.remedy != change.remedy or (old.remedy in _BY_TIME and diagnosis.label in OUTSIDE):
                continue
            same = attempt.diagnosis.fingerprint == diagnosis.fingerprint
            if (same and not _differs(old, change)) or (old.remedy == "rerun_all" and same):
                return True
    return False


def _differs(old: Change, new: Change) -> bool:
    return (old.env, old.argv, old.cpus, old.rlimits, old.limits, old.actions) != (
        new.env,
        new.argv,
        new.cpus,
        new.rlimits,
        new.limits,
        new.actions,
    )


def _priced(
    changes: Sequence[Change],
    refused: Sequence[Refusal],
    diagnosis: Diagnosis,
    outcome: Outcome,
    spent: Sequence[Attempt],
    memory: Memory,
    budget_left_s: float | None,
) -> Plan:
    attempt_s = _attempt_s(outcome, spent)
    cost = _cost_s(changes, outcome, spent)
    chance = odds.success(changes, diagnosis, memory)
    summary = " and ".join(change.summary for change in changes)
    if budget_left_s is not None and cost > budget_left_s:
        reason = f"{cost:.0f} s for another attempt do not fit in the {budget_left_s:.0f} s left of the budget"
    elif chance < odds.least(attempt_s):
        reason = f"a chance of {chance:.0%} is not worth another {cost / 60:.0f} min"
    else:
        return Plan("heal", summary, tuple(changes), tuple(refused), round(cost, 1), round(chance, 4))
    return Plan("escalate", reason, (), tuple(refused), round(cost, 1), round(chance, 4))


def _nothing_left(
    diagnosis: Diagnosis, spent: Sequence[Attempt], refused: Sequence[Refusal], given_up: Sequence[Refusal]
) -> str:
    tried = list(dict.fromkeys(_tried(spent)))
    if given_up:
        return f"{given_up[0].remedy} is not tried: {given_up[0].reason}"
    if refused:
        return f"{refused[0].remedy} would have helped, but {refused[0].reason}"
    if tried:
        return f"{', '.join(tried)} did not help"
    return f"no remedy for {diagnosis.label} applies here"


def _tried(spent: Sequence[Attempt]) -> Iterator[str]:
    for attempt in spent:
        for change in attempt.plan.changes if attempt.plan is not None else ():
            yield change.remedy
