"""Lines and signatures → hits: literal first, then the pattern with a time bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from guard.diagnosis.lines import Log
from guard.diagnosis.scan import Scanner
from guard.patterns import compiled
from guard.signatures.signature import Nearby, Signature

PATTERN_TIMEOUT_S = 0.1
"""For one pattern on one line of at most 4,000 characters: ours need microseconds."""


@dataclass(frozen=True)
class Hit:
    """A signature that fired on a line."""

    index: int
    signature: Signature
    groups: Mapping[str, str] = field(default_factory=dict)
    """Entity -> text of its group; not yet validated."""


def found(pattern: str, text: str) -> Any:
    """The first match of a pattern in a text, or None; a pattern that takes too long has not matched."""
    try:
        return compiled(pattern).search(text, timeout=PATTERN_TIMEOUT_S)
    except TimeoutError:
        return None


class Matcher:
    """Signatures ready to be looked for; making one costs, so keep it."""

    def __init__(self, signatures: Sequence[Signature]) -> None:
        """Patterns compile only when their literal occurs."""
        self.signatures = tuple(signatures)
        pairs = [(which, literal) for which, one in enumerate(self.signatures) for literal in one.prefilter]
        self._owners = [which for which, _ in pairs]
        self._scanner = Scanner([literal for _, literal in pairs])

    def hits(self, log: Log) -> list[Hit]:
        """All hits in the order of the lines, the surest of a line first; of two by one signature in one line the first."""
        hits: list[tuple[int, float, int, Hit]] = []
        seen: set[tuple[int, int]] = set()
        for literal, offsets in self._scanner.offsets(log.data).items():
            which = self._owners[literal]
            signature = self.signatures[which]
            for offset in offsets:
                index = log.index_of(offset)
                if (which, index) in seen:
                    continue
                seen.add((which, index))
                match = found(signature.pattern, log.text(index, offset))
                if match is not None and _surrounded(signature, log, index):
                    hits.append((index, -signature.probability, which, Hit(index, signature, _groups(signature, match))))
        # The scanner's own order is another one without numpy.
        return [hit for *_, hit in sorted(hits, key=lambda row: row[:3])]


def _groups(signature: Signature, match: Any) -> dict[str, str]:
    values = {}
    for entity, group in signature.entities.items():
        value = match.group(group)
        if value:
            values[entity] = value.strip()
    return values


def _surrounded(signature: Signature, log: Log, index: int) -> bool:
    if signature.near is not None and not _nearby(signature.near, log, index, own=False):
        return False
    return signature.unless is None or not _nearby(signature.unless, log, index, own=True)


def _nearby(nearby: Nearby, log: Log, index: int, own: bool) -> bool:
    first, last = max(index - nearby.within, 0), min(index + nearby.within + 1, len(log))
    return any(
        found(nearby.pattern, log.text(other)) is not None
        for other in range(first, last)
        if own or other != index
    )
