"""Hits → weighed hits: how much each one says about why the job ended, and why some say little."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from guard.diagnosis.context import Lines
from guard.diagnosis.explains import explains, is_network
from guard.diagnosis.lines import Log
from guard.diagnosis.match import Hit
from guard.diagnosis.success import Successes
from guard.types import LABELS

NEAR = 150
"""Lines between a cause and what it explains."""

FAR = 60
"""Lines from the end of the step beyond which words that any tool may use say little."""

_KIND = {"cause": 1.0, "symptom": 0.62, "warning": 0.35}
_LOOPBACK = re.compile(r"\b(?:127\.\d+\.\d+\.\d+|localhost|0\.0\.0\.0)\b|\[?::1\]?[:\s]")
# What runners print when the step's own command has failed: what follows is clean-up.
_STEP_FAILED = re.compile(
    r"Process completed with exit code [1-9]|The command \".{0,400}\" (?:failed and )?exited with [1-9]|ERROR: Job failed: "
    r"|script returned exit code [1-9]|Exited with code (?:exit status )?[1-9]|Bash exited with code '[1-9]"
)
_STEP_WORDS = (b"Process completed with", b"exited with ", b"ERROR: Job failed", b"script returned exit", b"Exited with code")


@dataclass(frozen=True)
class Weighed:
    """A hit, its weight between 0 and 1, and what took weight from it."""

    hit: Hit
    weight: float
    lost: str = ""

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
    lines, successes = Lines(log), Successes(log)
    end = step_end(log)
    weighed = []
    for hit in hits:
        factor, why = _doubt(hit, log, lines, successes, end)
        signature = hit.signature
        distance = max(end - hit.index, 0)
        recency = _recency(LABELS[signature.label], distance)
        weighed.append(Weighed(hit, signature.probability * _KIND[signature.kind] * factor * recency, why))
    return [_promoted(one, weighed) for one in weighed]


def _recency(family: str, distance: int) -> float:
    """What is left of a hit's weight so many lines before the end.

    A compiler or a test speaks where it fails, and much can follow; a machine or a network that fails ends the
    command soon.
    """
    if family in ("code", "tests", "dependencies", "configuration"):
        return 0.7 + 0.3 * math.exp(-distance / 400)
    return 0.4 + 0.6 * math.exp(-distance / 500)


def step_end(log: Log) -> int:
    """The line at which the runner says that the command failed, else the last one."""
    first = len(log) - 1
    for words in _STEP_WORDS:
        at = log.data.find(words)
        for _ in range(200):
            if at < 0:
                break
            index = log.index_of(at)
            if _STEP_FAILED.search(log.text(index)):
                first = min(first, index)
                break
            at = log.data.find(words, at + 1)
    return first


def _doubt(hit: Hit, log: Log, lines: Lines, successes: Successes, end: int) -> tuple[float, str]:
    label, family = hit.signature.label, LABELS[hit.signature.label]
    if family not in ("tests", "code") and lines.is_tests_text(hit.index):
        return 0.12, "stands in a test's own text"
    if family not in ("tests", "code") and lines.is_quoted(hit.index, hit.signature.pattern):
        return 0.25, "stands in quoted source, a linter's finding or an echoed command"
    if hit.signature.tool not in ("system", "any") and successes.after(hit.signature.tool, hit.index):
        return 0.15, f"{hit.signature.tool} succeeded afterwards"
    if hit.signature.tool == "any" and end - hit.index > FAR:
        return 0.5, "is said in general words far from the end"
    if hit.index > end + 1:
        return 0.2, "stands after the step had failed"
    if is_network(label) and _LOOPBACK.search(log.text(hit.index)):
        return 0.4, "is about this machine itself"
    if hit.signature.kind != "warning" and family in ("network", "infrastructure") and lines.is_retry(hit.index):
        return 0.55, "says that it will be tried again"
    return 1.0, ""


def _promoted(one: Weighed, everyone: Sequence[Weighed]) -> Weighed:
    """A warning counts like a cause when what it warns of is seen to end the job a little later."""
    if one.hit.signature.kind != "warning" or one.lost not in ("", "says that it will be tried again"):
        return one
    for other in everyone:
        gap = other.hit.index - one.hit.index
        if 0 < gap <= NEAR and not other.lost and explains(one.label, other.label):
            return Weighed(one.hit, max(one.weight, 0.85 * one.hit.signature.probability))
    return one
