"""Left-over state by the words that tools print; nothing that is foreign, outside or of another form is touched."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guard.remedies import kill_stragglers, processes, reset_state
from guard.remedies.leftovers import LEFTOVERS, apt_lock, born, port_holder
from guard.types import (
    Allow,
    Change,
    Command,
    Diagnosis,
    Evidence,
    LogWindow,
    Outcome,
    Process,
    Refusal,
    Surroundings,
    Telemetry,
)

OURS, FOREIGN = Process(101, 1, "node", 7), Process(102, 1, "postgres", 8)


@pytest.fixture(autouse=True)
def _no_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "visible", lambda: True)
    monkeypatch.setattr(processes, "everyone", lambda: iter(()))
    monkeypatch.setattr(processes, "with_lock", lambda path: ())
    monkeypatch.setattr(processes, "listening", lambda port: ((), False))
    monkeypatch.setattr(processes, "ours", lambda one, outcome: one == OURS)


def outcome(text: str = "", **telemetry: object) -> Outcome:
    window = LogWindow(head=text.encode(), total_bytes=len(text))
    return Outcome(Command(("x",)), 1, 1, None, "exited", 1.0, window, Telemetry(**telemetry))  # type: ignore[arg-type]


def told(*lines: str, **entities: str) -> Diagnosis:
    return Diagnosis("stale_state", 0.9, "signature:x", tuple(Evidence(n, line) for n, line in enumerate(lines, 1)), entities)


def around(workspace: Path, allow: Allow | None = None, root: bool = False) -> Surroundings:
    return Surroundings(cwd=str(workspace), workspace=str(workspace), home="/nonexistent", allow=allow or Allow(), root=root)


def repository(tmp_path: Path) -> Path:
    (tmp_path / ".git/refs/heads").mkdir(parents=True)
    (tmp_path / ".git/modules/sub").mkdir(parents=True)
    for name in ("HEAD", "config", "index"):
        (tmp_path / ".git" / name).write_text("kept")
    return tmp_path


@pytest.mark.parametrize(
    ("lock", "line"),
    [
        ("index.lock", "fatal: Unable to create '{}': File exists."),
        ("shallow.lock", "fatal: Unable to create '{}': File exists."),
        ("HEAD.lock", "fatal: cannot lock ref 'HEAD': Unable to create '{}': File exists."),
        ("refs/heads/a.b.lock", "fatal: cannot lock ref 'refs/heads/a.b': Unable to create '{}': File exists."),
        ("modules/sub/index.lock", "fatal: Unable to create '{}': File exists."),
        ("config.lock", "error: could not lock config file .git/config: File exists"),
    ],
)
def test_git_locks(tmp_path: Path, lock: str, line: str) -> None:
    path = repository(tmp_path) / ".git" / lock
    path.touch()
    change = reset_state.propose(told(line.format(path)), outcome(), around(tmp_path))
    assert isinstance(change, Change)
    assert [action.target for action in change.actions] == [str(path)]
    assert not reset_state.apply(change, around(tmp_path)).error
    assert not path.exists()
    assert (tmp_path / ".git/index").read_text() == "kept"


@pytest.mark.parametrize("name", ["index", "hooks/pre-commit", "objects/ab/cdef.lock", "../yarn.lock", "config", "../.git/../poetry.lock"])
def test_files_that_are_no_lock_of_git(tmp_path: Path, name: str) -> None:
    path = repository(tmp_path) / ".git" / name
    (tmp_path / ".git/hooks").mkdir()
    (tmp_path / ".git/objects/ab").mkdir(parents=True)
    path.touch()
    assert not isinstance(reset_state.propose(told(f"fatal: Unable to create '{path}': File exists."), outcome(), around(tmp_path)), Change)


def test_a_git_lock_that_is_a_link(tmp_path: Path) -> None:
    (repository(tmp_path) / ".git/index.lock").symlink_to(tmp_path / ".git/index")
    line = f"fatal: Unable to create '{tmp_path}/.git/index.lock': File exists."
    assert reset_state.propose(told(line), outcome(), around(tmp_path)) is None


def test_a_git_lock_taken_anew_before_it_goes(tmp_path: Path) -> None:
    lock = repository(tmp_path) / ".git/index.lock"
    lock.touch()
    change = reset_state.propose(told(f"Unable to create '{lock}': File exists."), outcome(), around(tmp_path))
    assert isinstance(change, Change)
    (tmp_path / "new").touch()
    os.replace(tmp_path / "new", lock)
    assert reset_state.apply(change, around(tmp_path)).error
    assert lock.exists()


@pytest.mark.parametrize(
    ("line", "port"),
    [
        ("Error: listen EADDRINUSE: address already in use :::3000", 3000),
        ("Error: listen EADDRINUSE: address already in use 127.0.0.1:3001", 3001),
        ("listen tcp :8080: bind: address already in use", 8080),
        ("listen tcp 0.0.0.0:8081: bind: address already in use", 8081),
        ("Web server failed to start. Port 8082 was already in use.", 8082),
        ("ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 8000): address already in use", 8000),
        ("[::]:9000 failed: Address already in use", 9000),
        ("Error response from daemon: Bind for 0.0.0.0:5432 failed: port is already allocated", 5432),
        ("Something is already running: Port 3002 is in use", 3002),
    ],
)
def test_ports_as_tools_write_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, port: int) -> None:
    holders = {port: OURS}
    monkeypatch.setattr(processes, "listening", lambda asked: ((holders[asked],), True) if asked in holders else ((), False))
    found = port_holder.find(told(line), outcome(), around(tmp_path))
    assert isinstance(found, tuple)
    assert [action.target for action in found] == ["101"]
    holders[port] = FOREIGN
    answer = reset_state.propose(told(line), outcome(), around(tmp_path))
    assert isinstance(answer, Refusal)
    assert "postgres (pid 102)" in answer.reason


def test_a_port_that_only_the_command_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "listening", lambda asked: ((FOREIGN,), True) if asked == 18099 else ((), False))
    run = Outcome(Command(("python3", "-m", "http.server", "18099", "--wait", "300")), 1, 1, None, "exited", 1.0, LogWindow(), Telemetry())
    answer = reset_state.propose(told("OSError: [Errno 98] Address already in use"), run, around(tmp_path))
    assert isinstance(answer, Refusal)
    assert "port 18099" in answer.reason


def test_a_port_that_nobody_holds_any_more(tmp_path: Path) -> None:
    assert reset_state.propose(told("bind: Address already in use", port="8080"), outcome(), around(tmp_path)) is None


def test_dpkg_interrupted_needs_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem."
    change = reset_state.propose(told(line), outcome(), around(tmp_path, root=True))
    assert isinstance(change, Change)
    assert change.actions[0].target == "dpkg --configure -a"
    assert isinstance(reset_state.propose(told(line), outcome(), around(tmp_path)), Refusal)
    monkeypatch.setattr(apt_lock, "_half_done", lambda: False)
    held = "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 102 (apt-get)"
    assert reset_state.propose(told(held), outcome(), around(tmp_path, root=True)) is None
    monkeypatch.setattr(processes, "with_lock", lambda path: (102,))
    monkeypatch.setattr(processes, "process", lambda pid: FOREIGN)
    assert isinstance(reset_state.propose(told(held), outcome(), around(tmp_path, root=True)), Refusal)


def test_gradles_lock_of_a_dead_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / ".gradle/8.9/fileHashes/fileHashes.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    lines = (f"> Timeout waiting to lock file hash cache ({lock.parent}). It is currently in use by another Gradle instance.", "  Owner PID: 102", f"  Lock file: {lock}")
    monkeypatch.setattr(processes, "process", lambda pid: None)
    change = reset_state.propose(told(*lines), outcome(), around(tmp_path))
    assert isinstance(change, Change)
    monkeypatch.setattr(processes, "process", lambda pid: Process(102, 1, "java", 8))
    assert isinstance(reset_state.propose(told(*lines), outcome(), around(tmp_path)), Refusal)
    monkeypatch.setattr(processes, "process", lambda pid: None)
    assert not reset_state.apply(change, around(tmp_path)).error
    assert not lock.exists()


def test_a_container_name_is_never_taken_away(tmp_path: Path) -> None:
    line = 'docker: Error response from daemon: Conflict. The container name "/db" is already in use by container "0a1b".'
    answer = reset_state.propose(told(line), outcome(), around(tmp_path))
    assert isinstance(answer, Refusal)
    assert "db" in answer.reason


def test_stragglers_only_with_leave_and_only_when_there_are_some() -> None:
    diagnosis = Diagnosis("hang", 0.9, "telemetry:idle")
    assert kill_stragglers.propose(diagnosis, outcome(), Surroundings()) is None
    left = outcome(survivors=(OURS,))
    change = kill_stragglers.propose(diagnosis, left, Surroundings())
    assert isinstance(change, Change)
    assert change.actions[0].data["start_ticks"] == "1"
    assert isinstance(kill_stragglers.propose(diagnosis, left, Surroundings(allow=Allow(kill="none"))), Refusal)
    assert kill_stragglers.propose(Diagnosis("test_failure", 0.9, "x"), left, Surroundings()) is None


_PIECES = ["'", '"', ".git/", "index.lock", "/", "..", "../", "~", "Unable to create ", "File exists", " ", "\n", "\\", "*", "refs/", "config", "Address already in use :", "99999999", "Directory not empty: ", "CMakeCache.txt directory ", "remove the CMakeCache.txt file", "Lock file: ", "Timeout waiting to lock ", "Path: ", "Error acquiring the state lock"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(line=st.lists(st.sampled_from([*_PIECES, "OUT", "IN"]), max_size=14).map("".join))
def test_no_log_makes_it_delete_what_is_not_named_by_its_form(tmp_path_factory: pytest.TempPathFactory, line: str) -> None:
    above = tmp_path_factory.mktemp("above")
    workspace = above / "workspace"
    for folder in (workspace, above / "other"):
        folder.mkdir()
        repository(folder)
        for name in ("src/main.c", "build/CMakeCache.txt", ".git/index.lock"):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text("x")
    line = line.replace("OUT", str(above / "other")).replace("IN", str(workspace))
    surroundings = around(workspace, Allow(delete=(str(workspace / "build"),)))
    change = reset_state.propose(told(line), outcome(line), surroundings)
    if isinstance(change, Change):
        assert change.actions[0].data["leftover"] in LEFTOVERS
        reset_state.apply(change, surroundings)
    assert (workspace / "src/main.c").exists()
    assert (workspace / ".git/index").read_text() == "kept"
    assert all((above / "other" / name).exists() for name in ("src/main.c", "build/CMakeCache.txt", ".git/index.lock", ".git/index"))


def test_a_pid_file_goes_when_its_owner_is_dead_or_began_after_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    living = {101: OURS, 102: FOREIGN}
    monkeypatch.setattr(processes, "process", living.get)
    monkeypatch.setattr(processes, "with_open", lambda path: ())
    monkeypatch.setattr(processes, "began", lambda one: 5_000_000_000.0 if one is OURS else 1.0)
    file = tmp_path / "tmp/server.pid"
    file.parent.mkdir()
    line = told("A server is already running. Check tmp/server.pid.")

    def answer(content: str, allow: Allow | None = None) -> object:
        file.write_text(content)
        return reset_state.propose(line, outcome(), around(tmp_path, allow))

    for dead in ("4711\n", " 101"):
        change = answer(dead)
        assert isinstance(change, Change), dead
        assert [action.target for action in change.actions] == [str(file)]
    assert isinstance(answer("102\n"), Refusal)
    assert isinstance(answer("4711\n", Allow(delete=None)), Refusal)
    for no_owner in ("", "4711 4712\n", "x", "1" * 70):
        assert answer(no_owner) is None, no_owner
    answer("4711")
    change = reset_state.propose(line, outcome(), around(tmp_path))
    file.write_text("102")
    assert isinstance(change, Change)
    assert reset_state.apply(change, around(tmp_path)).done == (f"{file} is gone already",)
    assert file.exists()


def test_a_browsers_lock_of_another_machine_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "process", {}.get)
    lock = tmp_path / "SingletonLock"
    line = told(f"Failed to create {lock}: File exists (17)")
    lock.symlink_to("elsewhere-4711")
    assert isinstance(reset_state.propose(line, outcome(), around(tmp_path)), Refusal)
    lock.unlink()
    lock.symlink_to(f"{socket.gethostname()}-4711")
    assert isinstance(reset_state.propose(line, outcome(), around(tmp_path)), Change)


def test_a_socket_that_nobody_listens_on(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("x")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "app.sock"))
    line = told(f"Error: listen EADDRINUSE: address already in use {tmp_path}/app.sock", f"EADDRINUSE {tmp_path}/plain")
    assert isinstance(reset_state.propose(line, outcome(), around(tmp_path)), Refusal)
    server.close()
    change = reset_state.propose(line, outcome(), around(tmp_path))
    assert isinstance(change, Change)
    assert reset_state.apply(change, around(tmp_path)).error == ""
    assert [path.name for path in tmp_path.iterdir()] == ["plain"]


def test_what_an_earlier_attempt_made_may_go_and_nothing_older(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    births: dict[str, float | None] = {"out": 20.0, "out/one": 21.0}
    monkeypatch.setattr(born, "_birth", lambda path: births.get(str(path.relative_to(tmp_path))))
    monkeypatch.setattr(processes, "began", lambda one: 10.0)
    monkeypatch.setattr(processes, "working_in", lambda folder, name, unseen: ())
    (tmp_path / "out").mkdir()
    (tmp_path / "out/one").write_text("x")
    line = told("fatal: destination path 'out' already exists and is not an empty directory.")

    def answer(number: int) -> object:
        second = replace(outcome(), number=number, started_at="1970-01-01T00:00:30.000Z")
        return reset_state.propose(line, second, around(tmp_path))

    assert isinstance(answer(1), Refusal)
    change = answer(2)
    assert isinstance(change, Change)
    assert [action.target for action in change.actions] == [str(tmp_path / "out")]
    for older in (9.0, 31.0, None):
        births["out/one"] = older
        assert isinstance(answer(2), Refusal)
