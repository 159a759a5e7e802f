"""Signatures and model → one probability for each label: a sum of what each voice says, with weights that were fitted.

`p(label) ∝ exp(Σ weight · voice(label))`. Every voice is a number that a person can check; the weights lie in
`labels.json` beside the model that they were fitted with (`models/classifier/arbitration.py`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from guard.diagnosis.classify import Guess
from guard.diagnosis.explains import explains
from guard.diagnosis.weigh import Weighed
from guard.types import LABELS

VOICES = (
    "model",
    "model_long",
    "model_beside",
    "model_margin",
    "cause",
    "cause_long",
    "cause_own",
    "cause_sure",
    "symptom",
    "symptom_long",
    "symptom_attended",
    "symptom_own",
    "mentioned",
    "attended",
    "late",
    "often",
    "often_long",
    "explained",
    "unknown",
    "unknown_long",
    "unknown_silent",
)
"""What speaks for a label. `model`: its log-probability; `_beside`: the same where a signature has won; `_margin`: for its
first label, how far that is from the second. `cause` and `symptom`: the winning signature's weight; `_own`: it knows the
words of one tool; `_sure`: it is hardly ever wrong; `_attended`: the model looks at its line too. `mentioned`: the
weightiest hit; `attended`: the one where the model looks; `late`: the one nearest the end; `often`: how many hits;
`explained`: a hit of another label explains it. `unknown`: for that label alone; `_silent`: no signature has won.
`_long`: the same in proportion to the length of the log, in which the voices are not equally sure."""

_LEAST = 1e-4
_SURE = 0.95
"""The probability of a signature from which it is hardly ever wrong."""
_BESIDE = 3
"""Lines around a hit whose attention counts as the hit's."""


def voices(guess: Guess, weighed: Sequence[Weighed], winner: Weighed | None, lines: int, enough: float) -> dict[str, tuple[float, ...]]:
    """For each label what speaks for it, in the order of VOICES. `enough`: the least weight of a winner that names a cause."""
    long = min(max(math.log10(max(lines, 1) / 60), 0.0), 1.6)
    live = [one for one in weighed if not one.lost]
    by_label: dict[str, list[Weighed]] = {}
    for one in live:
        by_label.setdefault(one.label, []).append(one)
    heard = winner if winner is not None and winner.weight >= enough else None
    ranked = sorted(guess.probabilities.items(), key=lambda item: (-item[1], item[0]))
    margin = ranked[0][1] - (ranked[1][1] if len(ranked) > 1 else 0.0) if ranked else 0.0
    found: dict[str, tuple[float, ...]] = {}
    for label in LABELS:
        model = math.log(max(guess.probabilities.get(label, 0.0), _LEAST))
        won = heard if heard is not None and heard.label == label else None
        cause = won.weight if won is not None and not won.symptom else 0.0
        symptom = won.weight if won is not None and won.symptom else 0.0
        own = float(won is not None and won.hit.signature.tool not in ("any", "system"))
        same = by_label.get(label, ())
        often = math.log1p(len(same))
        unknown = float(label == "unknown")
        found[label] = (
            model,
            model * long,
            model * float(heard is not None),
            margin * float(bool(ranked) and ranked[0][0] == label),
            cause,
            cause * long,
            own * float(cause > 0),
            float(won is not None and cause > 0 and won.hit.signature.probability >= _SURE),
            symptom,
            symptom * long,
            attention(guess.salience, won.hit.index) if won is not None and symptom > 0 else 0.0,
            own * float(symptom > 0),
            max((one.weight for one in same), default=0.0),
            max((one.weight * attention(guess.salience, one.hit.index) for one in same), default=0.0),
            max((one.weight * (one.hit.index + 1) / max(lines, 1) for one in same), default=0.0),
            often,
            often * long,
            float(any(explains(other, label) for other in by_label if other != label)),
            unknown,
            unknown * long,
            unknown * float(heard is None),
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
