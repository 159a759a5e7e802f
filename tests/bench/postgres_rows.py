"""`python -m tests.bench.postgres_rows [RUNS]`: what a failing build asks of a PostgreSQL with 1,000,000 runs, by time and by plan.

A real server (as the tests start it), the store's own statements, a fleet of 300 projects of which the largest has one run
in seventeen, and all of which fail in the same sixty ways. Printed for each question: the statements' plans without a word of cost, milliseconds (median of nine,
and of the first time), and the ratio to the same question at 10,000 runs in the same minute. Ends with 1 where a question
that a build waits for reads a large table from end to end.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from typing import Any

import psycopg

from guard.history import forget
from guard.history.checking import checked
from guard.history.entry import entry
from guard.history.opening import open_store
from guard.history.postgres import PostgresDatabase
from guard.history.recall import History
from guard.history.store import SqlStore
from guard.types import Diagnosis, Evidence
from tests.end_to_end.postgres_server import running
from tests.unit.runs_by_hand import attempt, document, failure, healed, healing

SMALL = 10_000
ROUNDS = 9
PROJECT = "project-000"
"""The largest."""
NOW = datetime(2026, 11, 24, tzinfo=timezone.utc)
LARGE = 5_000
"""Rows from which reading a table from end to end is no longer the shortest way."""
# Days 0 to 179 of a history; a sixth of the runs began red; half of these healed.
_RUNS = """
INSERT INTO pipeguard_runs
SELECT md5(n::text), at, left(at, 10), project, branch, md5((n / 4)::text), 'github', 'make test', status,
       CASE WHEN status = 'failed' THEN 1 ELSE 0 END, 60 + n %% 600, CASE WHEN status = 'passed' THEN 1 ELSE 2 END, 30, 5,
       CASE WHEN status = 'passed' THEN '' ELSE (ARRAY['network_timeout', 'flaky_test', 'out_of_memory', 'test_failure', 'unknown'])[1 + n %% 5] END,
       '', 0.9, 'signature:x', CASE WHEN status = 'passed' THEN '' ELSE left(md5((n %% 997 %% 60)::text), 16) END,
       CASE WHEN status = 'healed' THEN '["wait"]' ELSE '[]' END, CASE WHEN status = 'passed' THEN '[]' ELSE '["wait"]' END, %s
FROM (SELECT n, 'project-' || lpad(floor(300 * power(random(), 2))::int::text, 3, '0') AS project,
             (ARRAY['main', 'main', 'release', 'feature'])[1 + n %% 4] AS branch,
             (ARRAY['failed', 'passed', 'passed', 'passed', 'passed', 'healed', 'passed', 'passed', 'passed', 'passed', 'passed'])[1 + n %% 11] AS status,
             to_char(timestamp '2026-05-28' + n * (interval '180 days' / %s), 'YYYY-MM-DD"T"HH24:MI:SS.MS+00:00') AS at
      FROM generate_series(1, %s) AS n) AS made
"""
_FOLLOWING = (
    "INSERT INTO pipeguard_failures SELECT id, 1, project, started_at, label, fingerprint, "
    "'error: step ' || fingerprint || ' of <n> failed' || chr(10) || 'widget: exit code <n> ' || label FROM pipeguard_runs WHERE label <> ''",
    "INSERT INTO pipeguard_trials SELECT id, 0, started_at, 'wait', label, fingerprint, project, (status = 'healed')::int FROM pipeguard_runs WHERE label <> ''",
    "INSERT INTO pipeguard_tests SELECT id, 0, 'pytest', 'tests/test_x.py::test_' || fingerprint, project, commit_id, started_at, "
    "CASE WHEN status = 'healed' THEN 'passed_on_rerun' ELSE 'failed' END, 1.5 FROM pipeguard_runs WHERE label = 'flaky_test'",
    "INSERT INTO pipeguard_audit SELECT md5(id) || md5('a' || id), md5(id), id, 1, started_at, md5(id), repeat('x', 400) FROM pipeguard_runs WHERE status = 'healed'",
    "INSERT INTO pipeguard_feedback SELECT md5('f' || id), started_at, id, fingerprint, project, 'label', label, '' "
    "FROM pipeguard_runs WHERE label <> '' AND exit_code = 1 AND left(id, 1) = '0'",
    "INSERT INTO pipeguard_forgotten SELECT md5('gone' || id), started_at FROM pipeguard_runs WHERE left(id, 2) = 'ff'",
)


class Watched(PostgresDatabase):
    """A connection that keeps what it was asked."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        super().__init__("bench", connection)
        self.connection = connection
        self.asked: list[tuple[str, Sequence[Any]]] = []

    def execute(self, statement: str, values: Sequence[Any] = ()) -> int:
        self.asked.append((statement, values))
        return super().execute(statement, values)

    def many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        self.asked += [(statement, row) for row in rows[:1]]
        super().many(statement, rows)

    def all(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self.asked.append((statement, values))
        return super().all(statement, values)

    def plans(self) -> Iterator[str]:
        """How the server would read each statement, each plan once: node types and what they read."""
        for statement, values in self.asked:
            explained = self.connection.execute("EXPLAIN (COSTS OFF) " + statement.replace("?", "%s"), values or None).fetchall()
            nodes = [re.sub(r"^[\s>-]+", "", line) for (line,) in explained if re.search(r"Scan|Insert|Delete|Update|Sort", line) and ":" not in line]
            yield " < ".join(nodes)


def fill(url: str, count: int) -> float:
    """A history of that many runs; seconds that it took. Indexes are made anew behind the rows."""
    store = open_store(url, read_only=False, create=True)
    assert store is not None
    packed_run = document("x", [attempt(1, 1, failure(), healing("wait")), attempt(2, 0)])
    store.record([entry(checked(json.loads(json.dumps(packed_run))))])
    (packed,) = store.database.all("SELECT document FROM pipeguard_runs")[0]
    store.close()
    begin = time.perf_counter()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET maintenance_work_mem = '256MB'; SET synchronous_commit = off; SELECT setseed(0.5)")
        connection.execute("TRUNCATE pipeguard_runs, pipeguard_failures, pipeguard_trials, pipeguard_tests")
        again = list(_without_indexes(connection))
        connection.execute(_RUNS, (bytes(packed), count, count))
        for statement in (*_FOLLOWING, *again, "VACUUM ANALYZE"):
            connection.execute(statement)  # type: ignore[call-overload]
    return time.perf_counter() - begin


def _without_indexes(connection: psycopg.Connection[Any]) -> Iterator[str]:
    """Drop the indexes of our tables; the statements that make them again."""
    for table, name, text in connection.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'p' AND conrelid::regclass::text LIKE 'pipeguard%'"
    ).fetchall():
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")  # type: ignore[call-overload]
        yield f"ALTER TABLE {table} ADD CONSTRAINT {name} {text}"
    for name, text in connection.execute("SELECT indexname, indexdef FROM pg_indexes WHERE tablename LIKE 'pipeguard%'").fetchall():
        connection.execute(f"DROP INDEX {name}")  # type: ignore[call-overload]
        yield text


def questions(database: Watched) -> dict[str, Callable[[], object]]:
    """What a failing build waits for, from its first failure to its end."""
    store = SqlStore(database)
    (fingerprint,) = database.all("SELECT fingerprint FROM pipeguard_failures WHERE project = ? AND label = 'out_of_memory' LIMIT 1", (PROJECT,))[0]
    known = Diagnosis("out_of_memory", 0.95, "signature:x", (Evidence(1, "killed"),), fingerprint=fingerprint)
    unknown = Diagnosis("unknown", 0.3, "model", (Evidence(1, f"error: step {fingerprint} of 7 failed"),), fingerprint="0" * 16)

    def history() -> History:
        return History(lambda question: question(store), PROJECT, lambda: NOW.timestamp())

    def keep(bring_back: bool) -> Callable[[], object]:
        return lambda: store.record([entry(checked(json.loads(json.dumps(healed(f"new-{os.urandom(6).hex()}", project=PROJECT)))))], bring_back=bring_back)

    return {
        "what a person said of it": lambda: history().label(fingerprint),
        "what remedies did about it": lambda: history().seen(fingerprint, "out_of_memory", "wait"),
        "how often it was seen": lambda: history().recall(known),
        "whether an unknown one is like another": lambda: history().recall(unknown),
        "which tests have failed before": lambda: store.tests_that_failed(PROJECT),
        "an entry of the trail": lambda: store.note("new", 1, {"what": "done"}),
        "the run is kept": keep(True),
        "one of the spool is kept": keep(False),
        "nothing is too old": lambda: forget.retain(store, 400, None, PROJECT, NOW),
    }


def measured(url: str) -> tuple[dict[str, tuple[float, float]], dict[str, list[str]]]:
    """Milliseconds (first, median) and plans of each question."""
    times: dict[str, tuple[float, float]] = {}
    plans: dict[str, list[str]] = {}
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        database = Watched(connection)
        for name, ask in questions(database).items():
            database.asked.clear()
            taken = []
            for _ in range(ROUNDS):
                begin = time.perf_counter()
                ask()
                taken.append((time.perf_counter() - begin) * 1000)
            times[name] = (taken[0], statistics.median(taken))
            plans[name] = list(dict.fromkeys(database.plans()))
    return times, plans


def main() -> int:
    """Fill, ask, print; 1 where a large table is read from end to end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--no-report", action="store_true", help="do not measure `guard report` over all of it")
    options = parser.parse_args()
    bad = []
    with running() as server:
        urls = {count: server.database(f"runs{count}") for count in (SMALL, options.runs)}
        for count, url in urls.items():
            print(f"{count:,} runs filled in {fill(url, count):.0f} s", flush=True)
        with psycopg.connect(urls[options.runs], autocommit=True) as connection:
            sizes = connection.execute(
                "SELECT relname, pg_total_relation_size(oid), reltuples FROM pg_class WHERE relkind = 'r' AND relname LIKE 'pipeguard%' ORDER BY 2 DESC"
            ).fetchall()
            large_tables = [name for name, _, rows in sizes if rows > LARGE]
            for name, size, rows in sizes:
                print(f"  {name:<22}{rows:>12,.0f} rows {size / 1e6:>8,.0f} MB")
        small, _ = measured(urls[SMALL])
        large, plans = measured(urls[options.runs])
        print(f"\n{'question of a failing build':<42}{'first ms':>10}{'ms':>8}{'at 10,000':>11}{'ratio':>7}")
        for name, (first, usual) in large.items():
            print(f"{name:<42}{first:>10.1f}{usual:>8.1f}{small[name][1]:>11.1f}{usual / small[name][1]:>7.1f}")
            for plan in plans[name]:
                print(f"    {plan}")
                bad += [plan for table in large_tables if re.search(rf"Seq Scan on {table}\b", plan)]
        if not options.no_report:
            for name, more in (("one project", ("--project", PROJECT)), ("all", ())):
                begin = time.perf_counter()
                command = [sys.executable, "-m", "guard", "report", "--history", urls[options.runs], *more]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                print(f"guard report, {name}: {time.perf_counter() - begin:.1f} s; {done.stdout.splitlines()[0]}")
    for plan in bad:
        print(f"READS ALL: {plan}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
