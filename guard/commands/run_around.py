"""The lines around each line of evidence, for whoever shows where in the code it happened; never stored."""

from __future__ import annotations

from typing import Any

from guard.diagnosis.lines import Log
from guard.diagnosis.mask import Masker
from guard.types import Run

_ABOVE = 12
_BELOW = 6
_MOST_EVIDENCE = 6


def add(document: dict[str, Any], run: Run, masker: Masker) -> None:
    """Give each line of evidence in the document `around`: masked lines above it, the nearest first, then those below."""
    for told, attempt in zip(document["attempts"], run.attempts, strict=True):
        if not told["diagnosis"]:
            continue
        log = Log(attempt.outcome.window)
        numbers = {log.number(index): index for index in range(len(log))} if told["diagnosis"]["evidence"] else {}
        for evidence in told["diagnosis"]["evidence"][:_MOST_EVIDENCE]:
            index = numbers.get(evidence["line"])
            if index is not None:
                near = [*range(index - 1, max(index - _ABOVE, 0) - 1, -1), *range(index + 1, min(index + _BELOW + 1, len(log)))]
                evidence["around"] = [masker.text(log.text(one)) for one in near if one >= 0]
