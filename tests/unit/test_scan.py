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


def test_a_log_that_is_worth_a_sample_gives_the_same_places():
    block = "warning in error handling of module 17\nall tests passed, none failed\n" * 20_000
    data = (block + "Read timed out\n" + block + "no space here\n" + "error: x\n").encode()
    literals = ["error: ", "read timed out", "no space", "tests passed"]
    found = Scanner(literals).offsets(data)
    low = data.lower()
    assert found[1] == [low.index(b"read timed out")]
    assert found[2] == [low.index(b"no space")]
    assert found[0] == [low.index(b"error: ")]
    assert found[3][0] == low.index(b"tests passed")
    assert found[3][-1] == low.rindex(b"tests passed")
    assert len(found[3]) < 2000
