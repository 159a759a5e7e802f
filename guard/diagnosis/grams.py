"""A passage → hashed pieces of words: runs of three to five characters, whole words and pairs of them.

What the linear half of the classifier reads. A piece holds white space at its ends only, so that it says where a
word begins or ends and never spans two. One code path for training and for use, in numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from guard.diagnosis.features import bucket_of, hashes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BITS = 18
CHARACTERS = 1 << BITS
"""Buckets from this number on are runs of characters, those before are words and pairs."""
BUCKETS = 2 * CHARACTERS
_LONGEST = 300
"""Bytes of a line that are looked at."""
_SHORT, _LONG = 3, 5
PAIR = 0xE7037ED1A0B428DB


class Grams(NamedTuple):
    """The pieces of a passage, each once, and how often it stands there."""

    buckets: NDArray[np.int32]
    counts: NDArray[np.float32]


def text_of(lines: Sequence[str]) -> bytes:
    """What pieces are cut from: the lines' beginnings in small letters, a blank at each end."""
    text = " \n ".join(" ".join(line[:_LONGEST].split()) for line in lines).lower()
    return b" " + text.encode("utf-8", "replace") + b" "


def grams(lines: Sequence[str]) -> Grams:
    """The pieces of cleaned lines."""
    import numpy as np

    data = np.frombuffer(text_of(lines), dtype=np.uint8)
    hashed = hashes(data)
    space = (data == 32) | (data == 10)
    inside = np.concatenate(([0], np.cumsum(space)))
    with np.errstate(over="ignore"):
        runs = []
        for size in range(_SHORT, _LONG + 1):
            begin = np.arange(max(len(data) - size + 1, 0))
            begin = begin[inside[begin + size - 1] == inside[begin + 1]]
            runs.append(hashed(begin, begin + size) * np.uint64(2 * size + 1))
        letters = ((data >= 97) & (data <= 122)) | ((data >= 48) & (data <= 57)) | (data == 95) | (data >= 128)
        edge = np.flatnonzero(np.diff(np.concatenate(([0], letters.astype(np.int8), [0]))))
        starts, ends = edge[::2], edge[1::2]
        starts, ends = starts[ends - starts > 1], ends[ends - starts > 1]
        words = hashed(starts, ends)
        pairs = (words[:-1] * np.uint64(31) + words[1:]) * np.uint64(PAIR)
        buckets = np.concatenate((bucket_of(np.concatenate((words, pairs)), BITS), bucket_of(np.concatenate(runs), BITS) + CHARACTERS))
    once, counts = np.unique(buckets, return_counts=True)
    return Grams(once, counts.astype(np.float32))
