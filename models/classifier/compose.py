"""Training examples made longer: an excerpt amid the noise of builds that went well, a whole log thinned out.

The label stays true: what is put around an excerpt is output that ended no job.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.classifier.corpus import Document
from models.data import PASSED_LABEL

_BEFORE_EVIDENCE = 60


@dataclass(frozen=True)
class Sample:
    """What the network is shown."""

    ids: NDArray[np.int32]
    line: NDArray[np.int32]
    positions: NDArray[np.float32]
    ending: NDArray[np.float32]
    target: NDArray[np.float32]
    evidence: NDArray[np.bool_]


def noise_of(documents: Sequence[Document]) -> list[tuple[Document, int, int]]:
    """Stretches of lines (from, to) that were no reason for any failure."""
    found = []
    for one in documents:
        if one.example.label == PASSED_LABEL:
            found.append((one, 0, len(one)))
        elif one.evidence.any() and len(one) > 2 * _BEFORE_EVIDENCE:
            first = int(np.flatnonzero(one.evidence)[0])
            if first > 2 * _BEFORE_EVIDENCE:
                found.append((one, 0, first - _BEFORE_EVIDENCE))
    return found


class Composer:
    """Makes samples of documents, another one each time."""

    def __init__(self, noise: Sequence[tuple[Document, int, int]], seed: int) -> None:
        self._noise = noise
        self._random = np.random.default_rng(seed)

    def plain(self, one: Document) -> Sample:
        """The document as it is."""
        return _sample([(one, 0, len(one))], one, 0)

    def varied(self, one: Document) -> Sample:
        """The document as it might have been printed in another job."""
        chance = self._random.random()
        if len(one) > 400:
            return self.plain(one) if chance < 0.25 else self._thinned(one)
        if chance < 0.4 or not self._noise:
            return self.plain(one)
        before = [self._stretch(200) for _ in range(self._random.integers(1, 4))]
        after = [self._stretch(25)] if self._random.random() < 0.5 else []
        return _sample([*before, (one, 0, len(one)), *after], one, len(before))

    def _stretch(self, most: int) -> tuple[Document, int, int]:
        one, low, high = self._noise[self._random.integers(len(self._noise))]
        size = min(int(self._random.integers(3, most)), high - low)
        begin = int(self._random.integers(low, high - size + 1))
        return one, begin, begin + size

    def _thinned(self, one: Document) -> Sample:
        """Some stretches of a whole log: those around its evidence and its end always."""
        total = len(one)
        keep = np.zeros(total, dtype=bool)
        keep[max(total - int(self._random.integers(20, 200)), 0) :] = True
        for at in np.flatnonzero(one.evidence)[:200]:
            keep[max(at - 15, 0) : at + 15] = True
        for _ in range(int(self._random.integers(1, 5))):
            begin = int(self._random.integers(total))
            keep[begin : begin + int(self._random.integers(10, 120))] = True
        edges = np.flatnonzero(np.diff(np.concatenate(([0], keep.astype(np.int8), [0]))))
        return _sample([(one, int(low), int(high)) for low, high in zip(edges[::2], edges[1::2], strict=True)], one, None)


def _sample(parts: Sequence[tuple[Document, int, int]], one: Document, own: int | None) -> Sample:
    """`own`: which part is the document itself; None: all are. Elsewhere nothing is evidence."""
    ids, lines, positions, evidence = [], [], [], []
    count = 0
    for place, (document, low, high) in enumerate(parts):
        begin, end = document.bounds[low], document.bounds[high]
        sizes = np.diff(document.bounds[low : high + 1])
        ids.append(document.ids[begin:end])
        lines.append(np.repeat(np.arange(count, count + high - low), sizes))
        positions.append(document.positions[low:high])
        mine = own is None or place == own
        part = document.evidence[low:high] if mine else np.zeros(high - low, dtype=bool)
        if mine and not one.evidence.any() and len(parts) > 1 and one.target.any():
            part = np.ones(high - low, dtype=bool)
        evidence.append(part)
        count += high - low
    where = np.concatenate(positions).copy()
    index = np.arange(count, dtype=np.float32)
    if len(parts) > 1:
        before = np.maximum(count - 1 - index, 0)
        where[:, 0] = np.log1p(before) / 8
        where[:, 1] = before < 3
        where[:, 2] = 0
        where[:, 3] = np.log1p(index) / 8
        where[:, 4] = index / max(count - 1, 1)
    return Sample(
        np.concatenate(ids), np.concatenate(lines).astype(np.int32), where, one.ending, one.target, np.concatenate(evidence)
    )
