"""What guard needs to know of a CI to speak its language."""

from __future__ import annotations

from typing import Protocol


class Platform(Protocol):
    """A module of this package that satisfies this protocol is a platform."""

    NAME: str

    def escape(self, text: str) -> str:
        """The text so that nothing in it can act as a command of this CI, anywhere in a line."""

    def group(self, title: str) -> str:
        """The line that opens a folded group; "" where the CI has none."""

    def end_group(self, title: str) -> str:
        """The line that closes it."""

    def annotate(self, level: str, title: str, text: str, file: str = "", line: int | None = None) -> str:
        """The line that shows a message (`error`, `warning`, `notice`) on the job's page; "" where there is none."""
