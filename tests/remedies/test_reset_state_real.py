"""Left-over state on the real thing: git's locks, a listening port, dpkg's lock, Terraform's state, CMake's tree."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from guard.remedies import kill_stragglers, processes, reset_state
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

pytestmark = pytest.mark.tools


def run(*argv: str, cwd: Path) -> Outcome:
    done = subprocess.run(argv, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
    command = Command(argv=argv, cwd=str(cwd))
    return Outcome(command, 1, done.returncode, None, "exited", 1.0, LogWindow(head=done.stdout, total_bytes=len(done.stdout)), Telemetry())


def diagnosis(outcome: Outcome, pattern: str, **entities: str) -> Diagnosis:
    text = outcome.window.head.decode()
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(pattern, line):
            return Diagnosis("stale_state", 0.95, "signature:test", (Evidence(number, line),), entities)
    raise AssertionError(text)


def around(workspace: Path, allow: Allow | None = None) -> Surroundings:
    return Surroundings(cwd=str(workspace), workspace=str(workspace), home="/nonexistent", root=os.geteuid() == 0, allow=allow or Allow())


def reset(told: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change:
    change = reset_state.propose(told, outcome, surroundings)
    assert isinstance(change, Change), change
    applied = reset_state.apply(change, surroundings)
    assert not applied.error
    return change


@contextmanager
def child(*argv: str, cwd: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(argv, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    if shutil.which("git") is None:
        pytest.skip("no git")
    folder = tmp_path / "repo"
    folder.mkdir()
    for words in (("init", "-q"), ("config", "user.email", "a@b.example"), ("config", "user.name", "n"), ("commit", "-q", "--allow-empty", "-m", "x")):
        assert run("git", *words, cwd=folder).exit_code == 0
    (folder / "file").write_text("x")
    return folder


@pytest.mark.parametrize(
    ("lock", "words"),
    [
        ("index.lock", ("add", "file")),
        ("HEAD.lock", ("commit", "--allow-empty", "-m", "y")),
        ("config.lock", ("config", "a.b", "c")),
        ("refs/heads/new.lock", ("branch", "new")),
    ],
)
def test_a_lock_of_a_dead_git(repository: Path, lock: str, words: tuple[str, ...]) -> None:
    path = repository / ".git" / lock
    path.touch()
    failed = run("git", *words, cwd=repository)
    assert failed.exit_code != 0
    reset(diagnosis(failed, "lock", tool="git"), failed, around(repository))
    assert not path.exists()
    assert run("git", *words, cwd=repository).exit_code == 0


def test_a_lock_that_a_living_git_may_hold(repository: Path) -> None:
    (repository / ".git/index.lock").touch()
    failed = run("git", "add", "file", cwd=repository)
    told = diagnosis(failed, "index.lock")
    with child("git", "cat-file", "--batch", cwd=repository) as holder:
        # A command that reads its input ends at once with none: keep one that waits.
        del holder
        with subprocess.Popen(["git", "cat-file", "--batch"], cwd=repository, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as waiting:
            seen = processes.process(waiting.pid)
            assert seen is not None
            # Not one of this job: neither a survivor nor, for the question, a child of ours.
            original = processes._descends
            processes._descends = lambda pid: False
            try:
                answer = reset_state.propose(told, failed, around(repository))
            finally:
                processes._descends = original
            assert isinstance(answer, Refusal)
            assert str(waiting.pid) in answer.reason
            change = reset_state.propose(told, failed, around(repository))
            assert isinstance(change, Change)
            # Proposed as ours, but still alive when it is to be done: not done.
            assert reset_state.apply(change, around(repository)).error
            assert (repository / ".git/index.lock").exists()
            waiting.kill()


def test_a_lock_outside_the_workspace(repository: Path, tmp_path: Path) -> None:
    (repository / ".git/index.lock").touch()
    failed = run("git", "add", "file", cwd=repository)
    other = tmp_path / "other"
    other.mkdir()
    assert isinstance(reset_state.propose(diagnosis(failed, "index.lock"), failed, around(other)), Refusal)
    assert (repository / ".git/index.lock").exists()


LISTEN = "import socket,time\ns=socket.socket()\ns.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\ns.bind(('127.0.0.1', {port}))\ns.listen()\nprint('up', flush=True)\ntime.sleep(60)"


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_a_port_of_our_own_earlier_attempt_and_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = LISTEN.format(port=_free_port())
    with child(sys.executable, "-c", code) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        failed = run(sys.executable, "-c", code, cwd=tmp_path)
        assert failed.exit_code != 0
        port = code.split("'127.0.0.1', ")[1].split(")")[0]
        told = diagnosis(failed, "Address already in use", port=port)
        with monkeypatch.context() as patch:
            patch.setattr(processes, "_descends", lambda pid: False)
            answer = reset_state.propose(told, failed, around(tmp_path))
            assert isinstance(answer, Refusal)
            assert str(holder.pid) in answer.reason
            seen = processes.process(holder.pid)
            assert seen is not None
            failed = replace(failed, telemetry=Telemetry(survivors=(seen,)))
            assert isinstance(reset_state.propose(told, failed, around(tmp_path, Allow(kill="none"))), Refusal)
            reset(told, failed, around(tmp_path))
        assert holder.wait(5) != 0
        assert processes.listening(int(port)) == ((), False)


def test_the_lock_of_dpkg_is_left_to_its_holder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = Path("/var/lib/dpkg/lock-frontend")
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        pytest.skip("needs root and apt")
    hold = "import fcntl,time\nf=open('/var/lib/dpkg/lock-frontend','w')\nfcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)\nprint('up', flush=True)\ntime.sleep(60)"
    with child(sys.executable, "-c", hold) as holder:
        assert holder.stdout is not None
        if not holder.stdout.readline():
            pytest.skip("dpkg is in use")
        failed = run("apt-get", "install", "-y", "no-such-package-at-all", cwd=tmp_path)
        if failed.exit_code == 0 or b"lock" not in failed.window.head:
            failed = run("apt-get", "-y", "--reinstall", "install", "base-files", "--no-download", cwd=tmp_path)
        told = diagnosis(failed, "Could not get lock", tool="apt")
        monkeypatch.setattr(processes, "_descends", lambda pid: False)
        answer = reset_state.propose(told, failed, around(tmp_path))
        assert isinstance(answer, Refusal)
        assert str(holder.pid) in answer.reason
    assert lock.exists()
    # Its holder is dead, so that the kernel has freed it: nothing to reset, only to try again.
    assert reset_state.propose(told, failed, around(tmp_path)) is None


def test_terraforms_state_is_left_to_a_foreign_holder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("terraform") is None:
        pytest.skip("no terraform")
    (tmp_path / "main.tf").write_text('output "a" { value = 1 }\n')
    assert run("terraform", "init", "-no-color", cwd=tmp_path).exit_code == 0
    assert run("terraform", "apply", "-auto-approve", "-no-color", cwd=tmp_path).exit_code == 0
    with (tmp_path / "terraform.tfstate").open("r+") as state:
        fcntl.lockf(state, fcntl.LOCK_EX)
        failed = run("terraform", "apply", "-auto-approve", "-no-color", cwd=tmp_path)
        assert failed.exit_code != 0
        told = diagnosis(failed, "Error acquiring the state lock", tool="terraform")
        answer = reset_state.propose(told, failed, around(tmp_path))
        assert isinstance(answer, Refusal)
        assert str(os.getpid()) in answer.reason
    assert reset_state.propose(told, failed, around(tmp_path)) is None


@pytest.mark.parametrize("how", ["source", "moved"])
def test_what_cmake_wrote_of_a_stale_tree_goes_and_the_rest_stays(tmp_path: Path, how: str) -> None:
    if shutil.which("cmake") is None:
        pytest.skip("no cmake")
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.5)\nproject(x NONE)\n")
    assert run("cmake", "-S", "a", "-B", "build", cwd=tmp_path).exit_code == 0
    build, words = tmp_path / "build", ("cmake", "-S", "b", "-B", "build")
    if how == "moved":
        build = build.rename(tmp_path / "out")
        words = ("cmake", "-S", "a", "-B", "out")
    (build / "kept").touch()
    failed = run(*words, cwd=tmp_path)
    assert failed.exit_code != 0
    told = diagnosis(failed, "CMake Error", tool="cmake")
    assert isinstance(reset_state.propose(told, failed, around(tmp_path, Allow(delete=None))), Refusal)
    assert isinstance(reset_state.propose(told, failed, around(tmp_path, Allow(reclaim=()))), Refusal)
    assert isinstance(reset_state.propose(told, failed, replace(around(tmp_path), workspace=str(tmp_path / "b"))), Refusal)
    cache = (build / "CMakeCache.txt").read_bytes()
    (build / "CMakeCache.txt").write_bytes(b"our own notes on CMakeCache\n" + cache)
    assert isinstance(reset_state.propose(told, failed, around(tmp_path)), Refusal)
    (build / "CMakeCache.txt").write_bytes(cache)
    reset(told, failed, around(tmp_path))
    assert (build / "kept").exists()
    assert run(*words, cwd=tmp_path).exit_code == 0


def test_the_tree_of_another_generator_is_found_by_the_words_of_a_script(tmp_path: Path) -> None:
    if shutil.which("cmake") is None or shutil.which("ninja") is None:
        pytest.skip("no cmake or no ninja")
    (tmp_path / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.5)\nproject(x NONE)\n")
    (tmp_path / "build.sh").write_text("cd out/debug && cmake -G Ninja ../..\n")
    for tree, generator in (("out/debug", "Unix Makefiles"), ("build", "Ninja")):
        assert run("cmake", "-G", generator, "-S", ".", "-B", tree, cwd=tmp_path).exit_code == 0
    failed = run("sh", "build.sh", cwd=tmp_path)
    assert failed.exit_code != 0
    reset(diagnosis(failed, "generator used previously", tool="cmake"), failed, around(tmp_path))
    assert (tmp_path / "build/CMakeCache.txt").is_file()
    assert run("sh", "build.sh", cwd=tmp_path).exit_code == 0


def test_git_clone_into_a_folder_that_is_there(repository: Path, tmp_path: Path) -> None:
    target = tmp_path / "work/target"
    target.mkdir(parents=True)
    (target / "old").touch()
    words = ("git", "clone", "-q", str(repository), "target")
    failed = run(*words, cwd=target.parent)
    told = diagnosis(failed, "already exists and is not an empty directory")
    assert isinstance(reset_state.propose(told, failed, around(target.parent)), Refusal)
    reset(told, failed, around(target.parent, Allow(delete=(str(target),))))
    assert run(*words, cwd=target.parent).exit_code == 0


def test_survivors_are_ended_even_when_they_ignore_term(tmp_path: Path) -> None:
    stubborn = "import signal,time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(60)"
    with child(sys.executable, "-c", stubborn) as one, child(sys.executable, "-c", stubborn) as other:
        for each in (one, other):
            assert each.stdout is not None
            each.stdout.readline()
        seen, reused = processes.process(one.pid), processes.process(other.pid)
        assert seen is not None
        assert reused is not None
        # The other has the pid of one that was seen, but another start: not the one that was seen.
        survivors = (seen, Process(other.pid, reused.start_ticks - 1, "old"))
        outcome = replace(run("true", cwd=tmp_path), telemetry=Telemetry(survivors=survivors))
        told = Diagnosis("hang", 0.9, "telemetry:idle_timeout")
        assert isinstance(kill_stragglers.propose(told, outcome, around(tmp_path, Allow(kill="none"))), Refusal)
        change = kill_stragglers.propose(told, outcome, around(tmp_path))
        assert isinstance(change, Change)
        begin = time.monotonic()
        assert not kill_stragglers.apply(change, around(tmp_path)).error
        assert time.monotonic() - begin < 5
        assert one.wait(2) == -9
        assert other.poll() is None


def test_what_an_earlier_attempt_of_the_same_run_made_is_cleared_for_the_next(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path / "source")], check=True)
    work = tmp_path / "work"
    work.mkdir()
    script = (
        "echo x >> ../runs; git clone -q ../source out; echo built > out/built\n"
        "[ $(wc -l < ../runs) -gt 1 ] || { echo 'curl: (22) The requested URL returned error: 503'; exit 22; }"
    )
    result = tmp_path / "result.json"
    words = (sys.executable, "-m", "guard", "run", "--result-file", str(result), "-c", script)
    done = subprocess.run(words, cwd=work, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=150, check=False)
    run = json.loads(result.read_text())
    born = run["attempts"][1]["plan"]["remedies"]
    if born == []:
        pytest.skip("this file system keeps no time of birth")
    assert (done.returncode, run["status"]) == (0, "healed"), done.stderr
    assert run["healed_by"] == ["wait", "reset_state"]
    assert sorted(path.name for path in work.iterdir()) == ["out"]
