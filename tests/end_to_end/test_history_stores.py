"""One conformance suite for every kind of store: SQLite here, and a real PostgreSQL."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

import pytest

from guard.diagnosis.mask import Masker
from guard.errors import GuardError
from guard.history import audit, exchange, forget, late
from guard.history import merge as merging
from guard.history.checking import checked
from guard.history.entry import entry
from guard.history.migrations import MIGRATIONS
from guard.history.opening import open_store
from guard.history.recall import History
from guard.history.sqlite import Damaged
from guard.history.store import Feedback, SqlStore
from guard.report.trends.summing import trends
from guard.types import Diagnosis, Evidence
from tests.end_to_end.postgres_server import Server, running
from tests.unit.runs_by_hand import attempt, document, failed, failure, healed, healing

pytestmark = pytest.mark.tools
ROOT = Path(__file__).parent.parent.parent
Opens = Callable[[], SqlStore]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
    with running() as found:
        yield found


@pytest.fixture(params=["sqlite", "postgres"])
def setting(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new, empty store's setting."""
    if request.param == "sqlite":
        return f"sqlite:{tmp_path}/.pipeguard/history.db"
    server: Server = request.getfixturevalue("server")
    return server.database(f"t{os.urandom(6).hex()}")


@pytest.fixture
def store(setting: str) -> Iterator[SqlStore]:
    found = open_store(setting, read_only=False, create=True)
    assert found is not None
    yield found
    found.close()


def keep(store: SqlStore, *documents: dict) -> int:
    return store.record([entry(checked(json.loads(json.dumps(one)))) for one in documents])


def test_a_run_comes_back_as_it_went_in(store: SqlStore) -> None:
    run = healed("r1")
    assert keep(store, run) == 1
    (row,) = store.rows()
    assert (row.id, row.status, row.label, row.healed_by, row.remedies_tried) == ("r1", "healed", "stale_state", ("reset_state",), ("reset_state",))
    assert (row.project, row.branch, row.commit, row.command, row.day) == ("acme/app", "main", "c0ffee", "make test", "2026-11-01")
    assert list(store.documents()) == [run]


def test_a_run_counts_once(store: SqlStore) -> None:
    assert [keep(store, healed("r1")), keep(store, healed("r1"), failed("r2"))] == [1, 1]
    assert len(list(store.remedy_trials())) == 2


def test_rows_by_time_project_and_branch(store: SqlStore) -> None:
    keep(
        store,
        healed("a", at="2026-11-01T10:00:00+00:00"),
        healed("b", at="2026-11-02T10:00:00Z", branch="side"),
        healed("c", at="2026-11-03T12:00:00+02:00", project="other"),
    )
    ids = [row.id for row in store.rows()]
    assert ids == ["a", "b", "c"]
    assert [row.id for row in store.rows(since="2026-11-02T10:00:00+00:00")] == ["b", "c"]
    assert [row.id for row in store.rows(until="2026-11-02T10:00:00+00:00")] == ["a"]
    assert [row.id for row in store.rows(project="other")] == ["c"]
    assert [row.id for row in store.rows(branch="side")] == ["b"]
    assert [row.started_at for row in store.rows(project="other")] == ["2026-11-03T10:00:00+00:00"]


def test_trials_are_what_followed(store: SqlStore) -> None:
    other = failure("disk_full", "f2", "no space")
    keep(
        store,
        document("two", [attempt(1, 1, failure(), healing("reset_state")), attempt(2, 1, failure(), healing("wait")), attempt(3, 0)]),
        document("another", [attempt(1, 1, failure(), healing("reset_state")), attempt(2, 1, other)]),
    )
    assert [(one.remedy, one.healed) for one in store.remedy_trials()] == [("reset_state", False), ("wait", True)]


def test_all_or_nothing(store: SqlStore) -> None:
    def one_then_fault() -> Iterator:
        yield entry(checked(healed("r1")))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.record(one_then_fault())
    assert list(store.rows()) == []


def test_feedback_is_newest_first_and_can_be_taken_back(store: SqlStore) -> None:
    keep(store, healed("r1"))
    store.say([Feedback("2026-11-02T00:00:00+00:00", "r1", "f1", "acme/app", "label", "hang", "")])
    store.say([Feedback("2026-11-03T00:00:00+00:00", "r1", "f1", "acme/app", "label", "disk_full", "")])
    assert [row.corrected_label for row in store.rows()] == ["disk_full"]
    store.say([Feedback("2026-11-04T00:00:00+00:00", "r1", "f1", "acme/app", "clear", "", "")])
    assert [row.corrected_label for row in store.rows()] == [""]


def test_export_and_import_are_each_other_s_inverse(store: SqlStore, tmp_path: Path) -> None:
    keep(store, healed("r1"), failed("r2", corrected_label="hang"), healed("r3", wrong_heal=True))
    lines = list(exchange.exported(store, None, None, None, None))
    other = open_store(f"sqlite:{tmp_path}/other/history.db", read_only=False, create=True)
    assert other is not None
    assert exchange.take(other, lines, "file", Masker()) == (3, 3)
    assert exchange.take(other, lines, "file", Masker()) == (0, 3)
    assert list(exchange.exported(other, None, None, None, None)) == lines
    assert list(other.rows()) == list(store.rows())
    other.close()


def test_an_import_with_one_wrong_line_takes_nothing(store: SqlStore) -> None:
    lines = [json.dumps(healed("r1")), "", json.dumps(healed("r2", exit_code=999))]
    with pytest.raises(GuardError, match=r"runs\.jsonl:3: exit_code: 999 is out of bounds"):
        exchange.take(store, lines, "runs.jsonl", Masker())
    assert list(store.rows()) == []


def test_what_is_imported_is_masked(store: SqlStore) -> None:
    run = document("r1", [attempt(1, 1, failure(text="token was hunter2secret"))])
    exchange.take(store, [json.dumps(run)], "file", Masker(("hunter2secret",)))
    assert "hunter2secret" not in json.dumps(list(store.documents()))


def test_forgotten_runs_leave_nothing_and_the_trail_holds(store: SqlStore) -> None:
    keep(store, healed("r1"), healed("r2", project="other"))
    for run in ("r1", "r2"):
        store.note(run, 1, {"what": "done", "remedy": "x"})
    assert forget.forget(store, ["r1"], None, None) == 1
    assert [row.id for row in store.rows()] == ["r2"]
    assert len(list(store.remedy_trials())) == 1
    entries = list(audit.links(store.database))
    assert [one.body is None for one in entries if one.run_id == "r1"] == [True]
    assert audit.problems(entries, audit.heads(store.database)) == []
    assert store.record([entry(checked(healed("r1")))], bring_back=False) == 0
    assert store.record([entry(checked(healed("r1")))]) == 1


def test_forget_by_project_and_age(store: SqlStore) -> None:
    keep(store, healed("old", at="2020-01-01T00:00:00Z"), healed("new"), healed("elsewhere", at="2020-01-01T00:00:00Z", project="other"))
    assert forget.forget(store, None, "acme/app", "2021-01-01T00:00:00+00:00") == 1
    assert [row.id for row in store.rows()] == ["elsewhere", "new"]


@pytest.mark.parametrize("wrong", [b"\xff\x00", "text", 7, 1.5, "[[1], {"])
def test_of_a_file_that_holds_anything_only_what_is_sound_is_read(tmp_path: Path, wrong: object) -> None:
    """SQLite takes any type in any column, and a file may come from a cache that others write."""
    path = f"{tmp_path}/history.db"
    store = open_store(f"sqlite:{path}", read_only=False, create=True)
    assert store is not None
    keep(store, *(healed(f"r{number}") for number in range(24)))
    store.say([Feedback("2026-11-02T00:00:00+00:00", f"r{number}", "f1", "acme/app", "label", "hang", "") for number in range(24)])
    for table in ("runs", "failures", "trials", "feedback"):
        columns = [row[1] for row in store.database.all(f"PRAGMA table_info(pipeguard_{table})")]
        key = "id" if table == "runs" else "run_id"
        for number, column in enumerate(columns):
            if column not in (key, "id"):
                store.database.execute(f"UPDATE pipeguard_{table} SET {column} = ? WHERE {key} = ?", (wrong, f"r{number % 23}"))
    assert 1 <= len(list(store.rows())) <= 24
    known = History(lambda question: question(store), "acme/app")
    found = diagnosis("stale_state", "f1")
    assert known.seen("f1", "stale_state", "reset_state").healed > 0
    assert known.label("f1") == "hang"
    recalled = known.recall(found)
    assert recalled is not None
    assert recalled.times >= 1
    assert trends(store.rows(), store.remedy_trials(), store.tests()).whole.total >= 1
    store.database.execute("UPDATE pipeguard_runs SET document = ? WHERE id = 'r23'", (wrong,))
    with pytest.raises(GuardError, match="'r23' in the history is damaged"):
        store.document("r23")
    assert forget.forget(store, ["r23"], None, None) == 1
    store.close()


@pytest.mark.skipif(sys.version_info < (3, 11), reason="SQLite's limits are set since Python 3.11")
def test_a_value_that_would_fill_the_memory_is_damage(tmp_path: Path) -> None:
    path = f"{tmp_path}/history.db"
    store = open_store(f"sqlite:{path}", read_only=False, create=True)
    assert store is not None
    keep(store, healed("r1"))
    store.close()
    with sqlite3.connect(path) as database:
        database.execute("UPDATE pipeguard_failures SET lines = zeroblob(40000000)")
    database.close()
    store = open_store(f"sqlite:{path}", read_only=False)
    assert store is not None
    with pytest.raises(Damaged, match="too big"):
        store.failures("acme/app", 10)
    store.close()


def diagnosis(label: str, fingerprint: str) -> Diagnosis:
    return Diagnosis(label, 0.95, "signature:x", (Evidence(3, "lock is held"),), fingerprint=fingerprint)


def test_retention_by_age(store: SqlStore) -> None:
    keep(store, healed("old", at="2026-01-01T00:00:00Z"), healed("new"))
    assert forget.retain(store, 30, None, None, datetime(2026, 11, 2, tzinfo=timezone.utc)) == 1
    assert [row.id for row in store.rows()] == ["new"]


def test_the_bound_of_time_ends_with_its_transaction(server: Server) -> None:
    """A pooler gives the server's side of a connection to others: nothing of ours may stay with it."""
    store = open_store(server.database(f"t{os.urandom(6).hex()}"), read_only=False, create=True, patient=False)
    assert store is not None
    connection = store.database._connection  # type: ignore[attr-defined]
    before = connection.execute("SHOW statement_timeout").fetchone()
    keep(store, healed("r1"))
    assert [row.id for row in store.rows()] == ["r1"]
    assert store.database.all("SELECT current_setting('statement_timeout')") == [("5s",)]
    with store.database.transaction(write=True):
        assert store.database.all("SELECT current_setting('statement_timeout')") == [("5s",)]
    assert connection.execute("SHOW statement_timeout").fetchone() == before == ("0",)
    with pytest.raises(GuardError, match="statement timeout"):
        store.database.all("SELECT pg_sleep(20)")
    assert store.database.version() == len(MIGRATIONS)
    store.close()


def test_what_two_copies_of_one_run_say_the_first_stands(store: SqlStore) -> None:
    assert keep(store, healed("r1"), failed("r1"), failed("r2")) == 2
    assert [(row.id, row.status) for row in store.rows()] == [("r1", "healed"), ("r2", "failed")]
    assert len(list(store.remedy_trials())) == 2


def test_a_text_that_no_store_holds_goes_into_the_trail_without_harm(store: SqlStore) -> None:
    store.note("r1", 1, {"target": "/w/\udcff\x00", "what": "done"})
    entries = list(audit.links(store.database))
    assert audit.problems(entries, audit.heads(store.database)) == []
    assert "/w/\ufffd" in str(entries[0].body)


def test_what_is_forgotten_twice_is_said_once(store: SqlStore) -> None:
    keep(store, healed("r1"))
    store.note("r1", 1, {"what": "done"})
    for _ in range(3):
        forget.forget(store, ["r1"], None, None)
    assert [one.run_id for one in audit.links(store.database)] == ["r1", ""]


def test_a_copy_brings_back_nothing_of_what_was_forgotten_here(store: SqlStore, tmp_path: Path) -> None:
    """Neither what a person said of it nor what its remedies did, though the copy learned of that later."""
    path = str(tmp_path / "copy.db")
    copy = open_store(f"sqlite:{path}", read_only=False, create=True)
    assert copy is not None
    for one in (store, copy):
        keep(one, healed("r1"))
    copy.say([Feedback("2026-11-02T00:00:00+00:00", "r1", "f1", "acme/app", "label", "hang", "")])
    copy.note("r1", 1, {"what": "done", "summary": "of a secret kind"})
    copy.close()
    forget.forget(store, ["r1"], None, None)
    found = merging.merge(store, path, Masker())
    assert (found.new, [row.id for row in store.rows()], store.feedback()) == (0, [], [])
    assert all("secret" not in str(one.body) for one in audit.links(store.database))
    assert audit.problems(list(audit.links(store.database)), audit.heads(store.database)) == []


def test_what_is_merged_is_masked_and_shortened(store: SqlStore, tmp_path: Path) -> None:
    path = str(tmp_path / "copy.db")
    copy = open_store(f"sqlite:{path}", read_only=False, create=True)
    assert copy is not None
    keep(copy, document("r1", [attempt(1, 1, failure(text="token was hunter2secret"))], command=["x" * 50_000]))
    copy.close()
    assert merging.merge(store, path, Masker(("hunter2secret",))).new == 1
    (found,) = store.documents()
    assert "hunter2secret" not in json.dumps(found)
    assert len(found["command"][0]) < 10_000


def test_what_waits_beside_a_copy_is_merged_and_left_there(store: SqlStore, tmp_path: Path) -> None:
    path = tmp_path / "copy.db"
    copy = open_store(f"sqlite:{path}", read_only=False, create=True)
    assert copy is not None
    keep(copy, healed("r1"))
    copy.close()
    trail = late.Waiting("r1", "").line(1, {"what": "done", "remedy": "wait"}, "2026-11-01T00:00:00+00:00")
    passed = document("r2", [attempt(1, 0)], status="passed", command=["hunter2secret"])
    beside = tmp_path / "copy.db.spool"
    beside.write_text(f"{json.dumps(passed)}\n{trail}\n{{\"half\": ")
    (tmp_path / "copy.db.spool.taking-1").write_text(json.dumps(document("r3", [attempt(1, 0)], status="passed")) + "\n")
    for new, known in ((3, 0), (0, 3)):
        found = merging.merge(store, str(path), Masker(("hunter2secret",)))
        assert (found.new, found.known) == (new, known)
    assert sorted(row.id for row in store.rows()) == ["r1", "r2", "r3"]
    assert "hunter2secret" not in json.dumps(list(store.documents()))
    assert [one.run_id for one in audit.links(store.database)] == ["r1"]
    assert beside.exists()


def bulky(number: int) -> dict:
    """A run that packs badly."""
    at = f"2026-11-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}+00:00"
    return healed(f"r{number:05}", at=at, command=["make", os.urandom(3_000).hex()])


@pytest.mark.parametrize("trail_kb", [0, 1_500], ids=["", "with a trail that is larger than the limit"])
def test_retention_by_size(tmp_path: Path, trail_kb: int) -> None:
    store = open_store(f"sqlite:{tmp_path}/history.db", read_only=False, create=True)
    assert store is not None
    for begin in range(0, 600, 100):
        keep(store, *(bulky(number) for number in range(begin, begin + 100)))
    for number in range(trail_kb // 50):
        store.note("r00000", number, {"what": "done", "text": "x" * 50_000})
    store.note("r00599", 1, {"what": "done"})
    store.say([Feedback("2026-11-02T00:00:00+00:00", run, "f1", "acme/app", "label", "hang", "") for run in ("r00000", "r00599")])
    size = store.database.used_bytes()
    assert size > (1 + trail_kb // 1_000) << 20
    gone = forget.retain(store, None, 1, None)
    kept = [row.id for row in store.rows()]
    # The oldest went, in tenths of what was left: no more than it takes, whatever the trail weighs.
    assert kept == [f"r{number:05}" for number in range(gone, 600)]
    assert 100 < gone < 560
    assert store.database.used_bytes() - audit.used_bytes(store.database) <= 1 << 20
    # What follows from the runs went with them; the trail holds and still has its texts; a correction outlives its run.
    assert {one.at for one in store.remedy_trials()} == {row.started_at for row in store.rows()}
    entries = list(audit.links(store.database))
    assert audit.problems(entries, audit.heads(store.database)) == []
    assert all(one.body for one in entries)
    assert [one.run_id for one in store.feedback_on("f1", "acme/app")] == ["r00000", "r00599"]
    assert [row.corrected_label for row in store.rows()][-2:] == ["", "hang"]
    # Room is given back, and there is nothing more to do.
    (tmp_path / "history.db-wal").exists() and store.database.all("PRAGMA wal_checkpoint(TRUNCATE)")
    assert (tmp_path / "history.db").stat().st_size < size
    assert forget.retain(store, None, 1, None) == 0
    store.close()


def test_a_run_larger_than_the_limit_stays(tmp_path: Path) -> None:
    store = open_store(f"sqlite:{tmp_path}/history.db", read_only=False, create=True)
    assert store is not None
    keep(store, *(bulky(number) for number in range(3)))
    assert forget.retain(store, None, 0, None) == 2
    assert [row.id for row in store.rows()] == ["r00002"]
    store.close()


def test_the_trail_tells_what_was_altered(store: SqlStore) -> None:
    for number in range(4):
        store.note(f"r{number}", 1, {"remedy": "purge_cache", "number": number})
    entries, heads = list(audit.links(store.database)), audit.heads(store.database)
    assert audit.problems(entries, heads) == []
    store.database.execute("UPDATE pipeguard_audit SET body = ? WHERE run_id = 'r1'", ('{"remedy": "nothing"}',))
    assert ["altered" in problem for problem in audit.problems(list(audit.links(store.database)), heads)] == [True]


@pytest.mark.parametrize("victim", ["r0", "r2", "r3"])
def test_the_trail_tells_what_is_missing(store: SqlStore, victim: str) -> None:
    for number in range(4):
        store.note(f"r{number}", 1, {"number": number})
    store.database.execute("DELETE FROM pipeguard_audit WHERE run_id = ?", (victim,))
    assert any("missing" in problem for problem in audit.problems(list(audit.links(store.database)), audit.heads(store.database)))


def waited(*words: str, run_id: str = "r1", previous: str = "") -> list[str]:
    """Lines of the spool: an entry for each word, and the last line of the run."""
    waiting = late.Waiting(run_id, previous)
    lines = [waiting.line(1, {"what": word, "remedy": "wait", "allowed_by": ["default"]}, f"2026-11-01T10:00:0{number}.000000+00:00") for number, word in enumerate(words)]
    return [*lines, waiting.last(2, "2026-11-01T10:01:00.000000+00:00")]


def take_late(store: SqlStore, lines: list[str]) -> tuple[list[str], list[str]]:
    """Problems and notes after these lines came."""
    with store.database.transaction(write=True):
        late.join(store.database, lines)
    entries = list(audit.links(store.database))
    return audit.problems(entries, audit.heads(store.database)) + late.problems(entries), late.notes(entries)


def test_entries_that_waited_are_taken_in_once_and_said_to_be_late(store: SqlStore) -> None:
    head = store.note("r1", 1, {"what": "done", "remedy": "free_disk"})
    lines = waited("begins", "done", previous=head)
    for _ in range(2):
        problems, notes = take_late(store, lines)
        assert problems == []
        assert [note.startswith("2 entries of run r1 came late: noted from 2026-11-01T10:00:00 on") for note in notes] == [True]
        assert "cut short" not in notes[0]
    assert len(list(audit.links(store.database, "r1"))) == 4
    assert store.note("r2", 1, {"what": "done"}) in audit.heads(store.database)


def test_a_run_that_was_killed_leaves_no_last_line_and_that_is_said(store: SqlStore) -> None:
    problems, notes = take_late(store, waited("begins")[:-1])
    assert problems == []
    assert "1 entry of run r1 came late" in notes[0]
    assert "cut short" in notes[0]


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        (lambda lines: [lines[0].replace("begins", "did_it"), *lines[1:]], "altered while it waited"),
        (lambda lines: [lines[0].replace("2026-11-01", "2026-10-01"), *lines[1:]], "altered while it waited"),
        (lambda lines: [lines[0].replace('"r1"', '"r0"'), *lines[1:]], "altered while it waited"),
        (lambda lines: lines[1:], "missing: it waited"),
        (lambda lines: [lines[0], *lines[2:]], "missing: it waited"),
        (lambda lines: [*lines[:-1], *waited("put in")[:-1], lines[-1]], "of run r1 2 entries waited, and 3 came"),
        (lambda lines: [*lines, *waited("put in", previous="ab" * 32)[:-1]], "missing: it waited"),
    ],
    ids=["text", "moment", "run", "first gone", "one gone in between", "put in", "put in after the end"],
)
def test_a_late_entry_is_told_from_a_forged_one(store: SqlStore, forge: Callable[[list[str]], list[str]], said: str) -> None:
    problems, _ = take_late(store, forge(waited("begins", "done")))
    assert any(said in problem for problem in problems), problems


def test_what_calls_itself_late_in_the_chain_is_checked_too(store: SqlStore) -> None:
    take_late(store, waited("begins", "done"))
    store.note("r1", 1, {"what": "done", "waited": {"at": "2026-11-01T09:00:00+00:00", "previous": "", "seal": "ab" * 32}})
    problems, _ = take_late(store, [])
    assert sum("altered while it waited" in problem for problem in problems) == 1


@pytest.mark.parametrize(
    "line",
    ["{", "[]", '{"schema": "pipeguard.audit/1"}', json.dumps({"schema": "pipeguard.audit/1", "run": "", "number": 1, "at": "2026-11-01", "body": "{}", "previous": "", "seal": ""}),
     json.dumps({"schema": "pipeguard.audit/1", "run": "x", "number": True, "at": "2026-11-01", "body": "{}", "previous": "", "seal": ""}),
     json.dumps({"schema": "pipeguard.audit/1", "run": "x", "number": 1, "at": "soon", "body": "{}", "previous": "", "seal": ""}),
     json.dumps({"schema": "pipeguard.audit/1", "run": "x", "number": 1, "at": "2026-11-01", "body": "[" * 50_000, "previous": "", "seal": ""}),
     json.dumps({"schema": "pipeguard.audit/1", "run": "x\u001b[2J", "number": 1, "at": "2026-11-01", "body": "{}", "previous": "", "seal": ""})],
)  # fmt: skip
def test_what_no_guard_would_leave_is_left_out(store: SqlStore, line: str) -> None:
    assert take_late(store, [line]) == ([], [])
    assert list(audit.links(store.database)) == []


def test_late_entries_of_a_forgotten_run_do_not_come(store: SqlStore) -> None:
    keep(store, healed("r1"))
    take_late(store, waited("begins"))
    forget.forget(store, ["r1"], None, None)
    assert take_late(store, [*waited("begins"), *waited("other", run_id="r1")]) == ([], [])
    assert [one.run_id for one in audit.links(store.database) if one.body is not None] == [""]


def test_a_newer_store_is_left_as_it_is(store: SqlStore, setting: str) -> None:
    keep(store, healed("r1"))
    with store.database.transaction(write=True):
        store.database.set_version(len(MIGRATIONS) + 1)
        store.database.execute("UPDATE pipeguard_meta SET value = '9.9.9' WHERE name = 'needs'")
    store.close()
    with pytest.raises(GuardError) as caught:
        open_store(setting, read_only=False, create=True)
    assert "newer guard" in caught.value.message
    assert "9.9.9" in caught.value.hint


WRITER = """
import json, sys
from guard.history.checking import checked
from guard.history.entry import entry
from guard.history.opening import open_store
from tests.unit.runs_by_hand import healed
setting, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
for number in range(count):
    store = open_store(setting, read_only=False, create=True, patient=False, spool_file="")
    store.record([entry(checked(healed(f"{name}-{number}")))])
    store.note(f"{name}-{number}", 1, {"number": number})
    store.close()
    print(number, flush=True)
"""


def writer(setting: str, name: str, count: int) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", WRITER, setting, name, str(count)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)


def test_twenty_four_writers_lose_nothing(setting: str) -> None:
    """They also make the store between them: none of it was there before."""
    writers = [writer(setting, f"w{number}", 3) for number in range(24)]
    ended = [(one.communicate(timeout=100), one.returncode) for one in writers]
    assert [(code, error[-500:]) for (_, error), code in ended if code] == []
    store = open_store(setting, read_only=False)
    assert store is not None
    assert len(list(store.rows())) == 72
    entries = list(audit.links(store.database))
    assert len(entries) == 72
    assert audit.problems(entries, audit.heads(store.database)) == []
    store.close()


def test_a_writer_that_is_killed_loses_nothing_that_it_had_kept(setting: str) -> None:
    for turn in range(4):
        child = writer(setting, f"k{turn}", 1000)
        assert child.stdout is not None
        for _ in range(2 + turn):
            child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        said = child.stdout.read().split()
        child.wait()
        store = open_store(setting, read_only=False)
        assert store is not None
        kept = sum(row.id.startswith(f"k{turn}-") for row in store.rows())
        assert kept >= 2 + turn + len(said)
        assert audit.problems(list(audit.links(store.database)), audit.heads(store.database)) == []
        store.close()


def test_merges_at_once_lose_nothing_and_count_nothing_twice(setting: str, store: SqlStore, tmp_path: Path) -> None:
    keep(store, healed("common"))
    store.note("common", 1, {"what": "done"})
    paths = [str(tmp_path / f"copy{number}.db") for number in range(4)]
    for number, path in enumerate(paths):
        copy = open_store(f"sqlite:{path}", read_only=False, create=True)
        assert copy is not None
        keep(copy, healed("common"), *(healed(f"c{number}-{run}") for run in range(20)))
        copy.note(f"c{number}-0", 1, {"what": "done", "number": number})
        copy.close()

    def join(path: str) -> int:
        mine = open_store(setting, read_only=False)
        assert mine is not None
        try:
            return merging.merge(mine, path, Masker()).new
        finally:
            mine.close()

    # Each copy by two at once.
    with ThreadPoolExecutor(8) as pool:
        new = list(pool.map(join, [*paths, *paths]))
    assert sum(new) == 80
    assert len(list(store.rows())) == 81
    entries = list(audit.links(store.database))
    assert len(entries) == 5
    assert audit.problems(entries, audit.heads(store.database)) == []
    store.note("common", 2, {"what": "done"})
    assert len(audit.heads(store.database)) == 1
    assert audit.problems(list(audit.links(store.database)), audit.heads(store.database)) == []


def test_a_writer_waits_for_another(setting: str, store: SqlStore) -> None:
    other = open_store(setting, read_only=False)
    assert other is not None
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        # SQLite's connections belong to one thread.
        mine = open_store(setting, read_only=False)
        assert mine is not None
        with mine.database.transaction(write=True):
            held.set()
            time.sleep(0.5)
            done.set()
        mine.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    keep(other, healed("r1"))
    assert done.is_set()
    thread.join()
    other.close()
    assert len(list(store.rows())) == 1
