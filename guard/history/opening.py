"""A `history.store` setting → an open store, with what passing runs left in the spool taken in."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from guard.history import late, spool
from guard.history.checking import Unsound, parsed
from guard.history.entry import Entry, entry
from guard.history.store import SqlStore


def open_store(
    setting: str,
    *,
    read_only: bool = True,
    create: bool = False,
    patient: bool = True,
    taking_in: bool = False,
    spool_file: str = "",
    spool_s: float = float("inf"),
) -> SqlStore | None:
    """The store; None: `off`, or nothing is there and none is to be made.

    `patient`: a person waits for the answer, not a build. `taking_in`: take in the spool although only reading is asked
    for, where the file can be written. `spool_file`: where passing runs of a server wait; beside a SQLite file by itself.
    `spool_s`: seconds that taking it in may last.
    Raises GuardError for what the user must mend, sqlite.Damaged for a file that cannot be read.
    """
    if setting in ("", "off"):
        return None
    if setting.startswith("sqlite:"):
        from guard.history import sqlite

        path = setting.removeprefix("sqlite:")
        read_only = read_only and not (taking_in and _may_write(path))
        file = sqlite.open_file(path, create=create, read_only=read_only)
        if file is None:
            return None
        store = SqlStore(file)
        spool_file = f"{path}.spool"
    else:
        from guard.history import postgres

        store = SqlStore(postgres.open_server(setting, patient=patient))
        read_only = not spool_file
    if not read_only:
        try:
            take_in(store, spool_file, spool_s)
        except BaseException:
            store.close()
            raise
    return store


def take_in(store: SqlStore, spool_file: str, most_s: float) -> None:
    """Take in the spool: runs, and entries of the audit trail that wait there.

    A line that is neither is left out: it may be half of one, on a disk that was full.
    """

    def keep(lines: Iterable[str]) -> None:
        some = list(lines)
        with store.database.transaction(write=True):
            store.insert(_sound(some), bring_back=False)
            late.join(store.database, some)

    if most_s > 0:
        spool.take_in(spool_file, keep, most_s)


def _sound(lines: Iterable[str]) -> Iterator[Entry]:
    for line in lines:
        try:
            yield entry(parsed(line))
        except Unsound:
            continue


def _may_write(path: str) -> bool:
    """Whether the spool may be taken in while reading: only where both file and folder are ours to write."""
    folder = os.path.dirname(path) or "."
    return os.path.isfile(path) and os.access(path, os.W_OK) and os.access(folder, os.W_OK)
