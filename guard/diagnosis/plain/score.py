"""Logs through the model's tables: the sums of `classifier.onnx`, step by step, in the names that the file gives them.

`models/classifier/export.py` is where each step is written down. Seconds: 0.05 for a log of 100 lines, 1 to 2 for
the 2,000 that are read at most.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from operator import mul

from guard.diagnosis.plain.pieces import features, grams
from guard.diagnosis.plain.tables import Tables, Unreadable

STEPS = "6b610830bdd3bb5c"
"""The digest of the computation that this file does (`Tables.steps`)."""

_OF_FEATURES = ("deep", "wide")
"""The tables that give a feature its numbers, in the order in which they stand beside each other."""

Row = list[float]


class Scorer:
    """A model's tables, ready to be asked."""

    def __init__(self, tables: Tables) -> None:
        """Raises Unreadable where the file computes otherwise than this does."""
        if tables.steps != STEPS:
            raise Unreadable("it computes otherwise than this version of guard does")
        self._tables = tables
        number = tables.numbers
        self._scale = [scale for name in _OF_FEATURES for scale in number[f"{name}_scale"].tolist()]
        self._deep = len(self._scale) - len(number["wide_scale"])
        self._line, self._line_bias = tables.columns("line_sum_w"), number["line_sum_b"].tolist()
        self._mix, self._mix_bias = tables.columns("mix_sum_w"), number["mix_sum_b"].tolist()
        hidden, _, width = tables.shapes["near"]
        near = number["near"].tolist()
        self._near = [near[one * width : (one + 1) * width] for one in range(hidden)]
        self._reach = width // 2

    def network(
        self, lines: Sequence[str], positions: Sequence[Sequence[float]], ending: Sequence[float]
    ) -> tuple[Row, Row]:
        """The network's sum for each label, and each line's share of the attention."""
        tables, number = self._tables, self._tables.numbers
        sums = [self._sum(line) for line in lines]
        wide = [row[self._deep :] for row in sums]
        first = [
            _silu(_times([*row[: self._deep], *where], self._line, self._line_bias))
            for row, where in zip(sums, positions, strict=True)
        ]
        hidden = [
            [one + other for one, other in zip(row, _silu(_times(beside, self._mix, self._mix_bias)), strict=True)]
            for row, beside in zip(first, self._beside(first), strict=True)
        ]
        heads = tables.columns("scores_w")
        scores = [_times([*row, *where], heads) for row, where in zip(hidden, positions, strict=True)]
        attention = [_softmax([row[head] for row in scores]) for head in range(len(heads))]
        across = list(zip(*hidden, strict=True))
        pooled = [sum(map(mul, share, column)) for share in attention for column in across]
        pool = _silu(_times(pooled, tables.columns("pool_sum_w"), number["pool_sum_b"].tolist()))
        deep = _times(pool, tables.columns("pooled_said_w"), number["pooled_said_b"].tolist())
        heard_by = number["heard_w"].tolist()
        heard = [sum(map(mul, heard_by, shares)) for shares in zip(*attention, strict=True)]
        linear = [sum(map(mul, heard, column)) for column in zip(*wide, strict=True)]
        by_ending = _times(list(ending), tables.columns("by_ending_w"))
        logits = [sum(voices) for voices in zip(deep, linear, by_ending, strict=True)]
        return logits, attention[number["s4"][0]]

    def linear(self, passage: Sequence[str]) -> Row:
        """What the linear half says of each label, of the lines that are read closely."""
        tables, number = self._tables, self._tables.numbers
        halves: tuple[dict[int, float], dict[int, float]] = ({}, {})
        characters = number["characters"][0]
        for bucket, count in grams(passage).items():
            piece = number["piece_number"][bucket]
            if piece:
                half = halves[bucket >= characters]
                # Two buckets are never one piece.
                half[piece] = (1 + math.log(count)) * number["telling"][piece]
        found = [0.0] * len(number["piece_bias"])
        for half in halves:
            length = math.sqrt(sum(value * value for value in half.values())) + number["tiny"][0]
            for piece, value in half.items():
                share = value / length
                found = [one + share * weight for one, weight in zip(found, tables.row("piece_table", piece), strict=True)]
        return [
            one * scale + bias for one, scale, bias in zip(found, number["piece_scale"], number["piece_bias"], strict=True)
        ]

    @lru_cache(maxsize=4096)  # noqa: B019 - one scorer lives as long as its process
    def _sum(self, line: str) -> tuple[float, ...]:
        """A line's features' rows together, over the root of how many there are and one more."""
        number = self._tables.numbers["number"]
        known = [row for row in (number[bucket] for bucket in features(line)) if row]
        if not known:
            return (0.0,) * len(self._scale)
        root = math.sqrt(len(known) + 1)
        columns = (
            column
            for name in _OF_FEATURES
            for column in zip(*(self._tables.row(f"{name}_table", row) for row in known), strict=True)
        )
        return tuple(sum(column) * scale / root for column, scale in zip(columns, self._scale, strict=True))

    def _beside(self, rows: Sequence[Row]) -> list[tuple[float, ...]]:
        """Each line's numbers with those of the lines around it, weighed."""
        reach = self._reach
        found = []
        for column, weights in zip(zip(*rows, strict=True), self._near, strict=True):
            padded = [0.0] * reach + list(column) + [0.0] * reach
            found.append([sum(map(mul, weights, padded[at : at + len(weights)])) for at in range(len(column))])
        return list(zip(*found, strict=True))


def _times(row: Sequence[float], columns: Sequence[Row], bias: Sequence[float] = ()) -> Row:
    """A row times a table given by its columns, and a bias added."""
    found = [sum(map(mul, row, column)) for column in columns]
    return [one + more for one, more in zip(found, bias, strict=True)] if bias else found


def _silu(row: Row) -> Row:
    return [value / (1 + math.exp(-value)) if value > -700 else 0.0 for value in row]


def _softmax(row: Row) -> Row:
    top = max(row)
    odds = [math.exp(value - top) for value in row]
    total = sum(odds)
    return [value / total for value in odds]
