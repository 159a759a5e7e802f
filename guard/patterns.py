"""Patterns with a time bound: by the package `regex` where it is installed, else by the standard library's `re`.

Both read the patterns that ship alike; a test holds them to it. What only `regex` knows, or reads otherwise, is
refused without it.
"""

from __future__ import annotations

import re
import signal
import sys
import warnings
from functools import lru_cache
from typing import Any, NoReturn

regex: Any
try:
    import regex
except ImportError:
    regex = None

_LONGEST_LINE = 4000
# Approximate matching, which `re` would read as plain text.
_FUZZY = re.compile(r"\{[^{}]*[eids]\s*<")


class BadPattern(ValueError):
    """A pattern that does not compile, and why."""


@lru_cache(maxsize=4096)
def compiled(pattern: str, by_line: bool = False) -> Any:
    """The compiled pattern: `search(text, timeout=SECONDS)` and `groupindex`; `by_line`: ^ and $ at each line.

    Raises BadPattern. `search` raises TimeoutError when the time is over.
    """
    if regex is None:
        return _Bounded(pattern, by_line)
    try:
        return regex.compile(pattern, regex.MULTILINE if by_line else 0)
    except regex.error as error:
        raise BadPattern(str(error)) from error


class _Bounded:
    """A pattern of `re` that a timer of the process's own CPU time interrupts (`re` looks for signals as it goes)."""

    __slots__ = ("_pattern", "groupindex")

    def __init__(self, pattern: str, by_line: bool) -> None:
        if _FUZZY.search(pattern):
            raise BadPattern("approximate matching needs the package regex, which is not installed")
        try:
            with warnings.catch_warnings():
                # Nested sets and flags amid a pattern mean something else to `regex`.
                warnings.simplefilter("error")
                self._pattern = re.compile(pattern, re.MULTILINE if by_line else 0)
        except (re.error, Warning, RecursionError, OverflowError) as error:
            raise BadPattern(f"{error} (read by `re`: the package regex is not installed)") from error
        self.groupindex = self._pattern.groupindex

    def search(self, text: str, timeout: float) -> re.Match[str] | None:
        """The first match or None. Raises TimeoutError after so many seconds, or where none can be measured."""
        pieces = [text]
        if sys.version_info < (3, 11) and len(text) > _LONGEST_LINE:
            # There each place of the text starts the count anew after which signals are looked for: 18 s were seen
            # on 5 MB. So long texts are read line by line.
            pieces = [line[:_LONGEST_LINE] for line in text.split("\n")]
        _install()
        try:
            signal.setitimer(signal.ITIMER_VIRTUAL, timeout)
            try:
                return next((match for piece in pieces if (match := self._pattern.search(piece))), None)
            finally:
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        except RecursionError:
            return None


def _install() -> None:
    """Take the signal of the timer. Raises TimeoutError where there is none: what cannot be bounded does not run."""
    try:
        if signal.getsignal(signal.SIGVTALRM) is not _late:
            signal.signal(signal.SIGVTALRM, _late)
    except (ValueError, AttributeError) as error:
        raise TimeoutError("no timer outside the main thread, or none at all") from error


def _late(number: int, frame: object) -> NoReturn:
    raise TimeoutError
