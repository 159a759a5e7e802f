"""Signatures and model → one probability for each label: a sum of what each voice says, with weights that were fitted.

`p(label) ∝ exp(Σ weight · voice(label))`. Every voice is a number that a person can check; the weights lie in
`labels.json` beside the model that they were fitted with (`models/classifier/arbitration.py`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from guard.diagnosis.classify import Guess
from guard.diagnosis.weigh import Weighed
from guard.types import LABELS

VOICES = (
    "model",
    "model_long",
    "cause",
    "cause_long",
    "cause_attended",
    "symptom",
    "symptom_long",
    "mentioned",
    "attended",
    "unknown",
    "unknown_long",
    "unknown_silent",
)
"""What speaks for a label: the model's log-probability; the winning signature, as cause or symptom; where the model
looks at the winner's line; other hits; hits where the model looks; and for `unknown`, that no signature fired.
`_long`: the same, in proportion to the length of the log, in which the voices are not equally sure."""

_LEAST = 1e-4
_BESIDE = 3
"""Lines around a hit whose attention counts as the hit's."""


def voices(guess: Guess, weighed: Sequence[Weighed], winner: Weighed | None, lines: int, enough: float) -> dict[str, tuple[float, ...]]:
    """For each label what speaks for it, in the order of VOICES. `enough`: the least weight of a winner that names a cause."""
    long = min(max(math.log10(max(lines, 1) / 60), 0.0), 1.6)
    mentioned: dict[str, float] = {}
    attended: dict[str, float] = {}
    for one in weighed:
        if one.lost:
            continue
        mentioned[one.label] = max(mentioned.get(one.label, 0.0), one.weight)
        looked = one.weight * attention(guess.salience, one.hit.index)
        attended[one.label] = max(attended.get(one.label, 0.0), looked)
    heard = winner is not None and winner.weight >= enough
    found: dict[str, tuple[float, ...]] = {}
    for label in LABELS:
        model = math.log(max(guess.probabilities.get(label, 0.0), _LEAST))
        won = winner.weight if winner is not None and heard and winner.label == label else 0.0
        cause = won if winner is not None and not winner.symptom else 0.0
        symptom = won - cause
        looked = attention(guess.salience, winner.hit.index) if winner is not None and won else 0.0
        unknown = float(label == "unknown")
        found[label] = (
            model,
            model * long,
            cause,
            cause * long,
            cause * looked,
            symptom,
            symptom * long,
            mentioned.get(label, 0.0),
            attended.get(label, 0.0),
            unknown,
            unknown * long,
            unknown * float(not heard),
        )
    return found


def arbitrate(
    guess: Guess, weighed: Sequence[Weighed], winner: Weighed | None, lines: int, enough: float
) -> dict[str, float]:
    """The probability of each label, the likeliest first; they sum to 1."""
    weights = [guess.arbitration.get(name, 0.0) for name in VOICES]
    sums = {
        label: sum(weight * voice for weight, voice in zip(weights, said, strict=True))
        for label, said in voices(guess, weighed, winner, lines, enough).items()
    }
    top = max(sums.values())
    odds = {label: math.exp(value - top) for label, value in sums.items()}
    total = sum(odds.values())
    return {label: value / total for label, value in sorted(odds.items(), key=lambda item: (-item[1], item[0]))}


def attention(salience: Mapping[int, float], index: int) -> float:
    """The model's attention to a line and those beside it."""
    return min(sum(salience.get(other, 0.0) for other in range(index - _BESIDE, index + _BESIDE + 1)), 1.0)
