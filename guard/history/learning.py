"""Trials of remedies, by their age → what is known of a remedy on a failure; no store, no clock."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from guard.history.rows import Trial
from guard.types import OUTSIDE, Seen

HALF_LIFE_S = 14 * 86400.0
"""After which a trial counts half: tools, runners and code change by the week."""
NEWER_COUNTS_MORE = 0.85
"""What a trial counts less for each newer one: what healed thirty times and now fails has changed, whatever the date."""
OUTSIDE_HALF_LIFE_S = 6 * 3600.0
"""Of causes outside the job: an outage of yesterday says little about today."""
MOST_KINDRED = 200


def half_life(label: str) -> float:
    """Seconds after which a trial on that label counts half."""
    return OUTSIDE_HALF_LIFE_S if label in OUTSIDE else HALF_LIFE_S


def weight(at: str, now: float, half_life_s: float) -> float:
    """How much a trial of that moment counts now, from 0 to 1; one whose date cannot be read counts nothing."""
    moment = seconds(at)
    if moment is None:
        return 0.0
    # A clock that runs ahead elsewhere makes a trial no stronger than a fresh one.
    return math.pow(0.5, max(now - moment, 0.0) / half_life_s)


def seconds(at: str) -> float | None:
    """ISO 8601 → seconds since 1970."""
    try:
        return datetime.fromisoformat(at).timestamp()
    except (ValueError, OverflowError, TypeError):
        return None


def seen(
    remedy: str, label: str, fingerprint: str, exact: Sequence[Trial], kindred: Sequence[Trial], wrong: bool, now: float
) -> Seen:
    """What is known; `exact`: trials on this failure, `kindred`: on this label in this project, both newest first."""
    life = half_life(label)
    # A fingerprint is of one cause, whatever a person has called it since.
    same = [one for one in exact if one.remedy == remedy]
    other = [one for one in kindred[:MOST_KINDRED] if one.remedy == remedy and one.fingerprint != fingerprint]
    healed, failed = _counted(same, now, life)
    kindred_healed, kindred_failed = _counted(other, now, life)
    return Seen(
        healed=healed,
        failed=failed,
        kindred_healed=kindred_healed,
        kindred_failed=kindred_failed,
        in_a_row=_in_a_row(same, now, life),
        told=f"healed {sum(one.healed for one in same)} of {len(same)}" if same else "",
        wrong=wrong,
    )


def _counted(trials: Sequence[Trial], now: float, life: float) -> tuple[float, float]:
    """Weights of heals and failures; the trials newest first."""
    healed = failed = 0.0
    for newer, one in enumerate(trials):
        counts = weight(one.at, now, life) * NEWER_COUNTS_MORE**newer
        if one.healed:
            healed += counts
        else:
            failed += counts
    return healed, failed


def _in_a_row(trials: Sequence[Trial], now: float, life: float) -> int:
    """Failures since the last heal that still count for half: what failed long ago may work again."""
    count = 0
    for one in trials:
        if one.healed or weight(one.at, now, life) < 0.5:
            break
        count += 1
    return count
