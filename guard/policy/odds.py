"""How likely a plan heals and whether that is worth its time."""

from __future__ import annotations

from collections.abc import Sequence

from guard.types import Change, Diagnosis, Memory


def success(changes: Sequence[Change], diagnosis: Diagnosis, memory: Memory) -> float:
    """The probability that an attempt with these changes passes: the diagnosis is right, and one of them works."""
    fails = 1.0
    for change in changes:
        seen = memory.odds(diagnosis.fingerprint, diagnosis.label, change.remedy)
        fails *= 1 - (seen if seen is not None else change.success_probability)
    return diagnosis.probability * (1 - fails)


def least(cost_s: float) -> float:
    """The probability below which an attempt of that many seconds is not worth it.

    A minute may be spent on a small chance; forty minutes want nearly even odds.
    """
    return min(0.05 + cost_s / 60 / 100, 0.5)
