"""Runs that are to be forgotten: by name, project or age, and by themselves when a store grows old or large."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

from guard.history import audit
from guard.history.database import Database
from guard.history.store import SqlStore

DAYS = 180
"""How long a SQLite history remembers by itself."""
MEGABYTES = 256
"""How large it may grow by itself."""
_TABLES = ("pipeguard_failures", "pipeguard_trials", "pipeguard_tests")
_AT_ONCE = 500
_SHARE = 10


def forget(store: SqlStore, runs: Sequence[str] | None, project: str | None, before: str | None) -> int:
    """Forget the runs that are named, or that fit project and age; they do not come back with a merge. How many."""
    with store.database.transaction(write=True):
        return delete_runs(store.database, _chosen(store.database, runs, project, before), remember=True)


def _chosen(database: Database, runs: Sequence[str] | None, project: str | None, before: str | None) -> list[str]:
    if runs is not None:
        return list(runs)
    asked = [("project = ?", project), ("started_at < ?", before)]
    given = [(clause, value) for clause, value in asked if value is not None]
    where = " AND ".join(clause for clause, _ in given)
    found = database.all(f"SELECT id FROM pipeguard_runs WHERE {where} ORDER BY id", [value for _, value in given])
    return [row[0] for row in found]


def retain(store: SqlStore, days: int | None, megabytes: int | None, project: str | None, now: datetime | None = None) -> int:
    """Let go of what is older than `days`, and of the oldest tenth while the store is larger than `megabytes`.

    `project`: of a shared store one's own runs only. The audit trail is never cut, and what people said stays: so the
    trail's own size is left out. Returns how many runs went.
    """
    gone = 0
    if days is not None:
        before = ((now or datetime.now(timezone.utc)) - timedelta(days=days)).isoformat(timespec="seconds")
        asked = "started_at < ?" + (" AND project = ?" if project is not None else "")
        values = (before,) if project is None else (before, project)
        if store.database.all(f"SELECT 1 FROM pipeguard_runs WHERE {asked} LIMIT 1", values):
            with store.database.transaction(write=True):
                gone += delete_runs(store.database, _chosen(store.database, None, project, before), remember=False)
    limit = None if megabytes is None else megabytes << 20
    before_bytes = float("inf")
    while limit is not None and (used := _runs_bytes(store.database, limit)) > limit:
        if used >= before_bytes:
            # Another guard that reads holds on to what was deleted, or the server gives back later: the next build looks again.
            break
        before_bytes = used
        with store.database.transaction(write=True):
            some = _oldest_tenth(store.database, project)
            delete_runs(store.database, some, remember=False)
        gone += len(some)
        if not some:
            break
    if gone:
        store.database.give_back()
    return gone


def _runs_bytes(database: Database, limit: int) -> int:
    """What the history takes up, without the audit trail where all is more than the limit: else no run would be left."""
    used = database.used_bytes()
    return used if used <= limit else used - audit.used_bytes(database)


def _oldest_tenth(database: Database, project: str | None) -> list[str]:
    where, values = ("", ()) if project is None else (" WHERE project = ?", (project,))
    count = int(database.all(f"SELECT count(*) FROM pipeguard_runs{where}", values)[0][0])
    # The newest run always stays.
    most = min(max(count // _SHARE, 1), max(count - 1, 0))
    found = database.all(f"SELECT id FROM pipeguard_runs{where} ORDER BY started_at, id LIMIT ?", (*values, most))
    return [row[0] for row in found]


def delete_runs(database: Database, runs: Sequence[str], *, remember: bool) -> int:
    """Delete runs and all that follows from them, inside the caller's transaction. Returns how many there were.

    `remember`: note their names, so that no copy brings them back, and take their texts out of the audit trail.
    """
    gone = 0
    for start in range(0, len(runs), _AT_ONCE):
        some = tuple(runs[start : start + _AT_ONCE])
        marks = ", ".join("?" * len(some))
        for table in _TABLES:
            database.execute(f"DELETE FROM {table} WHERE run_id IN ({marks})", some)
        gone += database.execute(f"DELETE FROM pipeguard_runs WHERE id IN ({marks})", some)
        if remember:
            database.execute(f"DELETE FROM pipeguard_feedback WHERE run_id IN ({marks})", some)
            at = audit.now()
            database.many("INSERT INTO pipeguard_forgotten (run_id, at) VALUES (?, ?) ON CONFLICT (run_id) DO NOTHING", [(one, at) for one in some])
    if remember:
        audit.forget(database, runs)
    return gone
