"""The scanner finds what plain searches find, with numpy and without."""

from __future__ import annotations

import builtins

from hypothesis import given, settings
from hypothesis import strategies as st

from guard.diagnosis.scan import Scanner

LITERALS = ["error: ", "aaaa", "abab", "read timed out", "No Space"]
PIECES = ["error: ", "AAAA", "ababab", "Read Timed Out", "no space", "x", "\n", "aab"]


def plain(data: bytes) -> dict[int, set[int]]:
    low = data.lower()
    found = {}
    for index, literal in enumerate(LITERALS):
        needle = literal.lower().encode()
        places = {i for i in range(len(low)) if low.startswith(needle, i)}
        if places:
            found[index] = places
    return found


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=200))
def test_same_as_plain_search(pieces):
    data = "".join(pieces).encode()
    found = Scanner(LITERALS).offsets(data)
    expected = plain(data)
    assert found.keys() == expected.keys()
    for index, places in found.items():
        # Overlapping places are one stretch of one line; those found are all right ones.
        assert set(places) <= expected[index]
        assert min(places) == min(expected[index])


def test_without_numpy(monkeypatch):
    real = builtins.__import__

    def without(name, *more, **keywords):
        if name == "numpy":
            raise ImportError(name)
        return real(name, *more, **keywords)

    data = b"x error: y\nREAD TIMED OUT\n" * 3
    expected = Scanner(LITERALS).offsets(data)
    monkeypatch.setattr(builtins, "__import__", without)
    assert Scanner(LITERALS).offsets(data) == expected
