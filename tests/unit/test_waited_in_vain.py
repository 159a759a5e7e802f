"""A failed test whose own report says that waiting ran out is a flaky one; one that is about time-outs is not."""

from __future__ import annotations

import pytest

from guard.diagnosis.classify import Guess
from guard.diagnosis.diagnose import diagnose
from guard.diagnosis.lines import Log
from guard.diagnosis.waiting import ran_out
from guard.types import Command, LogWindow, NoMemory, Outcome, Telemetry


def log(text: str) -> Log:
    return Log(LogWindow(head=text.encode()))


@pytest.mark.parametrize(
    "line",
    [
        "java.util.concurrent.TimeoutException: Timeout waiting for task.",
        "Reason: timetrap_timeout",
        "    TimeoutError: waiting failed",
        "the server did not start within 5 s",
        "gave up waiting for the lock",
        "no message received after 300 ms",
        "queue was not ready in 10 seconds",
        "context deadline exceeded",
        "waited for 30 s",
    ],
)
def test_waiting_that_ran_out(line: str) -> None:
    assert ran_out(0, log(f"--- FAIL: TestA (5.00s)\n    {line}\n")) == 1


@pytest.mark.parametrize(
    "line",
    [
        "expected TimeoutError to be raised",
        "AssertionError: 'timed out after 3 s' != 'timed out after 4 s'",
        "expected the call to throw: timed out waiting",
        "want 504, got 200",
        "timeout_test.go:7: got 3, want 4",
        "setTimeout is not defined",
    ],
)
def test_a_test_about_time_outs_has_not_waited(line: str) -> None:
    assert ran_out(0, log(f"--- FAIL: TestTimeout (0.00s)\n    {line}\n")) is None


def test_the_next_report_is_another_test() -> None:
    assert ran_out(0, log("--- FAIL: TestA (0.00s)\n    got 1\n--- FAIL: TestB (9.00s)\n    timed out waiting for b\n")) is None


def outcome(text: str) -> Outcome:
    return Outcome(
        command=Command(argv=("go", "test")), number=1, exit_code=1, signal=None, ended="exited", duration_s=1.0,
        window=LogWindow(head=text.encode()), telemetry=Telemetry(),
    )


def found(text: str):  # type: ignore[no-untyped-def]
    return diagnose(outcome(text), NoMemory(), ask=lambda log, outcome: Guess())


REPORT = "=== RUN   TestA\n--- FAIL: TestA (5.00s)\n    a.go:7: {}\nFAIL\nFAIL\texample.org/a\t5.1s\n"


def test_the_diagnosis_says_so_and_keeps_the_other_reading() -> None:
    diagnosis = found(REPORT.format("timed out waiting for the reply"))
    assert diagnosis.label == "flaky_test"
    assert diagnosis.evidence[0].text.startswith("--- FAIL: TestA")
    assert "timed out waiting" in diagnosis.evidence[1].text
    assert "test_failure" in {one.label for one in diagnosis.alternatives}
    assert diagnosis.probability + sum(one.probability for one in diagnosis.alternatives) <= 1.0001


def test_a_wrong_value_stays_a_failed_test() -> None:
    assert found(REPORT.format("got 1, want 2")).label == "test_failure"


def test_true_numbers_lead_back_to_their_lines() -> None:
    window = LogWindow(head=b"a\nb\nc", tail=b"y\nz\n", dropped_bytes=10, dropped_lines=5)
    cut = Log(window)
    assert [cut.at(cut.number(index)) for index in range(len(cut))] == list(range(len(cut)))
