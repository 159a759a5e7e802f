"""A window of raw output → numbered, cleaned lines: escape codes, redraws, CI prefixes off, numbers kept."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right

from guard.types import LogWindow

LONGEST = 4000
"""Characters of a line that patterns see; of a longer one, the part around what was found."""

_BLOCK = 1 << 20
"""Bytes in which line ends are looked for at once."""

# ECMA-48 control sequences, and the string sequences that terminals and Buildkite (`ESC _ bk;t=… BEL`) use.
_ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]_PX^][^\n\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")
_FIRST_COLUMN = re.compile(rb"\x1b\[1?G")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")

_TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
# What each CI puts before a line when it stores or shows it. Each alternative at most once, in this order.
_PREFIX = re.compile(
    r"\A(?:"
    rf"[^\t\n]{{1,120}}\t[^\t\n]{{1,200}}\t\ufeff?{_TIME} ?"  # gh run view --log: job, step, time
    rf"|\ufeff?{_TIME} \d\d[OE][+ ]?"  # GitLab with timestamps: time, stream, flags
    rf"|\ufeff?\[{_TIME}\] ?"  # Jenkins timestamper
    rf"|\ufeff?{_TIME} (?=\S| |$)"  # GitHub, Azure: time
    r"|\[?\d\d:\d\d:\d\d(?:[.,]\d+)?\]? (?=\S)"  # Jenkins (old), TeamCity
    r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d (?=\S| |$)"  # CircleCI behind `ts`, syslog
    r")?"
    r"(?:\[\d\d:\d\d:\d\d(?:[.,]\d+)?\] (?=\S))?"  # gulp, sbt and others: the tool's own clock
    r"(?:##\[(?:error|warning|debug|command|section|group|endgroup)\]|::(?:error|warning)[^:\n]{0,200}::)?"
    r"(?:#\d+ (?:\d+\.\d+ )?(?:ERROR: )?(?=\S))?"  # BuildKit: step, seconds
)


def _without_escapes(raw: bytes) -> bytes:
    """The bytes without escape codes; a cursor that goes back to the first column draws the line anew, as a CR does."""
    return _ESCAPES.sub(b"", _FIRST_COLUMN.sub(b"\r", raw)) if b"\x1b" in raw else raw


def clean(raw: bytes, around: int = 0) -> str:
    """One line without what a terminal or a CI adds to it; `around`: the byte offset of interest."""
    if len(raw) > LONGEST * 2:
        begin = max(around - LONGEST // 2, 0)
        raw = raw[begin : begin + LONGEST]
    raw = _without_escapes(raw)
    if raw.endswith(b"\r"):
        raw = raw.rstrip(b"\r")
    if b"\r" in raw:
        # A lone CR draws the line anew: what stands at the end is what a person saw.
        raw = next((part for part in reversed(raw.split(b"\r")) if part.strip()), b"")
    text = raw.decode("utf-8", "replace")
    text = text[_PREFIX.match(text).end() :]  # type: ignore[union-attr]
    return _CONTROL.sub("", text)[:LONGEST].rstrip()


class Log:
    """The lines of a window by index (from 0) with their true numbers (from 1)."""

    def __init__(self, window: LogWindow) -> None:
        """Escape codes go from the whole text at once; everything else when a line is looked at."""
        head, tail = _without_escapes(window.head), _without_escapes(window.tail)
        self.complete = window.complete
        self._gap_index: int | None = None
        self._offset = 0
        if tail or window.dropped_bytes:
            # The tail begins in the middle of a line, as the head ends in one; the cut pieces stay lines of
            # their own, and the true number of the tail's first line follows from what was dropped.
            head_lines = head.count(b"\n") + 1
            self._gap_index = head_lines
            self._offset = window.dropped_lines - 1
            self.data = head + b"\n" + tail
        else:
            self.data = head
        self.starts = _line_starts(self.data)
        self._cleaned: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self.starts)

    def number(self, index: int) -> int:
        """The true number of a line."""
        if self._gap_index is not None and index >= self._gap_index:
            return index + 1 + self._offset
        return index + 1

    def at(self, number: int) -> int:
        """The line (by index) with a true number."""
        if self._gap_index is not None and number - 1 - self._offset >= self._gap_index:
            return number - 1 - self._offset
        return number - 1

    def index_of(self, position: int) -> int:
        """The line in which a byte offset of `data` lies."""
        return bisect_right(self.starts, position) - 1

    def raw(self, index: int) -> bytes:
        """A line as printed, escape codes off, without its end."""
        end = self.starts[index + 1] - 1 if index + 1 < len(self.starts) else len(self.data)
        return self.data[self.starts[index] : end]

    def text(self, index: int, position: int | None = None) -> str:
        """A line, cleaned; `position`: the byte offset of `data` that must be in sight in a huge line."""
        found = self._cleaned.get(index)
        if found is None:
            around = position - self.starts[index] if position is not None else 0
            found = self._cleaned[index] = clean(self.raw(index), around)
        return found


def _line_starts(data: bytes) -> array[int]:
    """Numbers as machines hold them: 14 MB of short lines are millions, and as many objects would be a quarter of a GB."""
    starts = array("I" if len(data) < 1 << 32 else "Q", (0,))
    try:
        import numpy
    except ImportError:
        starts.extend(found.end() for found in re.finditer(rb"\n", data))
    else:
        for begin in range(0, len(data), _BLOCK):
            block = numpy.frombuffer(data, dtype=numpy.uint8, offset=begin, count=min(_BLOCK, len(data) - begin))
            ends = numpy.flatnonzero(block == 10) + (begin + 1)
            starts.frombytes(ends.astype(f"u{starts.itemsize}").tobytes())
    if starts[-1] == len(data) and len(starts) > 1:
        starts.pop()
    return starts
