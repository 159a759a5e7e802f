"""What guard knows of one tool's cache: where it is, how to tell that it is one, and which entry is damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from guard.types import Diagnosis, Surroundings


class Cache(Protocol):
    """A module of this package that satisfies this protocol is a cache."""

    NAME: str
    """The tool: a value of the entity `tool`."""

    def candidates(self, surroundings: Surroundings) -> tuple[Path, ...]:
        """Where this tool's cache may be here, as its own configuration says; not verified."""

    def looks_right(self, root: Path) -> bool:
        """Whether the folder has the marks of this tool's cache. Reads only."""

    def damaged(self, root: Path, diagnosis: Diagnosis) -> tuple[Path, ...]:
        """The entries below `root` that the diagnosis names, as they really exist; () when it cannot be told."""

    def purgeable(self, root: Path) -> tuple[Path, ...]:
        """What below `root` may go when the damaged entry cannot be told: never credentials or settings."""
