"""An unknown failure that history knows: under which label it healed, and whether that is enough to act on."""

from __future__ import annotations

from dataclasses import replace

from guard.policy.refusals import REFUSED
from guard.policy.remedies_by_label import ORDER
from guard.types import Diagnosis, Memory

LIKE_ENOUGH = 0.8
"""Likeness from which an unknown failure is taken for a known one."""
TWICE = 2
"""Runs in which it must have healed: one pass may be chance."""
_MOST_FAIL = 0.4


def recognised(diagnosis: Diagnosis, memory: Memory) -> Diagnosis:
    """The diagnosis under the label by which the same failure healed before; itself where nothing was learned.

    Only what no signature, model or kernel explains surely is looked up so, and never under a label that guard refuses.
    """
    if not diagnosis.unsure:
        return diagnosis
    known = memory.recall(diagnosis)
    if known is None or known.likeness < LIKE_ENOUGH or known.label in REFUSED or known.label not in ORDER:
        return diagnosis
    if known.healed < TWICE or known.healed < (1 - _MOST_FAIL) * known.tried:
        return diagnosis
    chance = (known.healed + 1) / (known.tried + 2)
    return replace(diagnosis, label=known.label, probability=round(known.likeness * chance, 4), source="history")
