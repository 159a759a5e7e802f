"""Hits → weighed hits: how much each one says about why the job ended, and why some say little."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from guard.diagnosis.commands import Commands
from guard.diagnosis.context import Lines
from guard.diagnosis.explains import is_network
from guard.diagnosis.lines import Log
from guard.diagnosis.linked import cut_off, lacks, names, stands_behind
from guard.diagnosis.match import Hit
from guard.diagnosis.passing import Passing
from guard.diagnosis.step_end import step_end
from guard.diagnosis.success import Successes
from guard.types import LABELS

FAR = 60
"""Lines from the end of the step beyond which words that any tool may use say little."""

_KIND = {"cause": 1.0, "symptom": 0.62, "warning": 0.35}
_FROM_OUTSIDE = ("network", "infrastructure")
_LOOPBACK = re.compile(r"\b(?:127\.\d+\.\d+\.\d+|localhost|0\.0\.0\.0)\b|\[?::1\]?[:\s]")
@dataclass(frozen=True)
class Weighed:
    """A hit, its weight between 0 and 1, and what took weight from it."""

    hit: Hit
    weight: float
    lost: str = ""
    command: int = 0
    """How many commands had begun in the log by then."""
    lacks: bool = False
    """Whether it says that something is not there."""
    cut_off: bool = False
    """Whether it says that something was killed, or a file ends too early."""
    retried: bool = False
    """Whether it is seen to be tried again."""
    names: frozenset[str] = frozenset()
    """Files and packages that it names."""

    @property
    def symptom(self) -> bool:
        """Whether it is a consequence of something else, or a warning that nothing made good."""
        return self.hit.signature.kind == "symptom" or (self.hit.signature.kind == "warning" and self.weight < 0.6)

    @property
    def label(self) -> str:
        """The label of the signature."""
        return self.hit.signature.label


def weigh(log: Log, hits: Sequence[Hit]) -> list[Weighed]:
    """All hits with their weights, in the order of the lines."""
    commands = Commands(log)
    lines, successes, passing = Lines(log), Successes(log), Passing(log, commands)
    end = step_end(log)
    weighed = []
    for hit in hits:
        factor, why = _doubt(hit, log, lines, successes, passing, end)
        signature = hit.signature
        distance = max(end - hit.index, 0)
        recency = _recency(LABELS[signature.label], distance)
        text = log.text(hit.index)
        weight = signature.probability * _KIND[signature.kind] * factor * recency
        retried = LABELS[signature.label] in _FROM_OUTSIDE and lines.is_retried(hit.index)
        weighed.append(Weighed(hit, weight, why, commands.number(hit.index), lacks(text), cut_off(text), retried, names(text)))
    return [_promoted(one, weighed) for one in weighed]


def _recency(family: str, distance: int) -> float:
    """What is left of a hit's weight so many lines before the end.

    A compiler or a test speaks where it fails, and much can follow; a machine or a network that fails ends the
    command soon.
    """
    if family in ("code", "tests", "dependencies", "configuration"):
        return 0.7 + 0.3 * math.exp(-distance / 400)
    return 0.4 + 0.6 * math.exp(-distance / 500)


def _doubt(hit: Hit, log: Log, lines: Lines, successes: Successes, passing: Passing, end: int) -> tuple[float, str]:
    label, family = hit.signature.label, LABELS[hit.signature.label]
    if family not in ("tests", "code") and lines.is_tests_text(hit.index):
        return 0.12, "stands in a test's own text"
    if family not in ("tests", "code") and lines.is_quoted(hit.index, hit.signature.pattern):
        return 0.25, "stands in quoted source, a linter's finding or an echoed command"
    if family not in ("tests", "code") and passing.after(hit.index):
        return 0.15, "stands before tests that passed"
    if hit.signature.tool not in ("system", "any") and successes.after(hit.signature.tool, hit.index):
        return 0.15, f"{hit.signature.tool} succeeded afterwards"
    if hit.signature.tool == "any" and end - hit.index > FAR:
        return 0.5, "is said in general words far from the end"
    if hit.index > end + 1:
        return 0.2, "stands after the step had failed"
    if is_network(label) and _LOOPBACK.search(log.text(hit.index)):
        return 0.4, "is about this machine itself"
    if hit.signature.kind != "warning" and family in _FROM_OUTSIDE and lines.is_retried(hit.index):
        return 0.45, "says that it will be tried again"
    return 1.0, ""


def _promoted(one: Weighed, everyone: Sequence[Weighed]) -> Weighed:
    """A warning counts like a cause when what it warns of is seen to end the job a little later."""
    if one.hit.signature.kind != "warning" or one.lost not in ("", "says that it will be tried again"):
        return one
    for other in everyone:
        if other.hit.index > one.hit.index and not other.lost and stands_behind(one, other):
            return replace(one, weight=max(one.weight, 0.85 * one.hit.signature.probability), lost="")
    return one
