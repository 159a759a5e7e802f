"""What networks that saw nothing of a failure's project or tool say of it, kept by training for the evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from guard.diagnosis.classify import Guess
from guard.diagnosis.reading import choose
from models.classifier.corpus import Document
from models.data import LABEL_NAMES, Example, log_of


@dataclass(frozen=True)
class HeldOut:
    """Answers by the example's name."""

    probabilities: dict[str, NDArray[np.float32]]
    attention: dict[str, NDArray[np.float32]]
    """For each line that is read its share."""

    @classmethod
    def of(cls, documents: Sequence[Document], chances: NDArray[np.float32], attention: Sequence[NDArray[np.float32]]) -> HeldOut:
        """The answers to the documents, in their order; `attention`: logarithms."""
        names = [one.example.id for one in documents]
        if len(set(names)) < len(names):
            raise ValueError("two examples have one name")
        looked = [np.exp(one) for one, _ in zip(attention, names, strict=False)]
        return cls(dict(zip(names, chances, strict=False)), dict(zip(names, looked, strict=True)))

    @classmethod
    def load(cls, path: Path) -> HeldOut:
        """The answers of a file that `save` wrote."""
        with np.load(path) as file:
            names = file["names"].tolist()
            parts = np.split(file["attention"].astype(np.float32), np.cumsum(file["lines"])[:-1])
            return cls(dict(zip(names, file["probabilities"], strict=True)), dict(zip(names, parts, strict=True)))

    def save(self, path: Path) -> None:
        """Write the answers to a file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(
            path,
            names=np.array(list(self.probabilities)),
            probabilities=np.stack(list(self.probabilities.values())),
            attention=np.concatenate(list(self.attention.values())).astype(np.float16),
            lines=np.array([len(one) for one in self.attention.values()]),
        )

    def guess(self, example: Example, arbitration: Mapping[str, float]) -> Guess:
        """The answer to an example as the classifier gives it.

        Raises:
            KeyError: it was not among the examples that training was given.
        """
        chances, looked = self.probabilities[example.id], self.attention[example.id]
        return Guess(
            dict(zip(LABEL_NAMES, chances.tolist(), strict=True)),
            dict(zip(choose(log_of(example)), looked.tolist(), strict=True)),
            arbitration,
        )
