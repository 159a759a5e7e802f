"""The learned classifier's opinion of a log; without a classifier, an abstention that says why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from guard.diagnosis.lines import Log
from guard.types import Outcome

if TYPE_CHECKING:
    from guard.diagnosis.model import Model


@dataclass(frozen=True)
class Guess:
    """What the model says: probabilities by label (empty: it abstains) and the share of attention of each line."""

    probabilities: Mapping[str, float] = field(default_factory=dict)
    salience: Mapping[int, float] = field(default_factory=dict)
    """By index of the line in the log, between 0 and 1; all together 1 at most."""
    arbitration: Mapping[str, float] = field(default_factory=dict)
    """How much each voice counts beside this model (`diagnosis.arbitrate`)."""
    note: str = ""


def classify(log: Log, outcome: Outcome) -> Guess:
    """The model's opinion of a log, or an abstention whose `note` says why there is none.

    Where its run-time library is not installed, the standard library computes the same, in seconds at most.
    """
    from guard.diagnosis.model import NoLibrary, NoModel, load

    try:
        try:
            return _by_library(load(), log, outcome)
        except (NoLibrary, ImportError):
            from guard.diagnosis.plain import model as plain

            return plain.answer(log, outcome)
    except NoModel as error:
        return Guess(note=f"no classifier: {error}")
    except Exception as error:
        return Guess(note=f"no classifier: it failed with {type(error).__name__}")


def _by_library(model: Model, log: Log, outcome: Outcome) -> Guess:
    from guard.diagnosis.reading import read

    reading = read(log, outcome.exit_code, outcome.signal, outcome.ended)
    probabilities, salience = model.answer(log, reading)
    return Guess(probabilities, dict(zip(reading.chosen, salience, strict=True)), model.arbitration)
