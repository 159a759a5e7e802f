"""Successes and failures → how likely the next one succeeds, and how surely: a Beta posterior."""

from __future__ import annotations

import math
from dataclasses import dataclass

# Jeffreys' prior: as good as no opinion, and no certainty from one observation.
PRIOR = 0.5
INTERVAL = 0.95


@dataclass(frozen=True)
class Odds:
    """A probability with its interval (95 %), from so many observations."""

    successes: int
    trials: int
    probability: float
    low: float
    high: float


def odds(successes: int, trials: int) -> Odds:
    """The posterior's mean and the interval between its quantiles at 2.5 and 97.5 %."""
    a, b = successes + PRIOR, trials - successes + PRIOR
    edge = (1 - INTERVAL) / 2
    return Odds(
        successes=successes,
        trials=trials,
        probability=a / (a + b),
        # Where all or none succeeded the interval reaches the end: that end cannot be excluded.
        low=0.0 if successes == 0 else beta_quantile(edge, a, b),
        high=1.0 if successes == trials else beta_quantile(1 - edge, a, b),
    )


def beta_quantile(share: float, a: float, b: float) -> float:
    """The value below which that share of a Beta(a, b) lies."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if beta_below(middle, a, b) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def beta_below(x: float, a: float, b: float) -> float:
    """The share of a Beta(a, b) below x: the regularised incomplete beta function."""
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    if x > (a + 1) / (a + b + 2):
        # The fraction converges fast on this side only.
        return 1.0 - beta_below(1 - x, b, a)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    return min(front * _fraction(x, a, b) / a, 1.0)


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method (Numerical Recipes, 6.4)."""
    tiny = 1e-300
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1)
    d = 1.0 / (d if abs(d) > tiny else tiny)
    value = d
    for m in range(1, 10_000):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 + numerator * d
            d = 1.0 / (d if abs(d) > tiny else tiny)
            c = 1.0 + numerator / c
            c = c if abs(c) > tiny else tiny
            value *= d * c
        if abs(d * c - 1.0) < 1e-12:
            break
    return value
