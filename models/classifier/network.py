"""The network: lines embedded, each seen among its neighbours, attended over; what it computes for one log is in `export`.

Three tables give a feature its numbers: `fixed` (vectors of words from a sentence encoder, never trained), `own`
(learned) and `wide` (what the feature alone says for each label, as a linear model has it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from guard.diagnosis.reading import ENDINGS, POSITIONS
from models.data import LABEL_NAMES

LABELS = len(LABEL_NAMES)
REACH = 3
"""Lines before and after a line that are seen with it."""


class Shape(NamedTuple):
    """Sizes of the network."""

    fixed: int = 48
    own: int = 32
    hidden: int = 64
    heads: int = 4


@dataclass(frozen=True)
class Batch:
    """Several logs end to end."""

    table: scipy.sparse.csr_matrix
    """Lines by the features that occur in the batch; a line's row is divided by the root of how many it has."""
    rows: NDArray[np.int64]
    """The numbers of those features."""
    positions: Tensor
    log: Tensor
    """For each line its log."""
    ending: Tensor
    target: Tensor
    evidence: Tensor
    weight: Tensor
    """For each log how much it counts."""


class _Sums(torch.autograd.Function):
    """Sparse lines times dense features; scipy is many times faster at it than torch on a processor."""

    @staticmethod
    def forward(context: Any, table: scipy.sparse.csr_matrix, dense: Tensor) -> Tensor:
        context.table = table
        return torch.from_numpy(table @ dense.detach().numpy())

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[None, Tensor]:  # type: ignore[override]
        return None, torch.from_numpy(context.table.T @ gradient.contiguous().numpy())


class Network(nn.Module):
    """All but the tables, which are trained row by row as they occur."""

    def __init__(self, shape: Shape, drop: float) -> None:
        super().__init__()
        inner = shape.hidden
        self.shape = shape
        self.line = nn.Linear(shape.fixed + shape.own + POSITIONS, inner)
        self.near = nn.Parameter(torch.randn(2 * REACH + 1, inner) * 0.2)
        self.mix = nn.Linear(inner, inner)
        self.heads = nn.Linear(inner + POSITIONS, shape.heads, bias=False)
        self.pool = nn.Linear(inner * shape.heads, inner)
        self.out = nn.Linear(inner, LABELS)
        self.ending = nn.Linear(len(ENDINGS), LABELS, bias=False)
        self.wide_scale = nn.Parameter(torch.ones(2))
        self.drop = nn.Dropout(drop)
        nn.init.normal_(self.heads.weight, std=0.05)
        nn.init.zeros_(self.ending.weight)
        nn.init.normal_(self.out.weight, std=0.05)

    def forward(self, batch: Batch, fixed: NDArray[np.float32], own: Tensor, wide: Tensor) -> tuple[Tensor, Tensor]:
        """For each log its logits, and for each line the logarithm of the attention of the first head.

        `own` and `wide`: the batch's rows of these tables.
        """
        logs = len(batch.target)
        sums = _Sums.apply(batch.table, torch.cat((own, wide), dim=1))
        learned, said = sums[:, : self.shape.own], sums[:, self.shape.own :]
        given = torch.from_numpy(batch.table @ fixed[batch.rows])
        hidden = self.drop(nn.functional.silu(self.line(torch.cat((given, learned, batch.positions), dim=1))))
        near = torch.zeros_like(hidden)
        for step in range(-REACH, REACH + 1):
            moved, same = torch.roll(hidden, -step, 0), torch.roll(batch.log, -step) == batch.log
            if step:
                edge = torch.arange(len(batch.log)) + step
                same = same & (edge >= 0) & (edge < len(batch.log))
            near = near + torch.where(same[:, None], moved, 0.0) * self.near[step + REACH]
        hidden = hidden + nn.functional.silu(self.mix(near))
        scores = self.heads(torch.cat((hidden, batch.positions), dim=1))
        index = batch.log[:, None].expand_as(scores)
        top = torch.full((logs, scores.shape[1]), -1e9).scatter_reduce(0, index, scores.detach(), "amax")
        weights = torch.exp(scores - top[batch.log])
        total = torch.zeros(logs, scores.shape[1]).index_add(0, batch.log, weights)
        attention = weights / total[batch.log]
        pooled = torch.zeros(logs, hidden.shape[1] * scores.shape[1]).index_add(
            0, batch.log, (attention[:, :, None] * hidden[:, None, :]).flatten(1)
        )
        deep = self.out(self.drop(nn.functional.silu(self.pool(pooled))))
        heard = attention[:, 0:1] * self.wide_scale[0] + attention[:, 1:2] * self.wide_scale[1]
        linear = torch.zeros(logs, LABELS).index_add(0, batch.log, said * heard)
        first = scores[:, 0] - top[batch.log, 0] - torch.log(total[batch.log, 0])
        return deep + linear + self.ending(batch.ending), first


def loss(logits: Tensor, attention: Tensor, batch: Batch, smooth: float, salience: float) -> Tensor:
    """Cross entropy of the labels, and of the attention with the lines that prove them."""
    target = batch.target * (1 - smooth) + smooth / LABELS
    of_labels = -(target * torch.log_softmax(logits, dim=1)).sum(1)
    logs = len(batch.target)
    shown = torch.zeros(logs).index_add(0, batch.log, torch.exp(attention) * batch.evidence)
    marked = (torch.zeros(logs).index_add(0, batch.log, batch.evidence) > 0).float() * batch.weight
    of_lines = -torch.log(shown + 1e-6) * marked
    return (of_labels * batch.weight).sum() / batch.weight.sum() + salience * of_lines.sum() / marked.sum().clamp(min=1)
