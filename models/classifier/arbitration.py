"""How much each voice counts: fitted on failures that neither the model's training nor the signatures have seen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
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

    `hold` keeps weights small where little speaks for them.
    """
    voices_, wanted, counts = (torch.from_numpy(np.asarray(one, dtype=np.float32)) for one in (said, targets, weights))
    theta = torch.zeros(said.shape[2], requires_grad=True)
    optimizer = torch.optim.LBFGS([theta], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        value = -(torch.log_softmax(voices_ @ theta, dim=1) * wanted).sum(1)
        total = (value * counts).sum() / counts.sum() + hold * (theta**2).mean()
        total.backward()
        return total

    optimizer.step(closure)  # type: ignore[arg-type]
    return [round(float(value), 4) for value in theta.detach()]
