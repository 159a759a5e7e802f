"""Lines → the numbers of their features and pieces, as `diagnosis.features` and `diagnosis.grams` make them with numpy.

Those two say what a feature is and why; a test holds this to them on every log of the corpus.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from guard.diagnosis import features as by_line
from guard.diagnosis import grams as by_passage

_MASK = (1 << 64) - 1
_BASE = by_line.BASE
_POWERS = [pow(_BASE, power, 1 << 64) for power in range(512)]
# Runs of one kind: letters as camelCase splits them (a capital before a small letter begins the last word of a run of
# capitals), digits, all else.
_SMALL, _CAPITAL = rb"[a-z\x80-\xff]", rb"[A-Z]"
_RUNS = re.compile(rb"(?P<word>" + _SMALL + rb"+|" + _CAPITAL + rb"(?:" + _CAPITAL + rb"(?!" + _SMALL + rb"))*" + _SMALL + rb"*)|(?P<number>[0-9]+)|[^A-Za-z0-9\x80-\xff]+")
_TOGETHER = re.compile(rb"[A-Za-z0-9\x80-\xff]{8,}")
_TURN = re.compile(rb"(?<=[0-9])[A-Za-z\x80-\xff]|(?<=[A-Za-z\x80-\xff])[0-9]")
_BLANK = bytes(0 if byte in (32, 9) else byte for byte in range(256))
_WORD = re.compile(rb"[a-z0-9_\x80-\xff]{2,}")


@lru_cache(maxsize=1 << 15)
def hashed(piece: bytes) -> int:
    """The hash of some bytes, without case and white space."""
    return sum(byte * power for byte, power in zip(piece.lower().translate(_BLANK), _POWERS[1:], strict=False)) & _MASK


def bucket(value: int, bits: int) -> int:
    """A hash → a number of so many bits."""
    mixed = (value * 0x9E3779B97F4A7C15) & _MASK
    mixed ^= mixed >> 29
    mixed = (mixed * 0xBF58476D1CE4E5B9) & _MASK
    return mixed >> (64 - bits)


@lru_cache(maxsize=4096)
def features(line: str) -> tuple[int, ...]:
    """The features of one cleaned line, in no order."""
    data = line.encode("utf-8", "replace")[: by_line.LONGEST].replace(b"\n", b" ")
    ids = [match.span() for match in _TOGETHER.finditer(data) if _is_id(match[0])]
    words: list[int] = []
    found: list[int] = []
    for match in _RUNS.finditer(data):
        start, end = match.span()
        if match.lastgroup is None:
            value = hashed(match[0])
            if value:
                found.append(value * by_line.KIND_PUNCTUATION)
            continue
        inside = next((begin for begin, last in ids if begin <= start < last), None)
        if inside is not None and inside != start:
            continue
        letters = match.lastgroup == "word"
        if letters and end - start > by_line.PREFIX:
            found.append(hashed(match[0][: by_line.PREFIX]) * by_line.KIND_PREFIX)
        if inside is not None:
            words.append(by_line.IDENTIFIER)
        elif not letters and end - start > 3:
            words.append(by_line.LONG_NUMBER + min(end - start, 12))
        else:
            words.append(hashed(match[0]))
    found += words
    found += [(one * 31 + next_) * by_line.KIND_PAIR for one, next_ in itertools.pairwise(words)]
    found += [(one * 37 + later) * by_line.KIND_SKIP for one, later in zip(words, words[2:], strict=False)]
    found += [one * by_line.KIND_FIRST for one in words[:1]]
    return tuple(bucket(value & _MASK, by_line.BITS) or 1 for value in found)


def _is_id(run: bytes) -> bool:
    return sum(48 <= byte <= 57 for byte in run) >= 2 and len(_TURN.findall(run)) >= 2


def grams(lines: Sequence[str]) -> Counter[int]:
    """The pieces of a passage of cleaned lines, and how often each stands there."""
    data = by_passage.text_of(lines)
    values = data.lower().translate(_BLANK)
    one, two, three, four, five = _POWERS[1:6]
    found: list[int] = []
    runs: list[int] = []
    spaces = [byte in (32, 10) for byte in data]
    for at in range(len(data) - 2):
        if spaces[at + 1]:
            continue
        value = values[at] * one + values[at + 1] * two + values[at + 2] * three
        runs.append(value * 7)
        if at + 3 >= len(data) or spaces[at + 2]:
            continue
        value += values[at + 3] * four
        runs.append(value * 9)
        if at + 4 >= len(data) or spaces[at + 3]:
            continue
        runs.append((value + values[at + 4] * five) * 11)
    words = [hashed(word) for word in _WORD.findall(data)]
    found += words
    found += [(first + next_) * by_passage.PAIR for first, next_ in zip((word * 31 for word in words), words[1:], strict=False)]
    counts = Counter(bucket(value & _MASK, by_passage.BITS) for value in found)
    counts.update(bucket(value & _MASK, by_passage.BITS) + by_passage.CHARACTERS for value in runs)
    return counts
