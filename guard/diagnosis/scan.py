"""Which lines of a log can match which signatures: all literals looked for in one pass over the bytes.

Every literal is represented by four of its bytes. With numpy (onnxruntime brings it) the log is hashed four
bytes at a time; without it, a plain search per literal does the same more slowly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_BLOCK = 1 << 20
_FIRST, _LAST = 300, 1200
"""Of a literal that stands in thousands of lines, the first and the last are looked at."""
_WORTH_A_SAMPLE = 1 << 20
_SAMPLE = 64 << 10
_FEW = 48
"""Places of four bytes in a block that are looked at one by one."""

# Quads that stand in most failing logs: never the best choice to represent a literal.
_COMMON = frozenset(
    b"erro rror fail aile iled test http ttps com/ pack warn java line code .py: comp not file exit tion ing. ould coul unab nabl able cann"
    b" anno nnot pres sion load vers ersi rsio ckag kage foun ound und: urce sour buil uild comm mman mand requ ques uest conn nnec onne".split()
) | frozenset((b" in ", b"the ", b" to ", b"not ", b" not", b"ing ", b" for", b"ion ", b"://", b"    ", b"----", b"for ", b"or: "))


def quads_of(literals: Sequence[bytes], counts: Mapping[bytes, int]) -> dict[bytes, list[int]]:
    """Four bytes -> the literals (by index) that they stand for: of each literal those that are rarest.

    `counts`: how often four bytes stand in a sample of the log; without one, what is common in general counts.
    """
    found: dict[bytes, list[int]] = {}

    def commonness(choice: bytes) -> tuple[int, int]:
        return counts.get(choice, 0) if counts else choice in _COMMON, len(found.get(choice, ()))

    for index, literal in enumerate(literals):
        chosen = min((literal[i : i + 4] for i in range(len(literal) - 3)), key=commonness)
        found.setdefault(chosen, []).append(index)
    return found


class Scanner:
    """Finds, for many literals at once, the offsets in a text at which they stand (without case)."""

    def __init__(self, literals: Sequence[str]) -> None:
        """Each literal has at least four bytes."""
        self.literals = [literal.lower().encode() for literal in literals]
        self._by_quad = quads_of(self.literals, {})

    def offsets(self, data: bytes) -> dict[int, list[int]]:
        """For each literal (by index) that stands in the text: offsets, in order, the first and last of many."""
        low = data.lower()
        try:
            import numpy
        except ImportError:
            found = {index: _all_offsets(low, literal) for index, literal in enumerate(self.literals)}
            return {index: where for index, where in found.items() if where}
        return self._with_numpy(low, numpy)

    def _with_numpy(self, low: bytes, np: Any) -> dict[int, list[int]]:
        by_quad = self._by_quad
        if len(low) > _WORTH_A_SAMPLE:
            # What is rare in general may fill this very log.
            by_quad = quads_of(self.literals, _counts(low, np))
        quads = list(by_quad)
        if not quads or len(low) < 4:
            return {}
        values = np.array([int.from_bytes(one, "little") for one in quads], dtype=np.uint32)
        marks = np.zeros(1 << 16, dtype=bool)
        marks[_hash(values, np)] = True
        order = np.argsort(values)
        ordered = values[order]
        places: dict[int, list[int]] = {}
        hits: dict[int, list[Any]] = {}
        for begin in range(0, len(low) - 3, _BLOCK):
            end = min(begin + _BLOCK, len(low) - 3)
            for shift in range(4):
                # The bytes at every fourth place, read as numbers where they lie: nothing is copied.
                count = (end - begin - shift + 3) // 4
                if count <= 0:
                    continue
                grams = np.frombuffer(low, dtype="<u4", offset=begin + shift, count=count)
                candidates = np.flatnonzero(marks.take(_hash(grams, np)))
                if not len(candidates):
                    continue
                seen = grams[candidates]
                slots = np.searchsorted(ordered, seen)
                slots[slots == len(ordered)] = 0
                right = ordered[slots] == seen
                for slot, at in _grouped(slots[right], candidates[right] * 4 + (begin + shift), np):
                    hits.setdefault(slot, []).append(at)
            for slot, parts in hits.items():
                chosen = quads[int(order[slot])]
                self._confirm(low, chosen, by_quad[chosen], begin, end, np.sort(np.concatenate(parts)), places)
            hits.clear()
        return {index: self._first_and_last(low, index, where) for index, where in places.items() if where}

    def _first_and_last(self, low: bytes, index: int, where: list[int]) -> list[int]:
        if len(where) < _FIRST + _LAST:
            return where
        literal, last = self.literals[index], list[int]()
        at = low.rfind(literal, where[_FIRST])
        while at >= 0 and len(last) < _LAST:
            last.append(at)
            at = low.rfind(literal, where[_FIRST], at)
        return where[:_FIRST] + last[::-1]

    def _confirm(
        self, low: bytes, chosen: bytes, indices: Sequence[int], begin: int, end: int, where: Any, places: dict[int, list[int]]
    ) -> None:
        """Of the places of four bytes, keep those at which the whole literal stands."""
        for index in indices:
            literal = self.literals[index]
            shift, size = literal.index(chosen), len(literal)
            kept = places.setdefault(index, [])
            if len(kept) >= _FIRST + _LAST:
                # It stands everywhere: its last places are looked for from the end, once.
                continue
            if len(where) <= _FEW:
                kept += [at - shift for at in where.tolist() if at >= shift and low[at - shift : at - shift + size] == literal]
                continue
            # The four bytes are common here: a plain search is faster than looking at each place.
            at = low.find(literal, max(begin - shift, 0), end - shift + size)
            while at >= 0 and len(kept) < _FIRST + _LAST:
                kept.append(at)
                at = low.find(literal, at + size, end - shift + size)


def _counts(low: bytes, np: Any) -> dict[bytes, int]:
    """How often four bytes stand in samples of the log, all those that occur in them."""
    middle = len(low) // 2
    sample = b"".join(low[at : at + _SAMPLE] for at in (0, middle // 2, middle, middle + middle // 2, len(low) - _SAMPLE))
    parts = [np.frombuffer(sample, dtype="<u4", offset=shift, count=(len(sample) - shift) // 4) for shift in range(4)]
    grams, counts = np.unique(np.concatenate(parts), return_counts=True)
    return dict(zip((gram.to_bytes(4, "little") for gram in grams.tolist()), counts.tolist(), strict=True))


def _grouped(slots: Any, values: Any, np: Any) -> list[tuple[int, Any]]:
    """The values by slot."""
    if not len(slots):
        return []
    order = np.argsort(slots, kind="stable")
    slots, values = slots[order], values[order]
    edges = np.flatnonzero(np.diff(slots)) + 1
    return list(zip(slots[np.concatenate(([0], edges))].tolist(), np.split(values, edges), strict=True))


def _hash(values: Any, np: Any) -> Any:
    return (values * np.uint32(2654435761)) >> np.uint32(16)


def _all_offsets(low: bytes, literal: bytes) -> list[int]:
    found = []
    at = low.find(literal)
    while at >= 0:
        found.append(at)
        at = low.find(literal, at + 1)
    return _thinned(found)


def _thinned(where: list[int], most: int = _FIRST + _LAST) -> list[int]:
    if len(where) <= most:
        return where
    first = most // 5
    return [*where[:first], *where[first - most :]]
