"""A history that a fleet shares, in PostgreSQL: one short transaction at a time, and never a wait that a build would feel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from guard.errors import GuardError
from guard.history import migrations

if TYPE_CHECKING:
    import psycopg

CONNECT_S = 2
STATEMENT_S = 5
READING_S = 300
"""For a report or an export, at which a person waits."""
_LOCK = 0x70697065
"""The key of our advisory lock: writers follow one another, for milliseconds each."""
_BATCH = 2_000
_IDLE = 0
"""`PQTRANS_IDLE` (libpq): no transaction is open."""


class PostgresDatabase:
    """An open connection."""

    def __init__(self, name: str, connection: psycopg.Connection[Any], statement_s: int = STATEMENT_S) -> None:
        """Use `open_server`; `statement_s`: the longest that one statement may take."""
        self.name = name
        self._connection = connection
        self._limit = f"SET LOCAL statement_timeout = '{statement_s}s'"

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[None]:
        """One transaction; writers one after another."""
        with _as_guard_errors(self.name), self._bounded():
            if write:
                self._connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            yield

    @contextmanager
    def _bounded(self) -> Iterator[None]:
        """A transaction with our bound of time, or the one that is open already.

        For the session it would outlive us: a pooler hands the server's side of it to the next client.
        """
        if self._connection.info.transaction_status != _IDLE:
            yield
            return
        with self._connection.transaction():
            self._connection.execute(self._limit.encode())
            yield

    def execute(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Run a statement."""
        with _as_guard_errors(self.name), self._bounded():
            return self._connection.execute(_translated(statement), values or None).rowcount

    def many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement once a row."""
        with _as_guard_errors(self.name), self._bounded(), self._connection.cursor() as cursor:
            cursor.executemany(_translated(statement), rows)

    def all(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Every row of the answer."""
        with _as_guard_errors(self.name), self._bounded():
            return self._connection.execute(_translated(statement), values or None).fetchall()

    def stream(self, statement: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """In portions, by a cursor of the server: an answer may have millions of rows."""
        with _as_guard_errors(self.name), self._bounded(), self._connection.cursor("pipeguard") as cursor:
            cursor.itersize = _BATCH
            cursor.execute(_translated(statement), values or None)
            yield from cursor

    def types(self) -> dict[str, str]:
        """PostgreSQL's names."""
        return {"blob": "BYTEA", "real": "DOUBLE PRECISION", "moment": 'TEXT COLLATE "C"'}

    def version(self) -> int:
        """As the table of its own says; 0 where there is none."""
        # By a look at the catalogue itself: `to_regclass` may answer from before another guard made the table.
        if not self.all("SELECT 1 FROM pg_catalog.pg_class WHERE relname = 'pipeguard_meta' AND pg_catalog.pg_table_is_visible(oid)"):
            return 0
        found = self.all("SELECT value FROM pipeguard_meta WHERE name = 'version'")
        return int(found[0][0]) if found else 0

    def set_version(self, version: int) -> None:
        """With the transaction."""
        self.execute("DELETE FROM pipeguard_meta WHERE name = 'version'")
        self.execute("INSERT INTO pipeguard_meta (name, value) VALUES ('version', ?)", (str(version),))

    def used_bytes(self) -> int:
        """Of all our tables, with their indexes."""
        found = self.all(
            "SELECT sum(pg_total_relation_size(oid)) FROM pg_catalog.pg_class "
            "WHERE relkind = 'r' AND relname LIKE ? AND pg_catalog.pg_table_is_visible(oid)",
            (r"pipeguard\_%",),
        )
        return int(found[0][0] or 0)

    def give_back(self) -> None:
        """The server does that by itself."""

    def close(self) -> None:
        """Let go."""
        self._connection.close()


def open_server(url: str, *, patient: bool) -> PostgresDatabase:
    """A connection by a URL, TLS as the URL says. `patient`: a person waits, not a build.

    Raises GuardError where there is no driver, no server, no right, or a newer store.
    """
    try:
        import psycopg
        from psycopg import conninfo
    except ImportError as error:
        raise GuardError("a history in PostgreSQL needs the package psycopg", "pip install 'pipeguard[postgres]'") from error
    try:
        named = conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise GuardError("history.store: is no URL of PostgreSQL", "postgresql://user@host/database?sslmode=verify-full") from error
    # Of the URL nothing but place and database is ever said: it may hold a password.
    name = f"the history at {named.get('host') or 'the local server'}/{named.get('dbname') or ''}"
    try:
        connection = psycopg.connect(
            url,
            autocommit=True,
            connect_timeout=CONNECT_S,
            tcp_user_timeout=STATEMENT_S * 1000,
            application_name="pipeguard",
            # A pooler in between may not know the statements that were prepared through it.
            prepare_threshold=None,
        )
    except psycopg.Error as error:
        raise GuardError(f"{name} cannot be reached: {_first_line(error, named.get('password'))}") from error
    database = PostgresDatabase(name, connection, READING_S if patient else STATEMENT_S)
    try:
        migrations.migrate(database)
    except BaseException:
        connection.close()
        raise
    return database


@contextmanager
def _as_guard_errors(name: str) -> Iterator[None]:
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        raise GuardError(f"{name}: {_first_line(error, None)}") from error


def _first_line(error: Exception, password: object) -> str:
    text = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return text.replace(str(password), "***") if password else text


def _translated(statement: str) -> Any:
    """The same statement with psycopg's place holders (no statement of ours holds `?` or `%` otherwise)."""
    return statement.replace("?", "%s")
