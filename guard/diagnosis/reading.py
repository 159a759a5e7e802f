"""Log and outcome → what the classifier reads: chosen lines, where they stand, and how the command ended."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from guard.diagnosis.features import Features, features
from guard.diagnosis.lines import Log
from guard.diagnosis.scan import Scanner
from guard.diagnosis.step_end import step_end

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LAST, FIRST, MOST = 900, 100, 2000
"""Lines read from the end and from the beginning of a longer log, and in all."""
_TELLING = (
    "error", "fail", "fatal", "exception", "cannot", "can't", "unable", "denied", "killed", "timed out", "timeout", "refused",
    "no space", "not found", "panic", "traceback", "assert", "expected", "missing", "invalid", "abort", "could not", "undefined",
    "conflict", "mismatch", "corrupt", "unresolved", "violation", "not ok", "caused by", "offense",
)  # fmt: skip
"""Words for whose sake a line in the middle of a long log is read."""
PASSAGE = 60
"""Lines of a log that is read closely as a whole."""
_CLOSE = 12
"""Lines of a longer one that are: as many as a failure takes, for more would drown it."""
_CLOSING, _AROUND = 2, 2
POSITIONS = 8
"""Numbers that say where a line stands."""
ENDINGS = ("1", "2", "124", "126", "127", "134", "137", "139", "143", "small", "large", "signal", "limit")
"""What the way in which a command ended is told as: an exit code of its own, another one, a signal, a limit."""


@dataclass(frozen=True)
class Reading:
    """What the classifier sees of one failure."""

    chosen: tuple[int, ...]
    """Index in the log of each line that is read."""
    features: Features
    positions: NDArray[np.float32]
    ending: NDArray[np.float32]


def read(log: Log, exit_code: int, signal: int | None = None, ended: str = "exited") -> Reading:
    """The reading of a log whose command ended so."""
    import numpy as np

    chosen = choose(log)
    texts = [log.text(index) for index in chosen]
    return Reading(
        chosen=tuple(chosen),
        features=features(texts),
        positions=np.array(positions(chosen, texts, len(log), step_end(log)), dtype=np.float32).reshape(-1, POSITIONS),
        ending=np.array(ending(exit_code, signal, ended), dtype=np.float32),
    )


def choose(log: Log) -> list[int]:
    """The lines that are read: all of a short log; of a long one its ends and the telling lines between."""
    total = len(log)
    if total <= MOST:
        return list(range(total))
    kept = set(range(FIRST)) | set(range(total - LAST, total))
    room = MOST - len(kept)
    telling: set[int] = set()
    for offsets in _scanner().offsets(log.data).values():
        telling.update(map(log.index_of, offsets))
    between = sorted((index for index in telling if FIRST <= index < total - LAST), reverse=True)
    for index in between:
        around = [other for other in (index, index + 1, index - 1) if other not in kept]
        if room < len(around):
            break
        kept.update(around)
        room -= len(around)
    return sorted(kept)


def ending(exit_code: int, signal: int | None, ended: str) -> list[float]:
    """How the command ended as numbers, in the order of ENDINGS."""
    name = str(exit_code)
    if name not in ENDINGS:
        name = "small" if exit_code < 128 else "large"
    return [float(word == name) for word in ENDINGS[:-2]] + [float(signal is not None), float(ended not in ("exited", "signalled"))]


def passage(salience: Sequence[float]) -> list[int]:
    """Of the lines read, the ones that are worth reading closely: all of a short log; of a longer one those that the
    classifier attends to, with their neighbours, and the last few."""
    total = len(salience)
    if total <= PASSAGE:
        return list(range(total))
    kept = set(range(total - _CLOSING, total))
    for place in sorted(range(total), key=lambda place: (-salience[place], place)):
        kept.update(range(max(place - _AROUND, 0), min(place + _AROUND + 1, total)))
        if len(kept) >= _CLOSE:
            break
    return sorted(kept)


@lru_cache(maxsize=1)
def _scanner() -> Scanner:
    return Scanner(_TELLING)


def positions(chosen: Sequence[int], texts: Sequence[str], total: int, end: int) -> list[tuple[float, ...]]:
    """For each line: how far from the end and the beginning, how long, how far indented, whether it is empty."""
    return [
        (
            math.log1p(max(end - index, 0)) / 8,
            float(max(end - index, 0) < 3),
            float(index > end),
            math.log1p(index) / 8,
            index / max(total - 1, 1),
            min(len(text), 200) / 200,
            min(len(text) - len(text.lstrip()), 16) / 16,
            float(not text),
        )
        for index, text in zip(chosen, texts, strict=True)
    ]
