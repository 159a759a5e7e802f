"""Excerpts → whole logs: a failure amid the output of steps that went well, as a CI would have kept it.

The label stays true: what is put around the excerpt ended no job. Before it: passing output, and in some logs a
transient failure that a second attempt survived; after it: output of what was still running, the CI's closing words,
a clean-up that may fail in vain.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from guard.types import LABELS
from models.classifier.corpus import Document
from models.classifier.frames import COMMANDS, FRAMES, RETRIED, VAIN
from models.data import PASSED_LABEL, Example

_T = TypeVar("_T")
COMPOSED = ", composed"
"""What the source of such a log ends with."""
_SHARE = 0.4
"""Of the excerpts: how many are shown within a whole log too."""
LONGEST_EXCERPT = 120
"""Lines above which a failure is a log by itself."""
_FEWEST, _MOST = 30, 1900
"""Lines of passing output before a failure."""
_SURVIVED = frozenset({"network_timeout", "dns_failure", "connection_failure", "service_unavailable", "rate_limited"})
_AFTER_SURVIVED = frozenset({"code", "tests"})
"""Families of failures that an earlier failure of the network does not explain."""
_SHORT = 8


@dataclass(frozen=True)
class Noise:
    """Lines that ended no job."""

    group: str
    lines: tuple[bytes, ...]


def noise_of(examples: Sequence[Example]) -> list[Noise]:
    """What runs that passed printed, and whole logs long before their evidence."""
    found = []
    for one in examples:
        lines = one.data.split(b"\n")
        if one.label == PASSED_LABEL:
            found.append(Noise(one.group, tuple(lines)))
        elif one.whole and one.evidence and one.evidence[0][0] > 150:
            found.append(Noise(one.group, tuple(lines[: one.evidence[0][0] - 100])))
    return [one for one in found if len(one.lines) >= 5]


def is_composed(document: Document) -> bool:
    """Whether a document is such a log."""
    return document.example.source.endswith(COMPOSED)


def whole_logs(examples: Sequence[Example], seed: int) -> list[Example]:
    """Whole logs of a share of the excerpts among the examples, around them what runs of the same examples printed."""
    excerpts = [
        one
        for one in examples
        if not one.whole and one.label != PASSED_LABEL and one.data.count(b"\n") <= LONGEST_EXCERPT
    ]
    noise = noise_of(examples)
    if not noise:
        return []
    framer = Framer(noise, excerpts, seed + 1)
    random = np.random.default_rng(seed)
    return [framer.whole(one) for one in excerpts if random.random() < _SHARE]


class Framer:
    """Makes whole logs of excerpts; the same ones for the same seed."""

    def __init__(self, noise: Sequence[Noise], survivable: Sequence[Example], seed: int) -> None:
        self._noise = list(noise)
        self._survivable = [
            one for one in survivable if one.label in _SURVIVED and not one.also and one.data.count(b"\n") <= _SHORT
        ]
        self._random = np.random.default_rng(seed)

    def whole(self, one: Example) -> Example:
        """The excerpt within a whole log."""
        random = self._random
        frame = FRAMES["none"] if random.random() < 0.35 else FRAMES[self._pick(list(FRAMES))]
        command = self._pick(COMMANDS)
        room = int(math.exp(random.uniform(math.log(_FEWEST), math.log(_MOST))))
        before = self._said(frame.opening, one, command)
        if random.random() < 0.3 and LABELS.get(one.label) in _AFTER_SURVIVED and self._survivable:
            before += self._stretches(room // 2)
            before += self._pick(self._survivable).data.rstrip(b"\n").split(b"\n")
            before += self._said((self._pick(RETRIED),), one, command)
            room = max(room // 2, 20)
        before += self._stretches(room)
        mine = one.data.rstrip(b"\n").split(b"\n")
        after: list[bytes] = []
        if random.random() < 0.4:
            after += self._stretches(int(math.exp(random.uniform(0.7, 4.6))))
        after += self._said(frame.closing, one, command)
        if frame.after and random.random() < 0.7:
            if random.random() < 0.5:
                after += self._stretches(int(random.integers(1, 30)))
            after += self._said(frame.after, one, command)
        if random.random() < 0.25 and frame.closing:
            after += self._said((self._pick(VAIN),), one, command)
        lines = [*before, *mine, *after]
        begin = len(before)
        ranges = one.evidence or ((1, len(mine)),)
        return replace(
            one,
            id=f"{one.id}/whole",
            source=one.source + COMPOSED,
            data=b"\n".join(self._prefixed(lines, frame.prefix)) + b"\n",
            evidence=tuple((low + begin, min(high, len(mine)) + begin) for low, high in ranges),
        )

    def _pick(self, choices: Sequence[_T]) -> _T:
        return choices[int(self._random.integers(len(choices)))]

    def _said(self, lines: Sequence[str], one: Example, command: str) -> list[bytes]:
        return [line.format(code=one.exit_code, command=command).encode() for line in lines]

    def _stretches(self, count: int) -> list[bytes]:
        """So many lines of passing output, of a few commands."""
        found: list[bytes] = []
        while self._noise and len(found) < count:
            lines = self._noise[int(self._random.integers(len(self._noise)))].lines
            size = min(int(self._random.integers(3, 400)), len(lines), count - len(found))
            begin = int(self._random.integers(0, len(lines) - size + 1))
            found += lines[begin : begin + size]
        return found

    def _prefixed(self, lines: Sequence[bytes], prefix: str) -> Sequence[bytes]:
        if not prefix:
            return lines
        second = int(self._random.integers(0, 80_000))
        found = []
        for line in lines:
            second += int(self._random.random() < 0.2)
            clock = f"{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}"
            found.append(prefix.format(clock=clock, time=f"2024-03-05T{clock}.{second * 7919 % 10**7:07}Z").encode() + line)
        return found
