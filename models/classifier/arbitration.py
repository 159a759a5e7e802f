"""How much each voice counts: fitted on failures that neither the model's training nor the signatures have seen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from guard.diagnosis.arbitrate import voices
from guard.diagnosis.classify import Guess
from guard.diagnosis.diagnose import ENOUGH, root_cause
from guard.diagnosis.match import Matcher
from guard.diagnosis.weigh import weigh
from guard.signatures.load import shipped
from guard.signatures.signature import from_mapping
from guard.types import LABELS
from models.classifier.corpus import Document
from models.data import LABEL_NAMES, log_of

_STEPS, _HALVINGS, _DONE = 50, 20, 1e-9


def matcher(compiled: Path | None) -> Matcher:
    """The shipped signatures, or those of another compiled file."""
    if compiled is None:
        return Matcher(shipped())
    return Matcher(tuple(from_mapping(row) for row in json.loads(compiled.read_text(encoding="utf-8"))))


def heard(
    documents: Sequence[Document],
    probabilities: NDArray[np.float32],
    attention: Sequence[NDArray[np.float32]],
    signatures: Matcher,
) -> NDArray[np.float32]:
    """For each document and each label (in the order of LABEL_NAMES) what every voice says."""
    order = [list(LABELS).index(label) for label in LABEL_NAMES]
    found = []
    for one, chance, looked in zip(documents, probabilities, attention, strict=True):
        log = log_of(one.example)
        weighed = weigh(log, signatures.hits(log))
        chosen = one.chosen
        guess = Guess(
            dict(zip(LABEL_NAMES, chance.tolist(), strict=True)),
            dict(zip(chosen, np.exp(looked).tolist(), strict=True)),
        )
        said = voices(guess, weighed, root_cause(weighed), len(log), ENOUGH)
        found.append(np.array(list(said.values()), dtype=np.float32)[order])
    return np.stack(found)


def fit(said: NDArray[np.float32], targets: NDArray[np.float32], weights: NDArray[np.float32], hold: float = 0.0) -> list[float]:
    """How much each voice counts for the targets to be likeliest: examples by labels by voices → a weight for each voice.

    `hold` keeps small what little speaks for, in units of how far a voice varies. Newton's method: the loss is convex.
    """
    spread = said.reshape(-1, said.shape[2]).std(axis=0).astype(np.float64) + 1e-6
    voices_ = said / spread
    counts = weights / weights.sum(dtype=np.float64)
    theta = np.zeros(len(spread))
    loss, chances = _loss(theta, voices_, targets, counts, hold)
    for _ in range(_STEPS):
        missed = counts[:, None] * (chances - targets)
        slope = np.einsum("el,elv->v", missed, voices_) + 2 * hold * theta / len(theta)
        mean = np.einsum("el,elv->ev", chances, voices_) * np.sqrt(counts)[:, None]
        each = (voices_ * np.sqrt(counts[:, None] * chances)[:, :, None]).reshape(-1, len(theta))
        bend = each.T @ each - mean.T @ mean + np.eye(len(theta)) * (2 * hold / len(theta) + 1e-8)
        step, before = np.linalg.solve(bend, slope), loss
        for _ in range(_HALVINGS):
            loss, chances = _loss(theta - step, voices_, targets, counts, hold)
            if loss <= before:
                break
            step = step / 2
        theta = theta - step
        if before - loss < _DONE:
            break
    return [round(float(value), 4) for value in theta / spread]


def _loss(
    theta: NDArray[np.float64], said: NDArray[np.float64], targets: NDArray[np.float32], counts: NDArray[np.float64], hold: float
) -> tuple[float, NDArray[np.float64]]:
    sums = said @ theta
    sums -= sums.max(axis=1, keepdims=True)
    logs = sums - np.log(np.exp(sums).sum(axis=1, keepdims=True))
    return float(-(counts * (targets * logs).sum(axis=1)).sum() + hold * (theta**2).mean()), np.exp(logs)
