"""The linear half: a support vector machine on pieces of words of the passage that the network attends to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from sklearn.svm import LinearSVC

from guard.diagnosis.grams import BUCKETS, CHARACTERS, Grams, grams
from guard.diagnosis.reading import passage
from models.classifier.corpus import Document
from models.data import LABEL_NAMES, log_of

MOST = 40_000
"""Pieces that have weights: those on which most hangs."""


@dataclass(frozen=True)
class Linear:
    """A trained linear half."""

    number: NDArray[np.int32]
    """For each bucket its row; 0: it says nothing."""
    idf: NDArray[np.float32]
    """For each row how telling it is: the logarithm of how few passages hold it."""
    weights: NDArray[np.float32]
    """Rows by labels."""
    bias: NDArray[np.float32]

    def said(self, pieces: Sequence[Grams]) -> NDArray[np.float32]:
        """For each passage the margin of each label."""
        found: NDArray[np.float32] = table_of(pieces, self.number, self.idf) @ self.weights + self.bias
        return found


def passage_of(document: Document, attention: NDArray[np.float32]) -> Grams:
    """The pieces of the passage that the network attends to; `attention`: logarithms."""
    log = log_of(document.example)
    return grams([log.text(document.chosen[place]) for place in passage(np.exp(attention).tolist())])


def table_of(pieces: Sequence[Grams], number: NDArray[np.int32], idf: NDArray[np.float32]) -> scipy.sparse.csr_matrix:
    """Passages by rows: (1 + log count) × idf, words and runs of characters each of length one."""
    values, columns, bounds = [], [], [0]
    for one in pieces:
        rows = number[one.buckets]
        value = (1 + np.log(one.counts)) * idf[rows]
        for half in (one.buckets < CHARACTERS, one.buckets >= CHARACTERS):
            value[half] /= np.sqrt((value[half] ** 2).sum()) + 1e-9
        known = rows > 0
        values.append(value[known])
        columns.append(rows[known])
        bounds.append(bounds[-1] + int(known.sum()))
    return scipy.sparse.csr_matrix(
        (np.concatenate(values), np.concatenate(columns), bounds), shape=(len(pieces), len(idf)), dtype=np.float32
    )


def train_linear(pieces: Sequence[Grams], labels: Sequence[str], most: int = MOST) -> Linear:
    """Train on passages; pieces that only one passage holds say nothing."""
    often = np.zeros(BUCKETS, dtype=np.int64)
    for one in pieces:
        often[one.buckets] += 1
    known = np.flatnonzero(often >= 2)
    number = np.zeros(BUCKETS, dtype=np.int32)
    number[known] = np.arange(1, len(known) + 1)
    idf = np.concatenate(([0.0], np.log((1 + len(pieces)) / (1 + often[known])) + 1)).astype(np.float32)
    counts = {label: labels.count(label) for label in set(labels)}
    weights = [(len(labels) / len(counts) / counts[label]) ** 0.5 for label in labels]
    machine = LinearSVC(C=1.0, dual=True, random_state=0).fit(table_of(pieces, number, idf), list(labels), sample_weight=weights)
    full = np.zeros((len(idf), len(LABEL_NAMES)), dtype=np.float32)
    bias = np.full(len(LABEL_NAMES), -2.0, dtype=np.float32)
    for place, label in enumerate(machine.classes_):
        full[:, LABEL_NAMES.index(label)] = machine.coef_[place]
        bias[LABEL_NAMES.index(label)] = machine.intercept_[place]
    if len(known) <= most:
        return Linear(number, idf, full, bias)
    # What is left out has no part in a passage's length either: in use the numbers are the same as here.
    worth = np.abs(full).max(axis=1) * idf * np.sqrt(np.concatenate(([0], often[known])))
    kept = np.sort(np.argsort(-worth)[:most])
    kept = kept[kept > 0]
    thin = np.zeros(BUCKETS, dtype=np.int32)
    thin[known[kept - 1]] = np.arange(1, len(kept) + 1)
    return Linear(thin, np.concatenate(([0.0], idf[kept])).astype(np.float32), np.concatenate((full[:1], full[kept])), bias)
