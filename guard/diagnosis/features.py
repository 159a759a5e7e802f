"""Lines → hashed features for the classifier: one code path for training and for use, all in numpy.

A word is a run of letters, split where camelCase does; numbers keep their length alone, but for short ones (a
status, an exit code); what looks like a hash or an id becomes one word. A line's features are its words, its pairs
of neighbouring words, pairs with one between, the first five letters of long words, its punctuation, and how it
begins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BITS = 18
BUCKETS = 1 << BITS
"""Features that the hash tells apart. Bucket 0 stands for nothing."""
VERSION = 1
"""Raised whenever the same line gets other features: a model of another version is not used."""

BASE = 0x100000001B3
IDENTIFIER, LONG_NUMBER = 0xDEADBEEF, 0xD1
_OTHER, _LOWER, _UPPER, _DIGIT, _END = range(5)
PREFIX = 5
KIND_PAIR, KIND_SKIP, KIND_PREFIX, KIND_FIRST, KIND_PUNCTUATION = (
    0x9E3779B97F4A7C15,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0x27D4EB2F165667C5,
    0x85EBCA77C2B2AE63,
)
LONGEST = 400
"""Bytes of a line that are looked at."""


class Features(NamedTuple):
    """The features of some lines: bucket numbers, and the line (by index) that each belongs to."""

    buckets: NDArray[np.int32]
    lines: NDArray[np.int32]


def features(lines: Sequence[str]) -> Features:
    """The features of cleaned lines, in the order of the lines."""
    import numpy as np

    raw = b"\n".join(line.encode("utf-8", "replace")[:LONGEST].replace(b"\n", b" ") for line in lines) + b"\n"
    data = np.frombuffer(raw, dtype=np.uint8)
    kinds = _table()[data]
    letters = (kinds == _LOWER) | (kinds == _UPPER)
    group = np.where(letters, 1, np.where(kinds == _DIGIT, 2, np.where(kinds == _END, 3, 0)))
    breaks = np.ones(len(data), dtype=bool)
    breaks[1:] = group[1:] != group[:-1]
    upper, lower = kinds == _UPPER, kinds == _LOWER
    breaks[1:] |= upper[1:] & lower[:-1]
    breaks[1:-1] |= upper[1:-1] & upper[:-2] & lower[2:]
    starts = np.flatnonzero(breaks)
    ends = np.append(starts[1:], len(data))
    kind = group[starts]

    hashed = hashes(data)
    with np.errstate(over="ignore"):
        words = hashed(starts, ends)
        sizes = ends - starts
        number = kind == 2
        words[number & (sizes > 3)] = np.uint64(LONG_NUMBER) + np.minimum(sizes[number & (sizes > 3)], 12).astype(np.uint64)
        line_of_byte = np.cumsum(data == 10) - (data == 10)
        line = line_of_byte[starts]
        identifier, inner = _identifiers(group, starts, kind)
        words[identifier] = np.uint64(IDENTIFIER)

        word = ((kind == 1) | number) & ~inner
        punctuation = (kind == 0) & (words != 0)
        chosen, at = words[word], line[word]
        parts = [(chosen, at)]
        if len(chosen) > 1:
            same = at[1:] == at[:-1]
            parts.append(((chosen[:-1] * np.uint64(31) + chosen[1:])[same] * np.uint64(KIND_PAIR), at[1:][same]))
        if len(chosen) > 2:
            same = at[2:] == at[:-2]
            parts.append(((chosen[:-2] * np.uint64(37) + chosen[2:])[same] * np.uint64(KIND_SKIP), at[2:][same]))
        long = (kind == 1) & ~inner & (sizes > PREFIX)
        parts.append((hashed(starts[long], starts[long] + PREFIX) * np.uint64(KIND_PREFIX), line[long]))
        parts.append((words[punctuation] * np.uint64(KIND_PUNCTUATION), line[punctuation]))
        first = np.ones(len(at), dtype=bool)
        first[1:] = at[1:] != at[:-1]
        parts.append((chosen[first] * np.uint64(KIND_FIRST), at[first]))
        everything = np.concatenate([part for part, _ in parts])
        where = np.concatenate([part for _, part in parts])
        buckets = bucket_of(everything, BITS)
    buckets[buckets == 0] = 1
    order = np.argsort(where, kind="stable")
    return Features(buckets[order], where[order].astype(np.int32))


def hashes(data: NDArray[np.uint8]) -> Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.uint64]]:
    """For many pieces of the bytes at once (from, to) their hashes, without case and white space.

    Equal pieces have equal hashes wherever they stand: a polynomial over the bytes modulo 2^64, by prefix sums.
    """
    import numpy as np

    with np.errstate(over="ignore"):
        values = _lowered()[data].astype(np.uint64)
        values[(data == 32) | (data == 9)] = 0
        sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(values * _powers(len(data) + 1)[1:], dtype=np.uint64)))
        inverses = _inverse_powers(len(data) + 1)

    def hashed(begin: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.uint64]:
        with np.errstate(over="ignore"):
            found: NDArray[np.uint64] = (sums[end] - sums[begin]) * inverses[begin]
        return found

    return hashed


def bucket_of(hashed: NDArray[np.uint64], bits: int) -> NDArray[np.int32]:
    """Hashes → numbers of so many bits, spread evenly."""
    import numpy as np

    with np.errstate(over="ignore"):
        mixed = hashed * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
    found: NDArray[np.int32] = (mixed >> np.uint64(64 - bits)).astype(np.int32)
    return found


def word_buckets(word: str) -> tuple[int, ...]:
    """The buckets that one word alone falls into: itself, and its beginning where it is long."""
    found = features([word.lower()]).buckets.tolist()
    return tuple(found[: 2 if len(word) > PREFIX else 1])


def _identifiers(
    group: NDArray[np.int64], starts: NDArray[np.int64], kind: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which runs begin a hash or an id (letters and digits mixed, long), and which lie inside one and say nothing."""
    import numpy as np

    alnum = (group == 1) | (group == 2)
    edge = np.ones(len(group), dtype=bool)
    edge[1:] = alnum[1:] != alnum[:-1]
    begins = np.flatnonzero(edge)
    size = np.diff(np.append(begins, len(group)))
    digits = np.add.reduceat((group == 2).astype(np.int32), begins)
    # Two changes between letters and digits or more, in eight characters or more: no word that a person wrote.
    changes = np.zeros(len(group), dtype=np.int32)
    changes[1:] = (group[1:] != group[:-1]) & alnum[1:] & alnum[:-1]
    turns = np.add.reduceat(changes, begins)
    is_id = alnum[begins] & (size >= 8) & (digits >= 2) & (turns >= 2)
    run = np.searchsorted(begins, starts, side="right") - 1
    inside = is_id[run] & ((kind == 1) | (kind == 2))
    first = inside & (starts == begins[run])
    return first, inside & ~first


@lru_cache(maxsize=1)
def _table() -> NDArray[np.uint8]:
    import numpy as np

    table = np.zeros(256, dtype=np.uint8)
    table[97:123] = table[128:] = _LOWER
    table[65:91] = _UPPER
    table[48:58] = _DIGIT
    table[10] = _END
    return table


@lru_cache(maxsize=1)
def _lowered() -> NDArray[np.uint8]:
    import numpy as np

    table = np.arange(256, dtype=np.uint8)
    table[65:91] += 32
    return table


def _powers(size: int) -> NDArray[np.uint64]:
    return _powers_of(BASE, 1 << max(size - 1, 1 << 15).bit_length())[:size]


def _inverse_powers(size: int) -> NDArray[np.uint64]:
    return _powers_of(pow(BASE, -1, 1 << 64), 1 << max(size - 1, 1 << 15).bit_length())[:size]


@lru_cache(maxsize=4)
def _powers_of(base: int, size: int) -> NDArray[np.uint64]:
    import numpy as np

    steps = np.full(size, base, dtype=np.uint64)
    steps[0] = 1
    with np.errstate(over="ignore"):
        return np.cumprod(steps, dtype=np.uint64)
