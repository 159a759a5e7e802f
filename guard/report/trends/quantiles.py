"""Durations → their sum, median and 90th percentile."""

from __future__ import annotations

from collections.abc import Sequence

from guard.report.trends.values import Durations


def durations(values: Sequence[float]) -> Durations:
    """Count, sum, median and 90th percentile."""
    if not values:
        return Durations()
    ordered = sorted(values)
    return Durations(len(ordered), sum(ordered), quantile(ordered, 0.5), quantile(ordered, 0.9))


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value at that share of sorted values, between two neighbours where it falls between them."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
