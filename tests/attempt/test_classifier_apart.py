"""The classifier in a process of its own: its answer, its faults, and what it leaves behind."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time

import pytest

from guard.diagnosis import apart
from guard.diagnosis.classify import Guess, classify
from guard.diagnosis.lines import Log
from guard.types import Command, LogWindow, Outcome, Telemetry

OUTCOME = Outcome(
    Command(("x",)), 1, 1, None, "exited", 1.0, LogWindow(head=b"tls: certificate has expired\n"), Telemetry()
)
LOG = Log(OUTCOME.window)


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_the_answer_is_the_same_as_here() -> None:
    there, here = apart.classify_apart(LOG, OUTCOME), classify(LOG, OUTCOME)
    assert there.probabilities == pytest.approx(here.probabilities)
    assert there.arbitration == here.arbitration
    assert set(there.salience) <= set(here.salience)


def test_nothing_is_left_behind() -> None:
    before = open_descriptors()
    apart.classify_apart(LOG, OUTCOME)
    assert open_descriptors() == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_its_memory_is_not_ours() -> None:

    code = (
        "import sys\n"
        "from guard.diagnosis.apart import classify_apart\n"
        "from guard.diagnosis.lines import Log\n"
        "from guard.types import Command, LogWindow, Outcome, Telemetry\n"
        "o = Outcome(Command(('x',)), 1, 1, None, 'exited', 1.0, LogWindow(head=b'x'), Telemetry())\n"
        "assert classify_apart(Log(o.window), o).probabilities\n"
        "assert 'onnxruntime' not in sys.modules\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("fault", ["crash", "exception", "garbage"])
def test_a_fault_of_it_is_an_abstention(fault: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    def broken(log: Log, outcome: Outcome) -> Guess:
        os.write(1, b"must not be seen\n")
        if fault == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        if fault == "exception":
            raise RuntimeError("boom")
        return Guess({"hang": float("nan")}, {0: "x"}, note=3)  # type: ignore[arg-type,dict-item]

    monkeypatch.setattr(apart, "classify", broken)
    found = apart.classify_apart(LOG, OUTCOME)
    assert not found.probabilities
    assert found.note.startswith("no classifier: ")
    assert capfd.readouterr() == ("", "")


def test_one_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    def hanging(log: Log, outcome: Outcome) -> Guess:
        time.sleep(600)
        return Guess()

    monkeypatch.setattr(apart, "classify", hanging)
    monkeypatch.setattr(apart, "PATIENCE_S", 0.3)
    assert apart.classify_apart(LOG, OUTCOME).note == "no classifier: no answer within 0 s"
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_no_process_to_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    before = open_descriptors()
    monkeypatch.setattr(os, "fork", full)
    assert "no process to be had" in apart.classify_apart(LOG, OUTCOME).note
    assert open_descriptors() == before


def test_no_handler_of_guard_s_runs_in_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(log: Log, outcome: Outcome) -> Guess:
        os.kill(os.getpid(), signal.SIGTERM)
        return Guess(note="still alive")

    def raising(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, raising)
    monkeypatch.setattr(apart, "classify", told)
    try:
        assert apart.classify_apart(LOG, OUTCOME).note == "no classifier: its process died"
    finally:
        signal.signal(signal.SIGTERM, before)


def test_many_open_descriptors_are_no_obstacle() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 1200:
        pytest.skip("this machine allows too few open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1200), hard))
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(1060)]
    try:
        assert apart.classify_apart(LOG, OUTCOME).probabilities
    finally:
        for descriptor in opened:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
