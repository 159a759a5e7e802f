"""Examples → numbers: the features of each line once, from which training puts whole logs together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from guard.diagnosis.features import BUCKETS
from guard.diagnosis.reading import read
from models.data import LABEL_NAMES, Example, log_of


@dataclass(frozen=True)
class Document:
    """An example as its lines' features, in compressed rows: line `i` has `ids[bounds[i]:bounds[i + 1]]`."""

    example: Example
    chosen: tuple[int, ...]
    """Index in the log of each line that is read."""
    ids: NDArray[np.int32]
    bounds: NDArray[np.int64]
    positions: NDArray[np.float32]
    ending: NDArray[np.float32]
    target: NDArray[np.float32]
    """The probability of each label; all zero for a run that passed."""
    evidence: NDArray[np.bool_]
    """For each line whether it proves the label; none does where nobody said."""

    def __len__(self) -> int:
        return len(self.bounds) - 1


SECOND = 0.25
"""What of the probability goes to labels that can be defended too."""


def document(example: Example) -> Document:
    """An example read as guard reads it."""
    reading = read(log_of(example), example.exit_code)
    lines = len(reading.chosen)
    bounds = np.searchsorted(reading.features.lines, np.arange(lines + 1)).astype(np.int64)
    target = np.zeros(len(LABEL_NAMES), dtype=np.float32)
    if example.label in LABEL_NAMES:
        also = [label for label in example.also if label in LABEL_NAMES and label != example.label]
        target[LABEL_NAMES.index(example.label)] = 1 - SECOND * bool(also)
        for label in also:
            target[LABEL_NAMES.index(label)] += SECOND / len(also)
    evidence = np.zeros(lines, dtype=bool)
    at = {index: place for place, index in enumerate(reading.chosen)}
    for low, high in example.evidence:
        for number in range(low, min(high, low + 400) + 1):
            if number - 1 in at:
                evidence[at[number - 1]] = True
    return Document(example, reading.chosen, reading.features.buckets, bounds, reading.positions, reading.ending, target, evidence)


@dataclass(frozen=True)
class Vocabulary:
    """The buckets that training has seen often enough, numbered from 1; all others are 0."""

    number: NDArray[np.int32]
    """For each bucket its number."""
    often: NDArray[np.int64]
    """For each number in how many examples it occurs."""

    @property
    def size(self) -> int:
        """How many numbers there are, 0 for the unknown among them."""
        return len(self.often)

    def of(self, ids: NDArray[np.int32]) -> NDArray[np.int32]:
        """Buckets → numbers."""
        found: NDArray[np.int32] = self.number[ids]
        return found


def vocabulary(documents: Sequence[Document], extra: Sequence[int] = (), least: int = 2, most: int = 65_000) -> Vocabulary:
    """Buckets that at least `least` examples of different groups hold, and the extra ones."""
    seen: Counter[int] = Counter()
    groups: dict[int, set[str]] = {}
    for one in documents:
        unique = np.unique(one.ids).tolist()
        seen.update(unique)
        for bucket in unique:
            known = groups.setdefault(bucket, set())
            if len(known) < least:
                known.add(one.example.group)
    often = [bucket for bucket, count in seen.most_common() if count >= least and (len(groups[bucket]) >= least or count >= 3)]
    chosen = list(dict.fromkeys([*extra, *often]))[:most]
    number = np.zeros(BUCKETS, dtype=np.int32)
    number[chosen] = np.arange(1, len(chosen) + 1)
    return Vocabulary(number, np.array([0, *(seen[bucket] for bucket in chosen)]))
