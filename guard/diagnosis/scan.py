"""Which lines of a log can match which signatures: all literals looked for in one pass over the bytes.

Every literal is represented by four of its bytes. With numpy (onnxruntime brings it) the log is hashed four
bytes at a time; without it, a plain search per literal does the same more slowly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_BLOCK = 1 << 20
_FIRST, _LAST = 300, 1200
"""Of a literal that stands in thousands of lines, the first and the last are looked at."""

# Quads that stand in most failing logs: never the best choice to represent a literal.
_COMMON = (b"erro", b"rror", b"fail", b"aile", b"iled", b"test", b" in ", b"the ", b" to ", b"not ", b" not", b"file", b"exit", b"ing ", b" for", b"tion", b"ion ", b"://", b"http", b"ttps", b"com/", b"pack", b"    ", b"----", b"warn", b"java", b"line", b"code", b".py", b"comp")


def quad(literal: bytes, taken: dict[bytes, int]) -> bytes:
    """The four bytes that stand for a literal (lower case): those that are rarest by what we know."""
    choices = [literal[i : i + 4] for i in range(len(literal) - 3)]

    def commonness(choice: bytes) -> tuple[bool, int]:
        return any(common in choice or choice in common for common in _COMMON), taken.get(choice, 0)

    return min(choices, key=commonness)


class Scanner:
    """Finds, for many literals at once, the offsets in a text at which they stand (without case)."""

    def __init__(self, literals: Sequence[str]) -> None:
        """Each literal has at least four bytes."""
        self.literals = [literal.lower().encode() for literal in literals]
        self._by_quad: dict[bytes, list[int]] = {}
        taken: dict[bytes, int] = {}
        for index, literal in enumerate(self.literals):
            chosen = quad(literal, taken)
            taken[chosen] = taken.get(chosen, 0) + 1
            self._by_quad.setdefault(chosen, []).append(index)

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
        quads = list(self._by_quad)
        if not quads or len(low) < 4:
            return {}
        values = np.array([int.from_bytes(one, "little") for one in quads], dtype=np.uint32)
        marks = np.zeros(1 << 16, dtype=bool)
        marks[_hash(values, np)] = True
        order = np.argsort(values)
        ordered = values[order]
        places: dict[int, list[int]] = {}
        for begin in range(0, len(low) - 3, _BLOCK):
            part = np.frombuffer(low, dtype=np.uint8, offset=begin, count=min(_BLOCK + 3, len(low) - begin))
            wide = part.astype(np.uint32)
            grams = wide[:-3] | (wide[1:-2] << 8) | (wide[2:-1] << 16) | (wide[3:] << 24)
            candidates = np.nonzero(marks[_hash(grams, np)])[0]
            if not len(candidates):
                continue
            seen = grams[candidates]
            slots = np.searchsorted(ordered, seen)
            slots[slots == len(ordered)] = 0
            right = ordered[slots] == seen
            for slot in np.unique(slots[right]):
                where = candidates[right & (slots == slot)] + begin
                self._confirm(low, quads[int(order[slot])], where.tolist(), places)
        return {index: _thinned(where) for index, where in places.items()}

    def _confirm(self, low: bytes, chosen: bytes, where: list[int], places: dict[int, list[int]]) -> None:
        for index in self._by_quad[chosen]:
            literal = self.literals[index]
            shift = literal.index(chosen)
            size = len(literal)
            kept = places.setdefault(index, [])
            kept += [at - shift for at in _thinned(where, 4000) if low[max(at - shift, 0) : at - shift + size] == literal]
            if not kept:
                del places[index]


def _hash(values: Any, np: Any) -> Any:
    return ((values * np.uint32(2654435761)) >> np.uint32(16)).astype(np.uint16)


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
