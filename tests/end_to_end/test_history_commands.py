"""Runs and commands on a history: what is kept, what is learned, what an untrusted file may not do, what a fault may not change."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from tests.unit.runs_by_hand import attempt, document, failure, healed, healing

ROOT = Path(__file__).parent.parent.parent
SETTINGS = """\
strategies:
  - {name: restart, when: {pattern: "E4711"}, run: "true"}
  - {name: drop, when: {pattern: "E4711"}, run: "rm -f stale"}
history: {store: "sqlite:.pipeguard/history.db"}
"""
BUILD = 'if [ -e stale ]; then echo "widget: E4711 generation mismatch"; exit 3; fi; echo built'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / ".pipeguard.yml").write_text(SETTINGS)
    (folder / "build.sh").write_text(BUILD + "\n")
    return folder


def guard(folder: Path, *arguments: str, env: dict[str, str] | None = None, given: str | None = None) -> subprocess.CompletedProcess[str]:
    # No classifier: what is learned must not rest on it.
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder.parent), **(env or {})}
    return subprocess.run(
        [sys.executable, "-m", "guard", *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=100,
        input=given, stdin=subprocess.DEVNULL if given is None else None,
    )  # fmt: skip


def build(folder: Path, *, stale: bool = True, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    if stale:
        (folder / "stale").touch()
    return guard(folder, "run", "--", "sh", "build.sh", env=env)


def exported(folder: Path) -> list[dict]:
    return [json.loads(line) for line in guard(folder, "history", "export").stdout.splitlines()]


def test_the_third_run_heals_at_once(place: Path) -> None:
    attempts = []
    for _ in range(3):
        done = build(place)
        assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "built")
        attempts.append(len(exported(place)[-1]["attempts"]))
    assert attempts == [3, 2, 2]
    assert "this failure was seen 2 times, healed 2 of 2 by user_strategy/drop" in done.stderr


def test_what_is_exported_follows_the_published_schema_and_comes_back(place: Path, tmp_path: Path) -> None:
    build(place)
    build(place, stale=False)
    runs = exported(place)
    assert [run["status"] for run in runs] == ["healed", "passed"]
    schema = json.loads((ROOT / "guard/schema/run.schema.json").read_text())
    for run in runs:
        jsonschema.validate(run, schema)
    other = tmp_path / "other"
    other.mkdir()
    assert guard(place, "history", "export", str(other / "runs.jsonl")).returncode == 0
    (other / ".pipeguard.yml").write_text(SETTINGS)
    assert "2 of 2 runs are new" in guard(other, "history", "import", "runs.jsonl").stderr
    assert "0 of 2 runs are new" in guard(other, "history", "import", "-", given=(other / "runs.jsonl").read_text()).stderr
    assert exported(other) == runs


def test_a_pass_leaves_a_line_and_a_failure_takes_it_in(place: Path) -> None:
    build(place, stale=False)
    assert not (place / ".pipeguard").exists()
    build(place)
    spool = place / ".pipeguard/history.db.spool"
    done = build(place, stale=False)
    assert (done.stderr, len(spool.read_text().splitlines())) == ("", 1)
    assert "built" not in spool.read_text()
    build(place)
    assert not spool.exists()
    assert [run["status"] for run in exported(place)] == ["healed", "passed", "healed"]


def test_the_folder_is_ours_alone(place: Path) -> None:
    build(place)
    folder = place / ".pipeguard"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "history.db").stat().st_mode & 0o777 == 0o600
    subprocess.run(["git", "init", "-q"], cwd=place, check=True)
    listed = subprocess.run(["git", "status", "--porcelain", "-uall"], cwd=place, capture_output=True, text=True, check=True).stdout
    assert ".pipeguard/" not in listed


@pytest.mark.parametrize("where", ["no checkout", "off", "variable"])
def test_nothing_is_kept_where_nobody_asks(place: Path, where: str) -> None:
    if where == "no checkout":
        (place / ".pipeguard.yml").unlink()
    elif where == "off":
        (place / ".pipeguard.yml").write_text("history: off\n")
    done = build(place, env={"PIPEGUARD_HISTORY": "off"} if where == "variable" else None)
    assert done.returncode in (0, 3)
    assert not (place / ".pipeguard").exists()


def test_a_checkout_has_a_history_by_itself(place: Path) -> None:
    (place / ".pipeguard.yml").unlink()
    (place / ".git").mkdir()
    assert build(place).returncode == 3
    assert [run["status"] for run in exported(place)] == ["failed"]


def test_no_secret_is_kept(place: Path) -> None:
    (place / "stale").touch()
    env = {"DEPLOY_TOKEN": "hunter2hunter2", "PIPEGUARD_HISTORY": ".pipeguard/history.db"}
    guard(place, "run", "-c", "echo E4711 $DEPLOY_TOKEN; echo --password=correcthorse; exit 3", env=env)
    kept = json.dumps(exported(place)) + guard(place, "history", "show", exported(place)[0]["id"]).stdout
    assert "E4711" in kept
    assert "hunter2hunter2" not in kept


def test_feedback_is_followed_at_once(place: Path) -> None:
    build(place)
    run = exported(place)[0]["id"]
    (place / "log").write_text("widget: E4711 generation mismatch\n")

    def diagnosed() -> dict:
        return json.loads(guard(place, "diagnose", "--json", "--exit-code", "3", "log").stdout)

    before = diagnosed()["label"]
    assert guard(place, "feedback", run, "--label", "stale_state").returncode == 0
    assert (diagnosed()["label"], diagnosed()["source"]) == ("stale_state", "history")
    assert exported(place)[0]["corrected_label"] == "stale_state"
    assert guard(place, "feedback", run[:8], "--clear").returncode == 0
    assert diagnosed()["label"] == before


def test_a_heal_that_was_wrong_is_not_tried_again(place: Path) -> None:
    build(place)
    assert guard(place, "feedback", exported(place)[0]["id"], "--wrong-heal").returncode == 0
    done = build(place)
    assert done.returncode == 3
    assert "drop" not in done.stderr.replace("by user_strategy/drop", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("feedback", "nobody", "--label", "hang"), "no run 'nobody'"),
        (("feedback", "nobody"), "say one thing"),
        (("feedback", "nobody", "--label", "flakey"), "'flakey' is no label"),
        (("history", "show", "nobody"), "no run 'nobody'"),
        (("history", "import", "missing.jsonl"), "missing.jsonl: No such file"),
        (("history", "merge", "missing.db"), "missing.db: No such file"),
        (("history", "merge", "build.sh"), "build.sh is no history"),
        (("history", "forget"), "nothing says which runs"),
        (("history", "forget", "--older-than", "soon"), "'soon' is no date"),
        (("history", "verify", "--head", "x"), "--head: is no hash"),
        (("history", "show", "--store", "sqlite:nowhere.db"), "there is no history yet"),
    ],
)
def test_what_a_user_can_do_wrong_is_said_in_two_lines(place: Path, arguments: tuple[str, ...], said: str) -> None:
    build(place)
    done = guard(place, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert said in lines[0]
    assert len(lines) <= 2
    assert all(line.startswith("guard: ") for line in lines)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "nested too deep"),
        ("[]", "no JSON object"),
        ('{"schema": "pipeguard.run/2"}', "is not pipeguard.run/1"),
        (json.dumps(healed("x", surprise=1)), '"surprise" is no known key'),
        (json.dumps(healed("x", duration_s=-1)), "duration_s: -1 is out of bounds"),
        (json.dumps(healed("x")).replace("61.0", "NaN"), "NaN is no number"),
        (json.dumps(healed("x")).replace("61.0", "1e400"), "too large"),
        (json.dumps(healed("x", started_at="yesterday")), "is no date"),
        (json.dumps(healed("x", platform="mars")), "platform"),
        (json.dumps(healed("x", branch="b" * 2_000_000)), "a text is longer"),
        (json.dumps(document("x", [attempt(n, 1) for n in range(1, 2500)])), "more than 2000 entries"),
        ("x" * (5 << 20), "longer than 4 MiB"),
    ],
)
def test_a_line_that_is_no_run_is_refused_with_its_number(place: Path, line: str, said: str) -> None:
    (place / "runs.jsonl").write_text(json.dumps(healed("good")) + "\n" + line + "\n")
    done = guard(place, "history", "import", "runs.jsonl")
    assert done.returncode == 2
    assert done.stderr.startswith("guard: runs.jsonl:2: ")
    assert said in done.stderr
    assert guard(place, "history", "show").stdout == ""


def test_copies_that_grew_apart_are_joined(place: Path, tmp_path: Path) -> None:
    """As a CI's cache does it: two jobs begin with one copy, each adds its own runs."""
    build(place)
    jobs = [tmp_path / "job1", tmp_path / "job2"]
    for job in jobs:
        shutil.copytree(place, job)
        build(job)
    build(jobs[1])
    done = guard(jobs[0], "history", "merge", str(jobs[1] / ".pipeguard/history.db"))
    assert "2 runs are new, 1 were known" in done.stderr
    assert "0 runs are new, 3 were known" in guard(jobs[0], "history", "merge", str(jobs[1] / ".pipeguard/history.db")).stderr
    assert len(exported(jobs[0])) == 4
    assert guard(jobs[0], "history", "verify").returncode == 0
    build(jobs[0])
    assert guard(jobs[0], "history", "verify").returncode == 0


def test_a_forgotten_run_does_not_come_back_with_a_copy(place: Path, tmp_path: Path) -> None:
    build(place)
    copy = tmp_path / "copy.db"
    shutil.copy(place / ".pipeguard/history.db", copy)
    run = exported(place)[0]["id"]
    assert "1 runs forgotten" in guard(place, "history", "forget", "--run", run).stderr
    assert "0 runs are new" in guard(place, "history", "merge", str(copy)).stderr
    assert exported(place) == []
    # And a copy in which it was forgotten takes it along.
    assert "0 runs are new" in guard(place, "history", "merge", "--store", f"sqlite:{copy}", str(place / ".pipeguard/history.db")).stderr
    assert guard(place, "history", "show", "--store", f"sqlite:{copy}").stdout == ""


def test_verify_finds_what_was_altered(place: Path) -> None:
    build(place)
    first = guard(place, "history", "verify")
    assert first.returncode == 0
    head = first.stdout.split()[-1]
    build(place)
    assert guard(place, "history", "verify", "--head", head).returncode == 0
    database = sqlite3.connect(place / ".pipeguard/history.db")
    database.execute("UPDATE pipeguard_audit SET body = replace(body, 'restart', 'nothing')")
    database.commit()
    done = guard(place, "history", "verify")
    assert done.returncode == 1
    assert "was altered" in done.stderr
    database.execute("DELETE FROM pipeguard_audit")
    database.execute("DELETE FROM pipeguard_heads")
    database.commit()
    assert guard(place, "history", "verify").returncode == 0
    assert "once was the last" in guard(place, "history", "verify", "--head", head).stderr


def test_the_trail_says_who_allowed_what(place: Path) -> None:
    build(place)
    told = guard(place, "history", "show", exported(place)[0]["id"]).stdout
    assert "user_strategy/drop begins: runs your strategy drop (allowed by: strategies: drop)" in told
    assert "user_strategy/drop done" in told


@pytest.mark.parametrize(
    "trap",
    [
        "CREATE TRIGGER pipeguard_t AFTER INSERT ON pipeguard_runs BEGIN DELETE FROM pipeguard_runs; END",
        "CREATE VIEW pipeguard_v AS SELECT 1",
        "CREATE VIRTUAL TABLE pipeguard_x USING fts5(a)",
        "CREATE TABLE other (a)",
    ],
)
def test_a_file_with_more_than_our_tables_is_refused(place: Path, tmp_path: Path, trap: str) -> None:
    build(place)
    copy = tmp_path / "copy.db"
    shutil.copy(place / ".pipeguard/history.db", copy)
    with sqlite3.connect(copy) as database:
        try:
            database.execute(trap)
        except sqlite3.OperationalError as error:
            pytest.skip(f"this SQLite cannot: {error}")
    database.close()
    before = copy.read_bytes()
    done = guard(place, "history", "merge", str(copy))
    assert done.returncode == 2
    assert "that guard never made" in done.stderr
    assert copy.read_bytes() == before


def test_of_an_untrusted_copy_only_sound_runs_are_taken(place: Path, tmp_path: Path) -> None:
    build(place)
    copy = tmp_path / "copy.db"
    shutil.copy(place / ".pipeguard/history.db", copy)
    import zlib

    with sqlite3.connect(copy) as database:
        row = database.execute("SELECT * FROM pipeguard_runs").fetchone()
        for run, packed in (("bomb", zlib.compress(b" " * (64 << 20))), ("junk", b"junk"), ("text", "text"), ("other", row[-1])):
            database.execute(f"INSERT INTO pipeguard_runs VALUES ({', '.join('?' * len(row))})", (run, *row[1:-1], packed))
    database.close()
    done = guard(place, "history", "merge", str(copy))
    assert "0 runs are new, 1 were known; 4 left out" in done.stderr
    assert len(exported(place)) == 1


def unharmed(done: subprocess.CompletedProcess[str]) -> None:
    """The build's result is its own, and guard has said in one line what it goes on without."""
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "built")
    assert "Traceback" not in done.stderr
    assert "internal fault" not in done.stderr


@pytest.mark.parametrize("damage", ["no database", "cut off", "overwritten", "table gone"])
def test_a_damaged_store_is_set_aside_and_the_build_goes_on(place: Path, damage: str) -> None:
    build(place)
    file = place / ".pipeguard/history.db"
    for companion in file.parent.glob("history.db-*"):
        companion.unlink()
    if damage == "no database":
        file.write_bytes(b"nothing of the kind" * 100)
    elif damage == "cut off":
        file.write_bytes(file.read_bytes()[:5000])
    elif damage == "overwritten":
        content = file.read_bytes()
        file.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    else:
        database = sqlite3.connect(file)
        database.execute("DROP TABLE pipeguard_failures")
        database.commit()
        database.close()
    before = file.read_bytes()
    done = build(place)
    unharmed(done)
    assert done.stderr.count("set aside as") == 1
    (beside,) = [path for path in file.parent.glob("history.db.damaged-*") if not path.name.endswith(("-wal", "-shm"))]
    assert beside.read_bytes()[:4096] == before[:4096]
    assert len(exported(place)) == 1


def test_another_program_s_database_is_left_alone(place: Path) -> None:
    file = place / ".pipeguard/history.db"
    file.parent.mkdir()
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE accounts (id)")
    database.close()
    before = file.read_bytes()
    done = build(place)
    unharmed(done)
    assert done.stderr.count("no history of guard's; going on without history") == 1
    assert file.read_bytes() == before


def test_a_newer_store_is_left_alone(place: Path) -> None:
    build(place)
    file = place / ".pipeguard/history.db"
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    before = file.read_bytes()
    done = build(place)
    unharmed(done)
    assert done.stderr.count("newer guard") == 1
    assert file.read_bytes() == before
    assert guard(place, "history", "show").returncode == 2


@pytest.mark.parametrize("kind", ["folder", "fifo", "link", "linked folder"])
def test_a_store_that_is_no_file_is_left_alone(place: Path, tmp_path: Path, kind: str) -> None:
    file = place / ".pipeguard/history.db"
    outside = tmp_path / "outside"
    outside.mkdir()
    (place / ".pipeguard.yml").write_text(SETTINGS.replace("history:", "#"))
    if kind == "linked folder":
        file.parent.symlink_to(outside)
    else:
        file.parent.mkdir()
    if kind == "folder":
        file.mkdir()
    elif kind == "fifo":
        os.mkfifo(file)
    elif kind == "link":
        file.symlink_to(outside / "elsewhere.db")
    unharmed(build(place))
    unharmed(build(place, stale=False))
    assert list(outside.iterdir()) == []


def test_a_locked_store_is_waited_for_and_then_left(place: Path) -> None:
    build(place)
    locker = sqlite3.connect(place / ".pipeguard/history.db", isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    done = build(place)
    unharmed(done)
    assert done.stderr.count("locked by another process") == 1
    locker.execute("ROLLBACK")
    locker.close()
    # The run waited beside the store until it was free, and so did what its remedies did.
    assert len(exported(place)) == 2
    checked = guard(place, "history", "verify")
    assert checked.returncode == 0, checked.stderr
    assert "2 entries of run" in checked.stdout
    told = guard(place, "history", "show", max(exported(place), key=lambda run: run["started_at"])["id"]).stdout
    assert told.count("came late") == 3


def test_a_folder_that_cannot_be_written(place: Path) -> None:
    if os.geteuid() == 0:
        # Root may write anywhere; a file where the folder should be stops root too.
        (place / ".pipeguard").write_text("")
    else:
        (place / ".pipeguard").mkdir(mode=0o500)
    done = build(place)
    unharmed(done)
    assert done.stderr.count("going on without history") == 1


def test_a_full_disk(place: Path) -> None:
    folder = place / ".pipeguard"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("only root can mount a small file system")
    try:
        (folder / "filler").write_bytes(b"x" * 40_000)
        unharmed(build(place))
        (folder / "filler").unlink()
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
    unharmed(build(place))


def test_a_disk_that_fills_up_damages_nothing(place: Path) -> None:
    folder = place / ".pipeguard"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "none", str(folder)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("only root can mount a small file system")
    try:
        unharmed(build(place))
        filler = folder / "filler"
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(b"x" * 4096):
                pass
        done = build(place)
        unharmed(done)
        unharmed(build(place, stale=False))
        filler.unlink()
        assert len(exported(place)) >= 1
        assert guard(place, "history", "verify").returncode == 0
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that accepts and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("kind", ["gone", "silent"])
def test_a_server_that_does_not_answer(place: Path, silent: int, kind: str) -> None:
    pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
    port = silent if kind == "silent" else 1
    (place / ".pipeguard.yml").write_text(SETTINGS.replace("sqlite:.pipeguard/history.db", f"postgresql://me:hunter2secret@127.0.0.1:{port}/runs"))
    begin = time.monotonic()
    done = build(place)
    unharmed(done)
    assert time.monotonic() - begin < 60
    assert done.stderr.count("going on without history") == 1
    assert "hunter2secret" not in done.stderr
    assert "hunter2secret" not in (place / ".pipeguard/remote.spool").read_text()
    # A pass opens no connection.
    assert build(place, stale=False).stderr == ""


def test_without_a_driver(place: Path) -> None:
    (place / ".pipeguard.yml").write_text(SETTINGS.replace("sqlite:.pipeguard/history.db", "postgresql://127.0.0.1/runs"))
    (place / "psycopg.py").write_text("raise ImportError\n")
    done = build(place, env={"PYTHONPATH": f"{place}{os.pathsep}{ROOT}"})
    unharmed(done)
    assert "needs the package psycopg" in done.stderr


def test_a_run_that_found_its_server_gone_is_taken_in_later(place: Path, request: pytest.FixtureRequest) -> None:
    pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
    from tests.end_to_end.postgres_server import running

    with running() as server:
        (place / ".pipeguard.yml").write_text(SETTINGS.replace("sqlite:.pipeguard/history.db", server.url))
        server.stop()
        try:
            unharmed(build(place))
        finally:
            server.start()
        unharmed(build(place))
        assert [run["status"] for run in exported(place)] == ["healed", "healed"]
        assert not (place / ".pipeguard/remote.spool").exists()


def test_an_unknown_failure_is_compared_with_known_ones(place: Path) -> None:
    text = "frobnicator: cannot frob the quux of module seven"
    unknown = failure("unknown", "other", text)
    (place / "runs.jsonl").write_text(json.dumps(document("a", [attempt(1, 9, unknown)], project="w")) + "\n")
    assert guard(place, "history", "import", "runs.jsonl").returncode == 0
    done = guard(place, "run", "-c", "echo 'frobnicator: cannot frob the quux of module eight'; exit 9")
    assert done.returncode == 9
    assert "this failure was seen once, never healed" in done.stderr




def test_the_demo(tmp_path: Path) -> None:
    """docs/demo/learn.sh, with this guard on PATH."""
    program = tmp_path / "bin/guard"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m guard "$@"\n')
    program.chmod(0o755)
    env = {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["sh", str(ROOT / "docs/demo/learn.sh")], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "result-1.json:3\nresult-2.json:2\nresult-3.json:2\n" in done.stdout
    assert "seen 2 times, healed 2 of 2 by user_strategy/drop-generator-cache" in done.stdout


def test_a_run_that_was_told_to_stop_is_remembered_without_delay(place: Path) -> None:
    build(place)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(place.parent)}
    locker = sqlite3.connect(place / ".pipeguard/history.db", isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    child = subprocess.Popen(
        [sys.executable, "-m", "guard", "run", "--", "sh", "-c", "echo begun; exec sleep 60"], cwd=place, env=environment, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"begun\n"
    child.terminate()
    assert child.wait(30) == 143
    locker.execute("ROLLBACK")
    locker.close()
    assert [run["status"] for run in exported(place)] == ["healed", "interrupted"]


def test_a_run_of_any_size_is_kept(place: Path) -> None:
    script = "# " + "x" * 90_000 + "\necho E9999 " + "y" * 9_000 + "; exit 3"
    assert guard(place, "run", "-c", script).returncode == 3
    (run,) = exported(place)
    assert max(len(word) for word in run["command"]) <= 8192
    assert guard(place, "history", "import", "-", given=json.dumps(run)).returncode == 0


def test_a_flaky_test_is_remembered_and_written_as_one(place: Path) -> None:
    (place / ".pipeguard.yml").write_text("labels: {test_failure: {remedies: [rerun_failed_tests], min_probability: 0}, flaky_test: {min_probability: 0}}\n")
    (place / "test_it.py").write_text(
        "from pathlib import Path\n\ndef test_fine():\n    pass\n\n"
        "def test_now_and_then():\n    seen = Path('seen')\n    if not seen.exists():\n        seen.touch()\n        assert 1 == 2\n"
    )
    done = guard(place, "run", "--", sys.executable, "-m", "pytest", "-p", "no:xdist", "test_it.py")
    assert done.returncode == 0, done.stderr
    written = guard(place, "report", "--junit", "-").stdout
    suites = ElementTree.fromstring(written)
    assert [case.get("name") for case in suites.iter("testcase")] == ["test_now_and_then"]
    assert [child.tag for child in next(suites.iter("testcase"))] == ["flakyFailure"]


@pytest.mark.parametrize(
    ("env", "name"),
    [
        ({"TF_BUILD": "True"}, "##vso[task.setvariable variable=PATH]/evil"),
        ({"GITHUB_ACTIONS": "true"}, "::error title=evil::evil"),
        ({"TEAMCITY_VERSION": "2026"}, "##teamcity[buildStatus status='SUCCESS']"),
    ],
)
def test_no_name_of_the_history_opens_a_command_of_the_ci(place: Path, env: dict[str, str], name: str) -> None:
    details = {"framework": "pytest", "must_run": [name]}
    run = document("r1", [attempt(1, 1, failure("flaky_test", text=name), healing("rerun_failed_tests", details=details)), attempt(2, 0)], command=[name], branch=name)
    env = {"TF_BUILD": "", "GITHUB_ACTIONS": "", "TEAMCITY_VERSION": "", **env}
    assert guard(place, "history", "import", "-", given=json.dumps(run), env=env).returncode == 0
    for words in (("report",), ("report", "--json", "-"), ("history", "show"), ("history", "show", "r1"), ("history", "show", "--json"), ("history", "export")):
        shown = guard(place, *words, env=env).stdout
        assert "evil" in shown or "SUCCESS" in shown
        assert "##vso[" not in shown
        assert "##teamcity[" not in shown
        assert not any(line.lstrip().startswith("::") for line in shown.splitlines())
    assert json.loads(guard(place, "history", "export", env=env).stdout)["branch"] == name


@pytest.mark.parametrize("record", ["-v", "--junitxml=junit.xml"])
def test_runs_of_a_test_are_those_that_its_framework_names(place: Path, record: str) -> None:
    """In the first build one test of many fails, in the second another: both red, on one commit, so both tests are flaky."""
    (place / "test_it.py").write_text(
        "import os\nimport pytest\n\n@pytest.mark.parametrize('number', range(80))\ndef test_one(number):\n"
        "    assert os.environ['BREAKS'] != str(number)\n"
    )
    for breaks in ("7", "8", "9", "no"):
        env = {"BREAKS": breaks, "GITHUB_SHA": "c0ffee", "GITHUB_REPOSITORY": "acme/app"}
        done = guard(place, "run", "--", sys.executable, "-m", "pytest", "-p", "no:xdist", record, "test_it.py", env=env)
        assert done.returncode == (0 if breaks == "no" else 1), done.stderr
        assert "fault" not in done.stderr
    found = json.loads(guard(place, "report", "--json", "-").stdout)["views"][0]["flaky_tests"]
    tests = {one["name"]: (one["seen"], one["failed"], one["flaky"]["successes"]) for one in found}
    assert tests == {"test_it.py::test_one[7]": (3, 1, 1), "test_it.py::test_one[8]": (2, 1, 1)}
    # Of 79 passes each those are kept that say something: of tests that failed before.
    kept = [record for run in exported(place) for attempt in run["attempts"] for record in attempt.get("tests", ())]
    assert [len(one["passed"]) for one in kept] == [0, 1, 2]


def test_passes_and_failures_at_once_lose_nothing(place: Path) -> None:
    build(place)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(place.parent)}
    words = [sys.executable, "-m", "guard", "run", "--"]
    passes = [subprocess.Popen([*words, "true"], cwd=place, env=environment, stdin=subprocess.DEVNULL) for _ in range(24)]
    failures = [subprocess.Popen([*words, "no-such-command"], cwd=place, env=environment, stdin=subprocess.DEVNULL) for _ in range(3)]
    assert {one.wait(100) for one in passes} == {0}
    assert {one.wait(100) for one in failures} == {127}
    assert sorted(run["status"] for run in exported(place)) == ["failed"] * 3 + ["healed"] + ["passed"] * 24


def test_a_failure_that_nothing_explains_heals_as_it_healed_before(place: Path) -> None:
    """Its earlier runs had a name for it; by its lines alone it is known again. Once would have been chance."""
    text = "frobnicator: the quux of module five has gone sour"
    runs = [
        document(f"r{number}", [attempt(1, 9, failure("hang", "earlier", text), healing("rerun_all")), attempt(2, 0)], project="w") for number in range(2)
    ]
    script = "echo 'frobnicator: the quux of module five has gone sour'; if [ -e again ]; then echo built; exit 0; fi; touch again; exit 9"
    for known, code in ((1, 9), (2, 0)):
        (place / "again").unlink(missing_ok=True)
        guard(place, "history", "import", "-", given="\n".join(json.dumps(run) for run in runs[:known]))
        done = guard(place, "run", "-c", script)
        assert (done.returncode, f"healed {known} of {known} by rerun_all" in done.stderr) == (code, True), done.stderr


def test_a_result_file_is_taken_too(place: Path) -> None:
    (place / ".pipeguard.yml").write_text("history: off\n")
    build(place, env={"PIPEGUARD_RESULT": "result.json"})
    where = ("--store", "sqlite:taken.db")
    assert "1 of 1 runs are new" in guard(place, "history", "import", "result.json", *where).stderr
    assert "0 of 1 runs are new" in guard(place, "history", "import", "result.json", *where).stderr
