"""The place of the learned classifier: until a model ships it abstains, and says so once."""

from __future__ import annotations

from dataclasses import dataclass

from guard.diagnosis.lines import Log
from guard.types import Outcome


@dataclass(frozen=True)
class Guess:
    """What the model says: probabilities by label (empty: it abstains) and the lines that matter."""

    probabilities: tuple[tuple[str, float], ...] = ()
    salient: tuple[int, ...] = ()
    note: str = ""


def classify(log: Log, outcome: Outcome) -> Guess:
    """The model's opinion of a log. No model ships yet: an abstention."""
    del log, outcome
    return Guess(note="no classifier ships with this version")
