"""How long the next attempt waits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from guard.remedies import wait
from guard.types import (
    OUTSIDE,
    Change,
    Diagnosis,
    Evidence,
    Refusal,
    Surroundings,
)
from tests.unit.by_hand import diagnosis, outcome


def waited(label: str = "service_unavailable", number: int = 1, fingerprint: str = "f", **entities: Any) -> Any:
    found = Diagnosis(label, 0.9, "signature:x", entities=entities, fingerprint=fingerprint)
    return wait.propose(found, outcome(number=number), Surroundings())


def test_applies_to_what_time_can_mend() -> None:
    assert OUTSIDE | {"stale_state", "corrupt_artifact", "dependency_not_found"} == wait.LABELS
    assert isinstance(waited("dns_failure"), Change)
    assert waited("compile_error") is None
    assert not waited("dns_failure").changes_something


@pytest.mark.parametrize(
    ("line", "waits"),
    [
        ("Blocking waiting for file lock on build directory", True),
        ("E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812 (apt-get)", True),
        ("bind: Address already in use", True),
        ("Error: A worktree for another process of this repository exists", True),
        ("CMake Error: The current CMakeCache.txt directory /a/build/CMakeCache.txt is different", False),
        ('initdb: error: directory "data" exists but is not empty', False),
    ],
)
def test_what_is_held_is_waited_for_and_what_is_left_over_is_not(line: str, waits: bool) -> None:
    found = Diagnosis("stale_state", 0.9, "signature:x", evidence=(Evidence(1, line),), fingerprint="f")
    assert isinstance(wait.propose(found, outcome(), Surroundings()), Change) == waits


def test_grows_with_the_attempt_and_stays_bounded() -> None:
    longest = [max(waited(number=n, fingerprint=str(i)).wait_s for i in range(200)) for n in (1, 2, 3, 9)]
    assert longest == sorted(longest)
    assert longest[0] > 8
    assert longest[1] > 2 * longest[0]
    assert longest[-1] <= 300


def test_jitter_spreads_jobs_over_a_third_of_the_span_and_never_waits_for_next_to_nothing() -> None:
    waits = [waited(fingerprint=str(i)).wait_s for i in range(400)]
    assert 10.6 <= min(waits) < 11.2
    assert 15.5 < max(waits) <= 16
    assert waited().wait_s == waited().wait_s


def test_after_a_long_attempt_it_waits_longer() -> None:
    found = Diagnosis("connection_failure", 0.9, "signature:x", fingerprint="f")
    short, long, longest = (wait.propose(found, replace(outcome(), duration_s=s), Surroundings()) for s in (2.0, 160.0, 9000.0))
    assert isinstance(short, Change)
    assert isinstance(long, Change)
    assert isinstance(longest, Change)
    assert 6 <= short.wait_s <= 12
    assert 42 <= long.wait_s <= 65
    assert 79 <= longest.wait_s <= 120


def test_the_time_that_a_long_attempt_takes_counts_as_waited_when_waits_grow() -> None:
    def second(attempt_s: float) -> float:
        found = Diagnosis("connection_failure", 0.9, "signature:x", fingerprint="f")
        change = wait.propose(found, replace(outcome(number=2), duration_s=attempt_s), Surroundings())
        assert isinstance(change, Change)
        return change.wait_s

    assert 31.9 <= second(2.0) <= 48.1
    assert 47.9 <= second(120.0) <= 72.1
    assert 79 <= second(3000.0) <= 120


@pytest.mark.parametrize("asked", ["0", "20", "90.5", "3600", "45s"])
def test_what_the_remote_asks_goes_first(asked: str) -> None:
    change = waited("rate_limited", retry_after_s=asked)
    seconds = float(asked.removesuffix("s"))
    assert seconds < change.wait_s <= seconds + 31
    assert change.details == {"asked_s": seconds}


@pytest.mark.parametrize("nonsense", ["-5", "nan", "inf", "1e999", "soon", "", "9" * 400, "\x00"])
def test_nonsense_is_passed_over(nonsense: str) -> None:
    for change in (waited(retry_after_s=nonsense), waited(reset_at=nonsense)):
        assert isinstance(change, Change)
        assert 0 < change.wait_s <= 16


def test_more_than_an_hour_is_refused_with_the_figure() -> None:
    answer = waited("rate_limited", retry_after_s="7200")
    assert isinstance(answer, Refusal)
    assert "120 min" in answer.reason


@pytest.mark.parametrize(
    "moment", ["1767225670", "1767225670000", "2026-01-01T00:01:10Z", "Thu, 01 Jan 2026 00:01:10 GMT", "60"]
)
def test_reset_at_counts_from_the_end_of_the_attempt(moment: str) -> None:
    # The attempt began at midnight and took 10 s.
    change = waited("rate_limited", reset_at=moment)
    assert 60 < change.wait_s < 68


def test_a_reset_without_the_attempts_own_time_says_nothing() -> None:
    found = diagnosis("rate_limited", reset_at="1767225670")
    change = wait.propose(found, outcome(started_at=""), Surroundings())
    assert isinstance(change, Change)
    assert change.details == {}


@pytest.mark.parametrize("asked", [None, "7"])
def test_the_words_and_the_wait_agree(asked: str | None) -> None:
    for number in range(60):
        change = waited(fingerprint=str(number), **({} if asked is None else {"retry_after_s": asked}))
        assert f"waits {change.wait_s:.0f} s" in change.summary


@pytest.mark.parametrize(
    ("command", "waits"),
    [("tar xzf a.tgz", False), ("tar xzf a.tgz && ls", False), ("tar xzf gone.tgz", True), ("curl -so a.tgz u; tar xzf a.tgz", True), ("./get; tar x", True)],
)
def test_an_archive_that_lay_there_is_not_waited_for(command: str, waits: bool, tmp_path: Any) -> None:
    (tmp_path / "a.tgz").write_bytes(b"half")
    found = Diagnosis("corrupt_artifact", 0.9, "model", entities={"tool": "tar"}, fingerprint="f")
    later = "2999-01-01T00:00:00+00:00"
    assert isinstance(wait.propose(found, outcome(script=command, cwd=tmp_path, started_at=later), Surroundings()), Change) is waits
    # Made during the attempt, it may be another one the next time.
    assert isinstance(wait.propose(found, outcome(script=command, cwd=tmp_path), Surroundings()), Change)
    assert isinstance(
        wait.propose(replace(found, entities={"tool": "npm"}), outcome(script=command, cwd=tmp_path, started_at=later), Surroundings()), Change
    )
