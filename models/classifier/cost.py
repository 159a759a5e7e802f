"""From which probability healing pays: chosen by what the two mistakes cost, on answers to unseen groups.

A heal that could not help costs a build: the machine's time, and a person who learns later that it is red. A failure
that could have been healed and was handed to a person costs PERSON builds: somebody reads the log, finds nothing to
mend and starts the job again. Failures that can be healed are held to be SHARE of all, whatever the training data's
mix: among public logs of whole jobs they are between a sixteenth and a fifth. The cheapest threshold is taken, of equals
the highest; the card also says which would be the cheapest for other costs of a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from guard.policy.refusals import REFUSED
from guard.types import OUTSIDE
from models.data import LABEL_NAMES, Example

PERSON = 1.0
SHARE = 0.2
RATIOS = (0.5, PERSON, 3.0, 10.0)
"""What a person might cost, in builds: for each the card says which threshold would be the cheapest."""
GRID = tuple(round(0.05 * step, 2) for step in range(4, 20))


@dataclass(frozen=True)
class Threshold:
    """The least probability to act on, and how it looks at others."""

    value: float
    precision: float
    recall: float
    cheapest: dict[float, float]
    """By what a person costs in builds: the cheapest threshold."""

    def card(self) -> dict[str, object]:
        """What `labels.json` says of it."""
        return {
            "value": self.value,
            "heal_precision": round(self.precision, 4),
            "heal_recall": round(self.recall, 4),
            "person_in_builds": PERSON,
            "share_that_can_be_healed": SHARE,
            "cheapest_by_person_in_builds": {str(ratio): least for ratio, least in self.cheapest.items()},
        }


def threshold(chances: NDArray[np.float32], examples: Sequence[Example], counts: NDArray[np.float32]) -> Threshold:
    """The threshold for failures by labels (in the order of LABEL_NAMES); `counts`: how much each failure counts."""
    outside = np.array([label in OUTSIDE for label in LABEL_NAMES])
    refused = np.array([label in REFUSED for label in LABEL_NAMES])
    first = chances.argmax(axis=1)
    # As the policy does: of causes outside the job the probability of all together.
    sure = np.where(outside[first], (chances * outside).sum(axis=1), chances.max(axis=1))
    healable = np.array([one.label not in REFUSED for one in examples])
    weights = counts * np.where(
        healable, SHARE / max(float(counts[healable].sum()), 1e-9), (1 - SHARE) / max(float(counts[~healable].sum()), 1e-9)
    )
    right = healable & np.array(
        [
            LABEL_NAMES[label] in (one.label, *one.also) or (LABEL_NAMES[label] in OUTSIDE and one.label in OUTSIDE)
            for label, one in zip(first, examples, strict=True)
        ]
    )
    acts = [(least, ~refused[first] & (sure >= least)) for least in GRID]

    def cost(heals: NDArray[np.bool_], person: float) -> float:
        return float(weights[heals & ~right].sum() + person * weights[healable & ~(heals & right)].sum())
    value, heals = min(acts, key=lambda one: (round(cost(one[1], PERSON), 6), -one[0]))
    return Threshold(
        value,
        float(weights[heals & right].sum() / max(float(weights[heals].sum()), 1e-9)),
        float(weights[heals & right].sum() / max(float(weights[healable].sum()), 1e-9)),
        {ratio: min(acts, key=lambda one: (round(cost(one[1], ratio), 6), -one[0]))[0] for ratio in RATIOS},
    )
