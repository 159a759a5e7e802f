"""What a store needs of SQLite or PostgreSQL; the statements are the same for both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol


class Database(Protocol):
    """An open database. Errors are GuardError where a user can mend them, else the driver's own."""

    name: str
    """For messages: the path, or the server without its password."""

    def transaction(self, *, write: bool) -> AbstractContextManager[None]:
        """One transaction, committed at its end, taken back by any exception."""

    def execute(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Run a statement (`?` for values); how many rows it changed."""

    def many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement once a row."""

    def all(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Every row of the answer."""

    def stream(self, statement: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of an answer that may be larger than memory."""

    def types(self) -> dict[str, str]:
        """How the types of `migrations` are called here: `blob`, `real`, `moment` (ordered by its bytes)."""

    def version(self) -> int:
        """The version of the tables; 0 where there are none."""

    def set_version(self, version: int) -> None:
        """Note the version, inside the transaction that made it so."""

    def used_bytes(self) -> int:
        """What the history takes up."""

    def give_back(self) -> None:
        """Return room that deleted rows left, where the database does not do it by itself."""

    def close(self) -> None:
        """Let go."""
