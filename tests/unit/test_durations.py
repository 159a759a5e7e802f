"""Durations as people write them, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.durations import LONGEST_S, seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (90, 90), (0.5, 0.5), ("90", 90), ("90s", 90), ("10m", 600), ("1h", 3600), ("1h30m", 5400), ("1h30m5s", 5405),
        ("1.5h", 5400), ("1d", 86400), ("7d", LONGEST_S), (" 10m ", 600), ("10M", 600), ("1m30", 90),
    ],
)  # fmt: skip
def test_durations(text: object, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(
    "value",
    ["", " ", "0", 0, "0s", "-5", -5, "10 m", "m", "ten", "30m1h", "1h1h", "8d", 1e9, float("inf"), float("nan"), True, None,
     [], {}, "1e3", "10min", "1:30", "9" * 400],
)  # fmt: skip
def test_what_is_none(value: object) -> None:
    with pytest.raises(ValueError, match=r"duration|seven days"):
        seconds(value)


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59))
def test_parts_add_up(hours: int, minutes: int, rest: int) -> None:
    total = hours * 3600 + minutes * 60 + rest
    if total:
        assert seconds(f"{hours}h{minutes}m{rest}s") == total


@given(st.text(max_size=30))
def test_any_text_is_a_duration_or_a_value_error(text: str) -> None:
    try:
        assert 0 < seconds(text) <= LONGEST_S
    except ValueError:
        pass
