"""A regular expression that is compiled when it is first needed: a step that passes never needs one."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Callable


class LazyPattern:
    """A pattern, its letters' case ignored; nothing is imported before its first use."""

    __slots__ = ("_compiled", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._compiled: re.Pattern[str] | None = None

    def sub(self, replacement: str | Callable[[re.Match[str]], str], text: str) -> str:
        """The text with each match replaced."""
        return self._ready().sub(replacement, text)

    def _ready(self) -> re.Pattern[str]:
        if self._compiled is None:
            import re

            self._compiled = re.compile(self._text, re.IGNORECASE)
        return self._compiled
