"""The tables, as ordered functions: each brings a store from one version to the next, in one transaction."""

from __future__ import annotations

from collections.abc import Callable

from guard.errors import GuardError
from guard.history.database import Database


def _first(database: Database) -> None:
    """Runs, what follows from them, what people said, the audit trail."""
    types = database.types()
    for statement in (
        "CREATE TABLE pipeguard_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
        f"""CREATE TABLE pipeguard_runs (
            id {types['moment']} PRIMARY KEY, started_at {types['moment']} NOT NULL, day TEXT NOT NULL, project TEXT NOT NULL, branch TEXT NOT NULL,
            commit_id TEXT NOT NULL, platform TEXT NOT NULL, command TEXT NOT NULL, status TEXT NOT NULL,
            exit_code INTEGER NOT NULL, duration_s {types['real']} NOT NULL, attempts INTEGER NOT NULL,
            rescued_s {types['real']} NOT NULL, wasted_s {types['real']} NOT NULL, label TEXT NOT NULL, family TEXT NOT NULL,
            probability {types['real']} NOT NULL, source TEXT NOT NULL, fingerprint TEXT NOT NULL, healed_by TEXT NOT NULL,
            remedies_tried TEXT NOT NULL, document {types['blob']} NOT NULL)""",
        "CREATE INDEX pipeguard_runs_started ON pipeguard_runs (started_at)",
        "CREATE INDEX pipeguard_runs_project ON pipeguard_runs (project, started_at)",
        f"""CREATE TABLE pipeguard_failures (
            run_id TEXT NOT NULL, number INTEGER NOT NULL, project TEXT NOT NULL, at {types['moment']} NOT NULL, label TEXT NOT NULL,
            fingerprint TEXT NOT NULL, lines TEXT NOT NULL, PRIMARY KEY (run_id, number))""",
        "CREATE INDEX pipeguard_failures_fingerprint ON pipeguard_failures (project, fingerprint, at)",
        "CREATE INDEX pipeguard_failures_project ON pipeguard_failures (project, at)",
        f"""CREATE TABLE pipeguard_trials (
            run_id TEXT NOT NULL, position INTEGER NOT NULL, at {types['moment']} NOT NULL, remedy TEXT NOT NULL, label TEXT NOT NULL,
            fingerprint TEXT NOT NULL, project TEXT NOT NULL, healed INTEGER NOT NULL, PRIMARY KEY (run_id, position))""",
        "CREATE INDEX pipeguard_trials_fingerprint ON pipeguard_trials (project, fingerprint, at)",
        "CREATE INDEX pipeguard_trials_project ON pipeguard_trials (project, label, at)",
        "CREATE INDEX pipeguard_trials_at ON pipeguard_trials (at)",
        f"""CREATE TABLE pipeguard_tests (
            run_id TEXT NOT NULL, position INTEGER NOT NULL, framework TEXT NOT NULL, name TEXT NOT NULL,
            project TEXT NOT NULL, commit_id TEXT NOT NULL, at {types['moment']} NOT NULL, outcome TEXT NOT NULL,
            minutes {types['real']} NOT NULL, PRIMARY KEY (run_id, position))""",
        "CREATE INDEX pipeguard_tests_at ON pipeguard_tests (at)",
        "CREATE INDEX pipeguard_tests_project ON pipeguard_tests (project, outcome, framework, name)",
        # What a person said outlives the run that it was said of.
        f"""CREATE TABLE pipeguard_feedback (
            id TEXT PRIMARY KEY, at {types['moment']} NOT NULL, run_id TEXT NOT NULL, fingerprint TEXT NOT NULL, project TEXT NOT NULL,
            kind TEXT NOT NULL, label TEXT NOT NULL, remedy TEXT NOT NULL)""",
        "CREATE INDEX pipeguard_feedback_fingerprint ON pipeguard_feedback (project, fingerprint, at)",
        "CREATE INDEX pipeguard_feedback_run ON pipeguard_feedback (run_id)",
        f"""CREATE TABLE pipeguard_audit (
            hash TEXT PRIMARY KEY, previous TEXT NOT NULL, run_id TEXT NOT NULL, number INTEGER NOT NULL, at {types['moment']} NOT NULL,
            body_hash TEXT NOT NULL, body TEXT)""",
        "CREATE INDEX pipeguard_audit_run ON pipeguard_audit (run_id)",
        "CREATE TABLE pipeguard_heads (hash TEXT PRIMARY KEY)",
        # A run that was to be forgotten must not come back with a diverged copy.
        f"CREATE TABLE pipeguard_forgotten (run_id TEXT PRIMARY KEY, at {types['moment']} NOT NULL)",
    ):
        database.execute(statement)


MIGRATIONS: tuple[tuple[str, Callable[[Database], None]], ...] = (("0.1.0", _first),)
"""In order: the release that first reads the version, and the function that makes it of the one before."""


def migrate(database: Database) -> None:
    """Bring the tables up to this guard's version. Raises GuardError for a newer store, which is left as it is."""
    if _up_to_date(database):
        return
    for number in range(database.version(), len(MIGRATIONS)):
        with database.transaction(write=True):
            # Another guard may have been faster.
            if database.version() == number:
                MIGRATIONS[number][1](database)
                database.set_version(number + 1)
                needs = MIGRATIONS[number][0]
                database.execute("DELETE FROM pipeguard_meta WHERE name = 'needs'")
                database.execute("INSERT INTO pipeguard_meta (name, value) VALUES ('needs', ?)", (needs,))


def refuse_newer(database: Database) -> None:
    """Raises GuardError where a newer guard wrote the store."""
    version = database.version()
    if version <= len(MIGRATIONS):
        return
    raise GuardError(
        f"{database.name} was written by a newer guard (version {version} of the tables; this guard reads up to {len(MIGRATIONS)})",
        f"install {_needed(database)}; the history is left as it is",
    )


def _needed(database: Database) -> str:
    try:
        found = database.all("SELECT value FROM pipeguard_meta WHERE name = 'needs'")
    except Exception:
        # A newer store may keep it elsewhere.
        found = []
    release = str(found[0][0]) if found else ""
    return f"pipeguard {release} or newer" if release.replace(".", "").isalnum() else "a newer pipeguard"


def _up_to_date(database: Database) -> bool:
    refuse_newer(database)
    return database.version() == len(MIGRATIONS)
