"""A diagnosis with the lines around its evidence: tools name the damaged file or package a line or two further on."""

from __future__ import annotations

import re
from dataclasses import replace

from guard.types import Diagnosis, Evidence, LogWindow, Outcome

_REACH = 12
_LONGEST_LINE = 2000
_MOST = 120
_NOISE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")


def with_neighbours(diagnosis: Diagnosis, outcome: Outcome, reach: int = _REACH) -> Diagnosis:
    """The diagnosis with up to `reach` lines before and after each evidence line as further evidence, rank `near`."""
    wanted = {
        number
        for evidence in diagnosis.evidence
        for number in range(evidence.line - reach, evidence.line + reach + 1)
    } - {evidence.line for evidence in diagnosis.evidence}
    near = tuple(
        Evidence(number, text, "near") for number, text in _numbered(outcome.window) if number in wanted
    )
    return replace(diagnosis, evidence=(*diagnosis.evidence, *near[:_MOST]))


def _numbered(window: LogWindow) -> list[tuple[int, str]]:
    """The lines of head and tail with their true numbers, from 1."""
    lines = _lines(window.head)
    found = list(enumerate(lines, 1))
    if window.tail:
        # The head's last line is cut where the gap begins, and the tail's first goes on from it.
        begin = len(lines) + window.dropped_lines
        found += list(enumerate(_lines(window.tail), begin))
    return found


def _lines(text: bytes) -> list[str]:
    return [
        _NOISE.sub("", line[:_LONGEST_LINE].decode("utf-8", "replace")).strip() for line in text.split(b"\n")
    ]
