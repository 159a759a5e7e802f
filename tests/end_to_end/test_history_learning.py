"""What the bench shows holds in smaller worlds too, whatever the seed."""

from __future__ import annotations

import pytest

from tests.bench.learning import WORLDS, simulate


@pytest.mark.parametrize(("world", "seed"), [("half-other", 4), ("half-other", 5), ("all-other", 6)])
def test_learning_beats_the_fixed_order(world: str, seed: int) -> None:
    found = simulate(WORLDS[world], 300, seed)
    fixed, learned = found["fixed order"], found["learned"]
    assert learned.regret[-1] < fixed.regret[-1]
    assert sum(learned.seconds) / len(learned.seconds) < sum(fixed.seconds) / len(fixed.seconds)


def test_where_the_first_remedy_is_best_learning_costs_little() -> None:
    found = simulate(WORLDS["first-best"], 300, 7)
    assert found["learned"].regret[-1] - found["fixed order"].regret[-1] < 3600
