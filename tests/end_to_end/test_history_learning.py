"""What the bench shows holds in a smaller world too, whatever the seed."""

from __future__ import annotations

import pytest

from tests.bench.learning import simulate


@pytest.mark.parametrize("seed", [4, 5])
def test_learning_beats_the_fixed_order(seed: int) -> None:
    fixed, learned = simulate(300, seed)
    assert learned.regret[-1] < fixed.regret[-1]
    assert sum(learned.seconds) / len(learned.seconds) < sum(fixed.seconds) / len(fixed.seconds)
