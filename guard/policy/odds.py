"""How likely a plan heals and whether that is worth its time."""

from __future__ import annotations

import math
from collections.abc import Sequence

from guard.policy.measured import RATES
from guard.types import OUTSIDE, Change, Diagnosis, Memory, Seen

PRIOR_RUNS = 1.0
"""How many runs the prior counts for: after as many, what was seen weighs the same.

As the lab's cases have it that were played twice (`models.lab.rates.runs_of_prior`), and least regret in made-up worlds
(tests/bench/learning.py): what healed a cause once nearly always heals it again, whatever other causes of its label want.
"""
OWN_RUNS = 10.0
"""How many of the lab's cases a remedy's own `success_probability` counts for: it knows the machine, they do not."""
MOST_LAB_RUNS = 20.0
"""How many cases the lab's rate counts for at most: its failures are small ones, and the remedy's word is never lost."""
_SUREST = 0.99
KINDRED_RUNS = 1.5
"""How many runs all other failures of the label here may count for, against LABEL_RUNS of the prior's own."""
LABEL_RUNS = 2.0
GIVEN_UP_AFTER = 3
"""Runs in a row in which a remedy did not help: then, below these odds, it is not tried on that failure for a while."""
GIVEN_UP_BELOW = 0.2


def success(changes: Sequence[Change], diagnosis: Diagnosis, memory: Memory) -> float:
    """The probability that an attempt with these changes passes: the diagnosis is right, and one of them works."""
    return of_outside(diagnosis) * works(changes, diagnosis, memory)


def of_outside(diagnosis: Diagnosis) -> float:
    """How sure it is that the cause lies outside the job, where the label says so: which of them it is, the same wait answers.

    The diagnosis's own probability for any other label.
    """
    if diagnosis.label not in OUTSIDE:
        return diagnosis.probability
    return min(diagnosis.probability + sum(one.probability for one in diagnosis.alternatives if one.label in OUTSIDE), 1.0)


def works(changes: Sequence[Change], diagnosis: Diagnosis, memory: Memory) -> float:
    """The probability that one of the changes works, if the diagnosis is right."""
    fails = 1.0
    for change, prior in zip(changes, priors(changes, diagnosis.label), strict=True):
        fails *= 1 - posterior(prior, memory.seen(diagnosis.fingerprint, diagnosis.label, change.key))
    return 1 - fails


def priors(changes: Sequence[Change], label: str) -> list[float]:
    """How likely each change heals before anything was seen here: by its remedy's own word and by the lab.

    Those that go together were measured together: their words are moved, in proportion, until all of them together
    come to what the lab saw of all of them.
    """
    own = [min(change.success_probability, _SUREST) for change in changes]
    together = 1 - math.prod(1 - one for one in own)
    name = "+".join(sorted(change.key for change in changes))
    if together <= 0 or name not in RATES.get(label, {}):
        return [change.success_probability for change in changes]
    share = math.log(1 - measured(label, name, together)) / math.log(1 - together)
    return [1 - (1 - one) ** share for one in own]


def measured(label: str, remedies: str, own: float) -> float:
    """The lab's rate of these remedies (joined by `+`) on that label, shrunk towards their `own` word where its cases are few."""
    healed, tried = RATES.get(label, {}).get(remedies, (0, 0))
    if not tried:
        return own
    runs = min(float(tried), MOST_LAB_RUNS)
    return (OWN_RUNS * own + runs * healed / tried) / (OWN_RUNS + runs)


def posterior(prior: float, seen: Seen) -> float:
    """The mean of the Beta posterior: the prior, moved by kindred failures, counts PRIOR_RUNS; the rest is this very failure."""
    if seen.wrong:
        return 0.0
    kindred = seen.kindred_healed + seen.kindred_failed
    share = min(KINDRED_RUNS / kindred, 1.0) if kindred else 0.0
    here = (LABEL_RUNS * prior + share * seen.kindred_healed) / (LABEL_RUNS + share * kindred)
    return (PRIOR_RUNS * here + seen.healed) / (PRIOR_RUNS + seen.healed + seen.failed)


def given_up(label: str, prior: float, seen: Seen) -> str:
    """Why history speaks against a remedy on a failure; "" where it does not. `prior`: by the remedy's own word.

    A cause outside the job ends by itself sooner or later, whatever was seen: there the odds alone decide.
    """
    if seen.wrong:
        return "a person said that its heal of this failure was wrong"
    if label in OUTSIDE or seen.in_a_row < GIVEN_UP_AFTER or posterior(prior, seen) >= GIVEN_UP_BELOW:
        return ""
    return f"it did not help the last {seen.in_a_row} times on this failure ({seen.told})"


def least(cost_s: float) -> float:
    """The probability below which an attempt of that many seconds is not worth it.

    A minute may be spent on a small chance; forty minutes want nearly even odds.
    """
    return min(0.05 + cost_s / 60 / 100, 0.5)
