"""Samples → a trained network."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.sparse
import torch
from numpy.typing import NDArray

from models.classifier.compose import Composer, Sample, noise_of
from models.classifier.corpus import Document, Vocabulary
from models.classifier.network import LABELS, Batch, Network, Shape, loss


@dataclass(frozen=True)
class Recipe:
    """How the network is trained."""

    shape: Shape = Shape()
    epochs: int = 12
    batch: int = 16
    rate: float = 2e-3
    table_rate: float = 5e-3
    decay: float = 0.01
    drop: float = 0.25
    forget: float = 0.25
    """Share of a sample's features that are left out at random."""
    smooth: float = 0.05
    salience: float = 0.3
    seed: int = 1


@dataclass(frozen=True)
class Trained:
    """A network with what it needs to read a document."""

    network: Network
    fixed: NDArray[np.float32]
    own: NDArray[np.float32]
    wide: NDArray[np.float32]
    vocabulary: Vocabulary

    def answers(self, documents: Sequence[Document]) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
        """For each document its logits, and for each of its lines the logarithm of its share of the attention."""
        composer = Composer((), 0)
        logits, lines = [], []
        self.network.eval()
        with torch.no_grad():
            for begin in range(0, len(documents), 16):
                part = documents[begin : begin + 16]
                batch = batch_of([composer.plain(one) for one in part], self.vocabulary)
                own, wide = torch.from_numpy(self.own[batch.rows]), torch.from_numpy(self.wide[batch.rows])
                found, attention = self.network(batch, self.fixed, own, wide)
                logits.append(found.numpy())
                bounds = np.cumsum([0, *(len(one) for one in part)])
                lines += [attention.numpy()[low:high] for low, high in pairwise(bounds)]
        return np.concatenate(logits), lines


def batch_of(
    samples: Sequence[Sample],
    vocabulary: Vocabulary,
    weights: Sequence[float] | None = None,
    forget: float = 0.0,
    random: np.random.Generator | None = None,
) -> Batch:
    """Samples end to end, unknown features left out."""
    ids, lines, logs = [], [], []
    count = 0
    for place, one in enumerate(samples):
        numbers = vocabulary.of(one.ids)
        known = numbers > 0
        if random is not None:
            known &= random.random(len(known)) >= forget
        ids.append(numbers[known])
        lines.append(one.line[known] + count)
        logs.append(np.full(len(one.positions), place))
        count += len(one.positions)
    every, line = np.concatenate(ids), np.concatenate(lines)
    rows, column = _numbered(every, vocabulary.size)
    amount = np.bincount(line, minlength=count)
    values = (1 / np.sqrt(amount + 1)).astype(np.float32)[line]
    table = scipy.sparse.csr_matrix((values, (line, column)), shape=(count, len(rows)), dtype=np.float32)
    return Batch(
        table=table,
        rows=rows,
        positions=torch.from_numpy(np.concatenate([one.positions for one in samples])),
        log=torch.from_numpy(np.concatenate(logs).astype(np.int64)),
        ending=torch.from_numpy(np.stack([one.ending for one in samples])),
        target=torch.from_numpy(np.stack([one.target for one in samples])),
        evidence=torch.from_numpy(np.concatenate([one.evidence for one in samples]).astype(np.float32)),
        weight=torch.tensor(weights or [1.0] * len(samples)),
    )


def _numbered(numbers: NDArray[np.int32], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The numbers that occur, in order, and for each its place among them: `np.unique` without sorting."""
    occurs = np.zeros(size, dtype=bool)
    occurs[numbers] = True
    rows = np.flatnonzero(occurs)
    place = np.zeros(size, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    return rows, place[numbers]


class _Rows:
    """Adam on the rows of a table that a batch holds; the others rest."""

    def __init__(self, table: NDArray[np.float32], decay: float) -> None:
        self.table = table
        self._mean = np.zeros_like(table)
        self._square = np.zeros_like(table)
        self._steps = np.zeros(len(table), dtype=np.float32)
        self._decay = decay

    def update(self, rows: NDArray[np.int64], gradient: NDArray[np.float32], rate: float) -> None:
        self._steps[rows] += 1
        steps = self._steps[rows][:, None]
        mean = self._mean[rows] = 0.9 * self._mean[rows] + 0.1 * gradient
        square = self._square[rows] = 0.99 * self._square[rows] + 0.01 * gradient**2
        step = (mean / (1 - 0.9**steps)) / (np.sqrt(square / (1 - 0.99**steps)) + 1e-8)
        self.table[rows] -= rate * (step + self._decay * self.table[rows])


def train(
    documents: Sequence[Document], fixed: NDArray[np.float32], vocabulary: Vocabulary, recipe: Recipe, quiet: bool = False
) -> Trained:
    """Train on the documents; those that passed are noise only. Deterministic for the same input."""
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(1)
    composer = Composer(noise_of(documents), recipe.seed)
    failed = [one for one in documents if one.target.any()]
    random = np.random.default_rng(recipe.seed)
    network = Network(recipe.shape, recipe.drop)
    own = _Rows((random.normal(0, 0.05, (vocabulary.size, recipe.shape.own))).astype(np.float32), recipe.decay)
    wide = _Rows(np.zeros((vocabulary.size, LABELS), dtype=np.float32), recipe.decay)
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    steps = recipe.epochs * -(-len(failed) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, total_steps=steps, pct_start=0.1)
    counts = np.sum([one.target for one in failed], axis=0)
    balance = (counts.mean() / np.maximum(counts, 1)) ** 0.5
    begin = time.monotonic()
    for epoch in range(recipe.epochs):
        network.train()
        order = random.permutation(len(failed))
        losses = []
        for low in range(0, len(order), recipe.batch):
            chosen = [failed[index] for index in order[low : low + recipe.batch]]
            weights = [float(one.target @ balance) for one in chosen]
            batch = batch_of([composer.varied(one) for one in chosen], vocabulary, weights, recipe.forget, random)
            own_rows = torch.from_numpy(own.table[batch.rows]).requires_grad_()
            wide_rows = torch.from_numpy(wide.table[batch.rows]).requires_grad_()
            logits, attention = network(batch, fixed, own_rows, wide_rows)
            value = loss(logits, attention, batch, recipe.smooth, recipe.salience)
            optimizer.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            rate = schedule.get_last_lr()[0] / recipe.rate * recipe.table_rate
            schedule.step()
            own.update(batch.rows, own_rows.grad.numpy(), rate)
            wide.update(batch.rows, wide_rows.grad.numpy(), rate)
            losses.append(value.item())
        if not quiet:
            print(f"epoch {epoch + 1}: loss {np.mean(losses):.3f}, {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    return Trained(network, fixed, own.table, wide.table, vocabulary)
