"""The store itself, on any Database: one transaction a call; runs have ids, so nothing counts twice."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from guard.errors import GuardError
from guard.history import audit
from guard.history.database import Database
from guard.history.entry import Entry, Failure
from guard.history.rows import RunRow, TestRow, Trial

LARGEST_DOCUMENT = 8 << 20
"""Bytes of one run; what unpacks to more is not believed."""
_RUN = (str, str, str, str, str, str, str, str, str, int, float, int, float, float, str, str, float, str, str, str, str)
_TRIAL_COLUMNS = "remedy, label, fingerprint, project, healed, at"
_TRIAL = (str, str, str, str, int, str)
_FAILURE = (str, int, str, str, str)
_AT_ONCE = 500
_MOST_TESTS = 5_000
_COLUMNS = (
    "id, started_at, day, project, branch, commit_id, platform, command, status, exit_code, duration_s, attempts, "
    "rescued_s, wasted_s, label, family, probability, source, fingerprint, healed_by, remedies_tried"
)


class Feedback(NamedTuple):
    """What a person said about a run."""

    at: str
    run_id: str
    fingerprint: str
    project: str
    kind: str
    """label, wrong_heal or clear."""
    label: str
    remedy: str

    @property
    def id(self) -> str:
        """The same for the same words at the same moment, so that copies merge."""
        return hashlib.sha256(json.dumps(tuple(self)).encode()).hexdigest()[:32]


class SqlStore:
    """Satisfies `rows.Store`; besides, what recording, learning and the commands need."""

    def __init__(self, database: Database) -> None:
        """Takes over the database: `close` closes it."""
        self.database = database

    def record(self, entries: Iterable[Entry], *, bring_back: bool = True) -> int:
        """Keep runs, all of them or none; those already known are left as they are. Returns how many are new.

        Without `bring_back` a run that was forgotten stays so.
        """
        with self.database.transaction(write=True):
            return self.insert(entries, bring_back=bring_back)

    def insert(self, entries: Iterable[Entry], *, bring_back: bool) -> int:
        """As `record`, inside the caller's transaction."""
        waiting, new = iter(entries), 0
        while some := tuple(islice(waiting, _AT_ONCE)):
            new += self._insert(some, bring_back)
        return new

    def _insert(self, some: Sequence[Entry], bring_back: bool) -> int:
        """In few statements, however many they are: between here and a server each is a way there and back."""
        database = self.database
        found = {one.row.id: one for one in reversed(some)}
        marks, ids = ", ".join("?" * len(found)), tuple(found)
        if bring_back:
            database.execute(f"DELETE FROM pipeguard_forgotten WHERE run_id IN ({marks})", ids)
            gone = set[str]()
        else:
            gone = {row[0] for row in database.all(f"SELECT run_id FROM pipeguard_forgotten WHERE run_id IN ({marks})", ids)}
        gone |= self.known(ids)
        fresh = [one for one in reversed(found.values()) if one.row.id not in gone]
        if fresh:
            marks = ", ".join("?" * (_COLUMNS.count(",") + 2))
            statement = f"INSERT INTO pipeguard_runs ({_COLUMNS}, document) VALUES ({marks}) ON CONFLICT (id) DO NOTHING"
            database.many(statement, [(*_values(one.row), _packed(one.document)) for one in fresh])
            self._derived(fresh)
            for one in fresh:
                self._said(one)
        return len(fresh)

    def _derived(self, some: Sequence[Entry]) -> None:
        failures = [(one.row.id, each.number, one.row.project, one.row.started_at, each.label, each.fingerprint, each.lines) for one in some for each in one.failures]
        trials = [
            (one.row.id, position, each.at, each.remedy, each.label, each.fingerprint, each.project, int(each.healed))
            for one in some
            for position, each in enumerate(one.trials)
        ]
        tests = [
            (one.row.id, position, each.framework, each.name, each.project, each.commit, each.at, each.outcome, each.minutes)
            for one in some
            for position, each in enumerate(one.tests)
        ]
        for table, columns, rows in (
            ("pipeguard_failures", "run_id, number, project, at, label, fingerprint, lines", failures),
            ("pipeguard_trials", "run_id, position, at, remedy, label, fingerprint, project, healed", trials),
            ("pipeguard_tests", "run_id, position, framework, name, project, commit_id, at, outcome, minutes", tests),
        ):
            if rows:
                marks = ", ".join("?" * (columns.count(",") + 1))
                self.database.many(f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT DO NOTHING", rows)

    def _said(self, one: Entry) -> None:
        """What an exported run brings along of what people said about it."""
        row = one.row
        if row.corrected_label:
            self.insert_feedback([Feedback(row.started_at, row.id, row.fingerprint, row.project, "label", row.corrected_label, "")])
        if one.document.get("wrong_heal"):
            self.insert_feedback(wrong_heal(one, row.started_at))

    def rows(
        self, since: str | None = None, until: str | None = None, project: str | None = None, branch: str | None = None
    ) -> Iterator[RunRow]:
        """The runs in the order in which they began, streamed."""
        corrected = self.corrected()
        where, values = _where(since, until, project, branch)
        for row in _sound(_RUN, self.database.stream(f"SELECT {_COLUMNS} FROM pipeguard_runs{where} ORDER BY started_at, id", values)):
            fields: list[Any] = [*row[:19], _names(row[19]), _names(row[20]), corrected.get(row[0], "")]
            yield RunRow(*fields)

    def documents(
        self, since: str | None = None, until: str | None = None, project: str | None = None, branch: str | None = None
    ) -> Iterator[dict[str, Any]]:
        """The runs whole, as `export` writes them, with what people said."""
        corrected, wrong = self.corrected(), self.wrong()
        where, values = _where(since, until, project, branch)
        for run_id, packed in self.database.stream(f"SELECT id, document FROM pipeguard_runs{where} ORDER BY started_at, id", values):
            yield _with_feedback(_document(run_id, packed), corrected.get(run_id, ""), run_id in wrong)

    def known(self, runs: Sequence[str]) -> set[str]:
        """Which of these runs it has."""
        if not runs:
            return set()
        marks = ", ".join("?" * len(runs))
        return {row[0] for row in self.database.all(f"SELECT id FROM pipeguard_runs WHERE id IN ({marks})", tuple(runs))}

    def find(self, run_id: str) -> list[str]:
        """The ids that begin so; the very id alone where it exists."""
        beyond = run_id + "\U0010ffff"
        found = [row[0] for row in self.database.all("SELECT id FROM pipeguard_runs WHERE id >= ? AND id < ? ORDER BY id LIMIT 20", (run_id, beyond))]
        return [run_id] if run_id in found else found

    def document(self, run_id: str) -> dict[str, Any]:
        """One run, whole. Raises KeyError, GuardError where it is damaged."""
        found = self.database.all("SELECT document FROM pipeguard_runs WHERE id = ?", (run_id,))
        if not found:
            raise KeyError(run_id)
        return _with_feedback(_document(run_id, found[0][0]), self.corrected().get(run_id, ""), run_id in self.wrong())

    def remedy_trials(self) -> Iterator[Trial]:
        """Every trial of a remedy, oldest first."""
        for row in _sound(_TRIAL, self.database.stream(f"SELECT {_TRIAL_COLUMNS} FROM pipeguard_trials ORDER BY at")):
            yield _trial(row)

    def tests_that_failed(self, project: str) -> set[tuple[str, str]]:
        """(framework, name) of the tests of a project that have failed before."""
        statement = (
            "SELECT DISTINCT framework, name FROM pipeguard_tests WHERE project = ? AND outcome IN ('failed', 'passed_on_rerun') "
            f"ORDER BY framework, name LIMIT {_MOST_TESTS}"
        )
        return {(row[0], row[1]) for row in self.database.all(statement, (project,))}

    def tests(self) -> Iterator[TestRow]:
        """Every remembered run of a test, oldest first."""
        statement = "SELECT framework, name, project, commit_id, at, outcome, minutes FROM pipeguard_tests ORDER BY at"
        for row in _sound((str, str, str, str, str, str, float), self.database.stream(statement)):
            yield TestRow(*row)

    def trials_of(self, fingerprint: str, project: str) -> list[Trial]:
        """What was tried on one failure, newest first."""
        return self._trials("fingerprint = ? AND project = ?", (fingerprint, project))

    def trials_like(self, label: str, project: str) -> list[Trial]:
        """What was tried on failures of that label, newest first."""
        return self._trials("project = ? AND label = ?", (project, label))

    def _trials(self, where: str, values: Sequence[Any]) -> list[Trial]:
        statement = f"SELECT {_TRIAL_COLUMNS} FROM pipeguard_trials WHERE {where} ORDER BY at DESC LIMIT 500"
        return [_trial(row) for row in _sound(_TRIAL, self.database.all(statement, values))]

    def failures(self, project: str, most: int) -> list[tuple[str, Failure]]:
        """(run id, failure), newest first."""
        found = self.database.all(
            "SELECT run_id, number, label, fingerprint, lines FROM pipeguard_failures WHERE project = ? ORDER BY at DESC LIMIT ?",
            (project, most),
        )
        return [(row[0], Failure(*row[1:])) for row in _sound(_FAILURE, found)]

    def failures_of(self, fingerprint: str, project: str, most: int) -> list[tuple[str, Failure]]:
        """(run id, failure) of that fingerprint, newest first."""
        found = self.database.all(
            "SELECT run_id, number, label, fingerprint, lines FROM pipeguard_failures "
            "WHERE fingerprint = ? AND project = ? ORDER BY at DESC LIMIT ?",
            (fingerprint, project, most),
        )
        return [(row[0], Failure(*row[1:])) for row in _sound(_FAILURE, found)]

    def trials_in(self, runs: Sequence[str]) -> list[tuple[str, Trial]]:
        """(run id, trial) of these runs."""
        if not runs:
            return []
        marks = ", ".join("?" * len(runs))
        statement = f"SELECT run_id, {_TRIAL_COLUMNS} FROM pipeguard_trials WHERE run_id IN ({marks})"
        return [(row[0], _trial(row[1:])) for row in _sound((str, *_TRIAL), self.database.all(statement, tuple(runs)))]

    def say(self, feedback: Sequence[Feedback]) -> None:
        """Keep what a person said."""
        with self.database.transaction(write=True):
            self.insert_feedback(feedback)

    def insert_feedback(self, feedback: Iterable[Feedback]) -> None:
        """As `say`, inside the caller's transaction."""
        for one in feedback:
            self.database.execute(
                "INSERT INTO pipeguard_feedback (id, at, run_id, fingerprint, project, kind, label, remedy) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
                (one.id, *one),
            )

    def feedback(self) -> list[Feedback]:
        """All that was said, oldest first."""
        return self._feedback("", ())

    def feedback_on(self, fingerprint: str, project: str) -> list[Feedback]:
        """What was said about one failure, oldest first."""
        return self._feedback(" WHERE fingerprint = ? AND project = ?", (fingerprint, project))

    def _feedback(self, where: str, values: Sequence[Any]) -> list[Feedback]:
        statement = f"SELECT at, run_id, fingerprint, project, kind, label, remedy FROM pipeguard_feedback{where} ORDER BY at, id"
        return [Feedback(*row) for row in _sound((str,) * 7, self.database.all(statement, values))]

    def corrected(self) -> dict[str, str]:
        """The label that a person gave, by run."""
        found: dict[str, str] = {}
        for one in self.feedback():
            if one.kind == "label":
                found[one.run_id] = one.label
            elif one.kind == "clear":
                found.pop(one.run_id, None)
        return found

    def wrong(self) -> set[str]:
        """The runs whose heal a person called wrong."""
        found: set[str] = set()
        for one in self.feedback():
            if one.kind == "wrong_heal":
                found.add(one.run_id)
            elif one.kind == "clear":
                found.discard(one.run_id)
        return found

    def note(self, run_id: str, number: int, body: Mapping[str, Any]) -> str:
        """Add an entry to the audit trail. Returns its hash."""
        with self.database.transaction(write=True):
            return audit.append(self.database, run_id, number, body)

    def close(self) -> None:
        """Let go of file or connection."""
        self.database.close()


def wrong_heal(one: Entry, at: str) -> list[Feedback]:
    """The words that a heal was wrong, for each remedy that healed in that run."""
    row = one.row
    return [Feedback(at, row.id, each.fingerprint, row.project, "wrong_heal", each.label, each.remedy) for each in one.trials if each.healed]


def unpacked(packed: bytes) -> dict[str, Any]:
    """A document as stored → the object. Raises ValueError for what is damaged or unpacks to too much."""
    worker = zlib.decompressobj()
    try:
        text = worker.decompress(bytes(packed), LARGEST_DOCUMENT)
    except zlib.error as error:
        raise ValueError("a run in the history is damaged") from error
    if not worker.eof:
        raise ValueError("a run in the history is damaged or too large")
    found: dict[str, Any] = json.loads(text)
    return found


@lru_cache(maxsize=4096)
def _names(text: str) -> tuple[str, ...]:
    """A JSON list of names; few different ones stand in millions of rows."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list) else ()


def _sound(types: tuple[type, ...], rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """The rows in which everything is of its type: a SQLite file from a cache may hold anything, and takes any type anywhere."""
    count = len(types)
    return (row for row in rows if tuple(map(type, row[:count])) == types)


def _document(run_id: object, packed: bytes) -> dict[str, Any]:
    try:
        found = unpacked(packed)
        if not isinstance(found, dict):
            raise ValueError("no object")
        return found
    except (ValueError, TypeError, RecursionError) as error:
        raise GuardError(f"run {str(run_id)[:80]!r} in the history is damaged", "guard history forget --run ID takes it out") from error


def _values(row: RunRow) -> tuple[Any, ...]:
    """In the order of _COLUMNS."""
    return (
        row.id, row.started_at, row.day, row.project, row.branch, row.commit, row.platform, row.command, row.status,
        row.exit_code, row.duration_s, row.attempts, row.rescued_s, row.wasted_s, row.label, row.family, row.probability,
        row.source, row.fingerprint, json.dumps(row.healed_by), json.dumps(row.remedies_tried),
    )  # fmt: skip


def _packed(document: Mapping[str, Any]) -> bytes:
    kept = {name: value for name, value in document.items() if name not in ("corrected_label", "wrong_heal")}
    return zlib.compress(json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode(), 6)


def _with_feedback(document: dict[str, Any], corrected: str, wrong: bool) -> dict[str, Any]:
    if corrected:
        document["corrected_label"] = corrected
    if wrong:
        document["wrong_heal"] = True
    return document


def _trial(row: Sequence[Any]) -> Trial:
    return Trial(row[0], row[1], row[2], row[3], bool(row[4]), row[5])


def _where(since: str | None, until: str | None, project: str | None, branch: str | None) -> tuple[str, tuple[str, ...]]:
    asked = [("started_at >= ?", since), ("started_at < ?", until), ("project = ?", project), ("branch = ?", branch)]
    given = [(clause, value) for clause, value in asked if value is not None]
    if not given:
        return "", ()
    return " WHERE " + " AND ".join(clause for clause, _ in given), tuple(value for _, value in given)
