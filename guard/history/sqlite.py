"""A history in one SQLite file: made aside and moved into place, shared by many guards, set aside when damaged."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from guard.errors import GuardError
from guard.history import migrations, place

APPLICATION_ID = 0x70677264
"""`pgrd`: the mark of a file of ours (sqlite.org, "PRAGMA application_id")."""
PATIENCE_S = 10.0
"""How long a guard waits for others that write: each of them is done within milliseconds."""
LARGEST_VALUE = 16 << 20
"""Bytes of one text or blob: nothing that guard writes comes near, and a file from a cache may hold anything."""
_LIMIT_LENGTH = 0
"""SQLITE_LIMIT_LENGTH (sqlite.org, "Run-Time Limit Categories")."""
# Write-ahead logging needs memory shared by all readers (sqlite.org/wal.html); where the disk is another machine's
# there is none.
_LOCAL = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs", "tmpfs", "overlay", "zfs", "f2fs", "apfs", "hfs", "ramfs"})
_LOCK_TRIES = 100
_DAMAGE = ("malformed", "not a database", "no such table", "no such column", "corrupt")


class Damaged(Exception):
    """The file is no history that can be read."""


class Locked(GuardError):
    """Another process holds the file for longer than guard waits."""


class SqliteDatabase:
    """An open file."""

    def __init__(self, path: str, connection: sqlite3.Connection) -> None:
        """Use `open_file`."""
        self.name = path
        self.path = path
        self._connection = connection

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[None]:
        """One transaction; a writer waits for others, with jitter."""
        with _as_damage():
            self._patiently("BEGIN IMMEDIATE" if write else "BEGIN")
            try:
                yield
                self._patiently("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def execute(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Run a statement."""
        return self._connection.execute(statement, values).rowcount

    def many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement once a row."""
        self._connection.executemany(statement, rows)

    def all(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Every row of the answer."""
        with _as_damage():
            return self._patiently(statement, values).fetchall()

    def stream(self, statement: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Row by row."""
        with _as_damage():
            yield from self._patiently(statement, values)

    def types(self) -> dict[str, str]:
        """SQLite's names."""
        return {"blob": "BLOB", "real": "REAL", "moment": "TEXT"}

    def version(self) -> int:
        """As the file itself carries it."""
        return int(self.all("PRAGMA user_version")[0][0])

    def set_version(self, version: int) -> None:
        """In the file's header, with the transaction."""
        self._connection.execute(f"PRAGMA user_version = {int(version)}")

    def used_bytes(self) -> int:
        """Pages in use."""
        pages, free, size = (int(self.all(f"PRAGMA {name}")[0][0]) for name in ("page_count", "freelist_count", "page_size"))
        return (pages - free) * size

    def give_back(self) -> None:
        """Return free pages to the file system; another guard that reads keeps them for now."""
        with contextlib.suppress(sqlite3.OperationalError):
            self._connection.execute("PRAGMA incremental_vacuum").fetchall()

    def close(self) -> None:
        """The last one to leave folds the write-ahead log back into the file."""
        self._connection.close()

    def _patiently(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        return patiently(self._connection, statement, values)


def patiently(connection: sqlite3.Connection, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
    """Run a statement; wait with jitter while another guard holds the file. Raises Locked after 10 s."""
    try:
        return connection.execute(statement, values)
    except sqlite3.OperationalError as error:
        if not _busy(error):
            raise
    try:
        from tenacity import (
            RetryError,
            Retrying,
            retry_if_exception,
            stop_after_delay,
            wait_random_exponential,
        )
    except ImportError:
        # A plain checkout has nothing that waits: the run goes into the spool.
        raise Locked("the history is locked by another process") from None
    waits = Retrying(
        retry=retry_if_exception(_busy), wait=wait_random_exponential(multiplier=0.01, max=0.25), stop=stop_after_delay(PATIENCE_S)
    )
    try:
        return waits(connection.execute, statement, values)
    except RetryError as error:
        raise Locked(f"the history is locked by another process for more than {PATIENCE_S:.0f} s") from error


def open_file(path: str, *, create: bool, read_only: bool = False) -> SqliteDatabase | None:
    """The history of that path; None where there is none and none is to be made.

    Raises Damaged (the caller sets it aside, and says so), GuardError for what is not ours, newer, or cannot be opened.
    """
    if not os.path.lexists(path):
        if not create:
            return None
        _make(path)
    return _open(path, read_only=read_only)


def _open(path: str, *, read_only: bool) -> SqliteDatabase:
    try:
        kind = os.lstat(path).st_mode
    except OSError as error:
        raise GuardError(f"history {path}: {error.strerror}") from error
    if not stat.S_ISREG(kind):
        raise GuardError(f"history {path} is no regular file", "name another file in `history.store`")
    connection = connect(path, read_only=read_only)
    try:
        with _as_damage():
            _only_ours(connection, path)
            database = SqliteDatabase(path, connection)
            migrations.refuse_newer(database)
            if not read_only:
                _prepare(connection, path)
                migrations.migrate(database)
            elif database.version() == 0:
                raise Damaged("it is empty")
            connection.execute("SELECT id FROM pipeguard_runs LIMIT 1").fetchall()
    except BaseException:
        connection.close()
        raise
    return database


def connect(path: str, *, read_only: bool) -> sqlite3.Connection:
    """A connection that follows no view, trigger or extension of the file into anything but tables (`trusted_schema`).

    A read-only one in a folder that cannot be written reads the file as it stands.
    """
    modes = ("mode=ro", "mode=ro&immutable=1") if read_only else ("mode=rw",)
    for mode in modes:
        connection = None
        try:
            connection = sqlite3.connect(f"file:{_quoted(path)}?{mode}", uri=True, timeout=0, isolation_level=None)
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA cell_size_check = ON")
            limit = getattr(connection, "setlimit", None)  # since Python 3.11
            if limit is not None:
                limit(_LIMIT_LENGTH, LARGEST_VALUE)
            if read_only:
                connection.execute("PRAGMA query_only = ON")
            patiently(connection, "SELECT count(*) FROM sqlite_master").fetchall()
        except sqlite3.OperationalError as error:
            if connection is not None:
                connection.close()
            if mode == modes[-1]:
                raise GuardError(f"history {path} cannot be opened: {error}") from error
        except sqlite3.DatabaseError as error:
            if connection is not None:
                connection.close()
            raise Damaged(str(error)) from error
        else:
            return connection
    raise AssertionError("unreachable")


def _only_ours(connection: sqlite3.Connection, path: str) -> None:
    """Raises GuardError for a database of something else, and for one of ours with things that guard never makes."""
    mark = int(patiently(connection, "PRAGMA application_id").fetchone()[0])
    names = patiently(connection, "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").fetchall()
    if mark != APPLICATION_ID and names:
        raise GuardError(f"{path} is a database, but no history of guard's", "name another file in `history.store`")
    for kind, name, sql in names:
        foreign = kind in ("trigger", "view") or not str(name).startswith("pipeguard_")
        if foreign or str(sql).lstrip().upper().startswith("CREATE VIRTUAL"):
            raise GuardError(f"{path} holds a {kind} that guard never made: {str(name)[:60]!r}", "it is left as it is; use another file")


def _make(path: str) -> None:
    """Make the file aside, with its tables, and move it into place; another guard's file that is there first stays."""
    folder = os.path.dirname(path) or "."
    aside = f"{path}.making-{os.urandom(6).hex()}"
    try:
        place.make_folder(folder)
        os.close(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600))
    except OSError as error:
        raise GuardError(f"history {path} cannot be made: {error.strerror or error}") from error
    try:
        connection = sqlite3.connect(aside, timeout=0, isolation_level=None)
        try:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            migrations.migrate(SqliteDatabase(aside, connection))
        finally:
            connection.close()
        _move_in(aside, path)
    except (OSError, sqlite3.Error) as error:
        raise GuardError(f"history {path} cannot be made: {getattr(error, 'strerror', None) or error}") from error
    finally:
        for left in (aside, f"{aside}-journal"):
            with contextlib.suppress(OSError):
                os.unlink(left)


def _move_in(aside: str, path: str) -> None:
    """Take the name, unless another guard has it already."""
    try:
        os.link(aside, path, follow_symlinks=False)
    except FileExistsError:
        return
    except OSError:
        # A file system without hard links.
        if not os.path.lexists(path):
            os.rename(aside, path)


def _prepare(connection: sqlite3.Connection, path: str) -> None:
    wanted = "wal" if _file_system(path) in _LOCAL else "delete"
    if patiently(connection, "PRAGMA journal_mode").fetchone()[0] != wanted:
        # Not now is as good as later: the mode matters for speed, not for soundness.
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute(f"PRAGMA journal_mode = {wanted}").fetchall()
    # NORMAL cannot lose a commit of a killed process, in WAL mode; a rollback journal wants FULL for it.
    connection.execute(f"PRAGMA synchronous = {'NORMAL' if wanted == 'wal' else 'FULL'}")


def _file_system(path: str) -> str:
    """The type of the file system of a path, by /proc/self/mounts (proc(5)); "" where it does not tell."""
    best, found = "", ""
    try:
        with open("/proc/self/mounts", encoding="utf-8", errors="replace") as file:
            for line in file:
                fields = line.split(" ")
                point = fields[1].encode().decode("unicode_escape") if len(fields) > 2 else ""
                inside = path == point or path.startswith(point.rstrip("/") + "/")
                if point and inside and len(point) >= len(best):
                    best, found = point, fields[2]
    except OSError:
        return ""
    return found


def inode(path: str) -> int:
    """Which file has that name now; 0 where there is none."""
    try:
        return os.lstat(path).st_ino
    except OSError:
        return 0


def set_aside(path: str, seen: int) -> str:
    """Move a damaged file and its companions beside themselves; `seen`: its inode when it was found damaged.

    Returns the new name; "" where another guard was faster: what has the name now is its new file.
    """
    beside = f"{path}.damaged-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{os.urandom(3).hex()}"
    with _one_at_a_time(os.path.dirname(path) or "."):
        if inode(path) != seen:
            return ""
        try:
            os.rename(path, beside)
        except OSError:
            return ""
        for suffix in ("-wal", "-shm", "-journal"):
            with contextlib.suppress(OSError):
                os.rename(path + suffix, beside + suffix)
    return beside


@contextmanager
def _one_at_a_time(folder: str) -> Iterator[None]:
    """Among the guards of one folder, for a second at most; without `fcntl` there is no such lock."""
    try:
        import fcntl

        descriptor = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        yield
        return
    try:
        for _ in range(_LOCK_TRIES):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                # Whoever holds it renames a file; one that is stopped meanwhile does not stop a build.
                time.sleep(0.01)
            except OSError:
                break
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _as_damage() -> Iterator[None]:
    """What SQLite says of a broken file, as Damaged; a full disk or a file that cannot be written, as GuardError."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if any(mark in str(error) for mark in _DAMAGE):
            raise Damaged(str(error)) from error
        raise GuardError(f"the history cannot be used: {error}") from error
    except sqlite3.DatabaseError as error:
        if isinstance(error, (sqlite3.IntegrityError, sqlite3.ProgrammingError)):
            raise
        raise Damaged(str(error)) from error


def _busy(error: BaseException) -> bool:
    return isinstance(error, sqlite3.OperationalError) and ("locked" in str(error) or "busy" in str(error))


def _quoted(path: str) -> str:
    from urllib.parse import quote

    return quote(os.path.abspath(path))
