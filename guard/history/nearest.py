"""A failure's masked lines → the earlier failures that are most like it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

LEAST = 0.6
"""Likeness below which two failures are different ones."""
_WORDS = 200
_UNSEEN = 20
"""Failures that a young history has not seen yet: what is in both of only two says little about what is common."""


class Known(NamedTuple):
    """An earlier failure, and the run in which it happened."""

    run_id: str
    label: str
    fingerprint: str
    lines: str


def nearest(lines: str, known: Sequence[Known]) -> tuple[float, list[Known]]:
    """How like the likeliest earlier failure is (0 to 1), and all earlier failures that say the same as that one.

    Likeness is the cosine of the word pairs of both, where a pair that stands in every failure counts little: that a
    log ends with `error: exit code <n>` makes two failures no kin.
    """
    mine = _pairs(lines)
    if not mine or not known:
        return 0.0, []
    theirs = {text: _pairs(text) for text in {one.lines for one in known}}
    rare = _rarity([mine, *theirs.values()])
    scores = {text: _cosine(mine, pairs, rare) for text, pairs in theirs.items()}
    best = max(scores, key=lambda text: (scores[text], text))
    if scores[best] < LEAST:
        return scores[best], []
    # Of one cause the lines differ a little from run to run: those nearly as like count as the same.
    same = [one for one in known if scores[one.lines] >= max(LEAST, scores[best] - 0.1)]
    return scores[best], same


def _pairs(text: str) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for line in text.splitlines():
        words = line.split()[:_WORDS]
        found.update(zip(["", *words], [*words, ""], strict=True))
    return found


def _rarity(documents: Iterable[Counter[tuple[str, str]]]) -> dict[tuple[str, str], float]:
    counted = list(documents)
    seen: Counter[tuple[str, str]] = Counter()
    for one in counted:
        seen.update(one.keys())
    return {pair: math.log(1 + (len(counted) + _UNSEEN) / count) for pair, count in seen.items()}


def _cosine(
    one: Counter[tuple[str, str]], other: Counter[tuple[str, str]], rare: dict[tuple[str, str], float]
) -> float:
    both = sum(rare[pair] ** 2 * min(count, 3) * min(other[pair], 3) for pair, count in one.items() if pair in other)
    length = math.sqrt(_square(one, rare) * _square(other, rare))
    return both / length if length else 0.0


def _square(pairs: Counter[tuple[str, str]], rare: dict[tuple[str, str], float]) -> float:
    return sum((rare[pair] * min(count, 3)) ** 2 for pair, count in pairs.items())
