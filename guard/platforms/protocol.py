"""What guard needs to know of a CI to speak its language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Platform(Protocol):
    """A module of this package that satisfies this protocol is a platform; importing it imports next to nothing."""

    NAME: str

    STREAM: int
    """Where the CI reads its commands: 1 is standard output, 2 standard error."""

    def escape(self, text: str) -> str:
        """The text so that nothing in it can act as a command of this CI, anywhere in a line."""

    def group(self, title: str) -> str:
        """The line that opens a folded group; "" where the CI has none."""

    def end_group(self, title: str) -> str:
        """The line that closes it."""

    def annotate(self, level: str, title: str, text: str, file: str = "", line: int | None = None) -> str:
        """The line that shows a message (`error`, `warning`, `notice`) on the job's page; "" where there is none."""

    def shelter(self) -> tuple[str, str]:
        """The lines before and after text of the log that turn this CI's commands off meanwhile; "" where it has no switch."""

    def publish(self, document: Mapping[str, Any], environment: Mapping[str, str]) -> list[str]:
        """Tell the CI how the run ended, by its own files and commands, as the skin's PIPEGUARD_* variables ask.

        `document` is the masked `pipeguard.run/1` object, its evidence with `around`, the lines near it; of a first-time pass that nobody wants as a file it has
        neither `command` nor telemetry. Returns the lines to print, escaped.
        """
