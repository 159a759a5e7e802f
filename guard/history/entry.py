"""A `pipeguard.run/1` object → the rows that a store keeps of it: the run, its failures, trials of remedies, tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from guard.diagnosis.fingerprint import normalised
from guard.history.rows import RunRow, TestRow, Trial

_LONGEST_CAUSE = 2_000
_MOST_TESTS = 200


class Failure(NamedTuple):
    """One failed attempt, by its evidence without what differs from run to run."""

    number: int
    label: str
    fingerprint: str
    lines: str
    """Normalised evidence, one a line."""


@dataclass(frozen=True)
class Entry:
    """Everything that follows from one run."""

    row: RunRow
    document: Mapping[str, Any]
    failures: tuple[Failure, ...]
    trials: tuple[Trial, ...]
    tests: tuple[TestRow, ...]


def entry(document: Mapping[str, Any]) -> Entry:
    """The rows of a checked document."""
    attempts: Sequence[Mapping[str, Any]] = document["attempts"]
    failed = [attempt["diagnosis"] for attempt in attempts if attempt["diagnosis"] is not None]
    first: Mapping[str, Any] = failed[0] if failed else {}
    row = RunRow(
        id=document["id"],
        started_at=document["started_at"],
        day=document["started_at"][:10],
        project=document.get("project", ""),
        branch=document.get("branch", ""),
        commit=document.get("commit", ""),
        platform=document["platform"],
        command=" ".join(document["command"])[:_LONGEST_CAUSE],
        status=document["status"],
        exit_code=int(document["exit_code"]),
        duration_s=float(document["duration_s"]),
        attempts=len(attempts),
        rescued_s=float(document["rescued_s"]),
        wasted_s=float(document["wasted_s"]),
        label=first.get("label", ""),
        family=first.get("family", ""),
        probability=float(first.get("probability", 0.0)),
        source=first.get("source", ""),
        fingerprint=first.get("fingerprint", ""),
        healed_by=tuple(document["healed_by"]),
        remedies_tried=tuple(dict.fromkeys(remedy_key(one) for attempt in attempts for one in _remedies(attempt))),
        corrected_label=document.get("corrected_label", ""),
    )
    return Entry(row, document, tuple(_failures(attempts)), tuple(_trials(attempts, row)), tuple(_tests(attempts, row)))


def remedy_key(remedy: Mapping[str, Any]) -> str:
    """What is learned of: the remedy, and of the user's strategies each by its own name."""
    strategy = remedy["details"].get("strategy")
    return f"{remedy['name']}/{strategy}" if isinstance(strategy, str) else str(remedy["name"])


def cause_lines(evidence: Sequence[str]) -> str:
    """Evidence lines without what differs from run to run, one a line: what failures are compared by."""
    return "\n".join(filter(None, (normalised(text[:500]) for text in evidence)))[:_LONGEST_CAUSE]


def _remedies(attempt: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    plan = attempt["plan"]
    return plan["remedies"] if plan is not None and plan["decision"] == "heal" else ()


def _failures(attempts: Sequence[Mapping[str, Any]]) -> Iterator[Failure]:
    for attempt in attempts:
        diagnosis = attempt["diagnosis"]
        if diagnosis is not None:
            lines = cause_lines([one["text"] for one in diagnosis["evidence"]])
            yield Failure(int(attempt["number"]), diagnosis["label"], diagnosis["fingerprint"], lines)


def _trials(attempts: Sequence[Mapping[str, Any]], row: RunRow) -> Iterator[Trial]:
    """What each remedy did about each failure of the run: one trial a run, however often it was tried.

    It healed where the attempt after it passed, and did not where that failed in the same way. Where the attempt
    after it failed in another way, was stopped or ran out of time, nothing is known: neither is counted.
    """
    found: dict[tuple[str, str, str], bool] = {}
    for attempt, following in pairwise(attempts):
        diagnosis = attempt["diagnosis"]
        if diagnosis is None:
            continue
        healed = _passed(following)
        if not healed and not _same_failure(diagnosis, following["diagnosis"]):
            continue
        for remedy in _remedies(attempt):
            key = (remedy_key(remedy), str(diagnosis["label"]), str(diagnosis["fingerprint"]))
            found[key] = healed or found.get(key, False)
    for (name, label, fingerprint), worked in found.items():
        yield Trial(name, label, fingerprint, row.project, worked, row.started_at)


def _passed(attempt: Mapping[str, Any]) -> bool:
    return bool(attempt["exit_code"] == 0 and attempt["ended"] == "exited")


def _same_failure(before: Mapping[str, Any], after: Mapping[str, Any] | None) -> bool:
    return after is not None and (before["fingerprint"] == after["fingerprint"] or before["label"] == after["label"])


def _tests(attempts: Sequence[Mapping[str, Any]], row: RunRow) -> Iterator[TestRow]:
    """Tests: whether they failed, what they did when they ran again, and the minutes that this took.

    One that failed and passed in one run is `passed_on_rerun`, whatever became of the run; of those that only passed
    there is what the framework's own record named.
    """
    found: dict[tuple[str, str], tuple[str, float]] = {}
    for position, attempt in enumerate(attempts):
        following = attempts[position + 1] if position + 1 < len(attempts) else None
        for framework, names in _failed(attempt):
            outcome = "passed_on_rerun" if following is not None and _passed(following) else "failed"
            spent = float(attempt["duration_s"]) + (float(following["duration_s"]) if following is not None else 0.0)
            for name in names:
                before = found.get((framework, name), ("", 0.0))[1]
                found[framework, name] = (outcome, before + spent / 60 / len(names))
    for key in (pair for attempt in attempts for pair in _recorded(attempt, "passed")):
        outcome, minutes = found.get(key, ("passed", 0.0))
        found[key] = ("passed_on_rerun" if outcome == "failed" else outcome, minutes)
    for (framework, name), (outcome, minutes) in found.items():
        yield TestRow(framework, name, row.project, row.commit, row.started_at, outcome, round(minutes, 4))


def _failed(attempt: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """(framework, names) of tests that failed in an attempt.

    Those that the framework itself names, of another framework those that were to run again, else the one that the log names.
    """
    named: dict[str, list[str]] = {}
    for framework, name in _recorded(attempt, "failed"):
        named.setdefault(framework, []).append(name)
    for framework, names in _to_run_again(attempt):
        named.setdefault(framework, names)
    yield from ((framework, names[:_MOST_TESTS]) for framework, names in named.items())
    diagnosis = attempt["diagnosis"]
    if not named and diagnosis is not None and diagnosis["family"] == "tests":
        test, tool = diagnosis["entities"].get("test"), diagnosis["entities"].get("tool", "")
        if isinstance(test, str) and isinstance(tool, str):
            yield tool, [test]


def _recorded(attempt: Mapping[str, Any], how: str) -> Iterator[tuple[str, str]]:
    """(framework, name) of tests by the framework's own record; `how`: passed or failed."""
    for record in attempt.get("tests", ()):
        yield from ((record["framework"], name) for name in record[how])


def _to_run_again(attempt: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    for remedy in _remedies(attempt):
        details = remedy["details"]
        names, framework = details.get("must_run"), details.get("framework")
        if isinstance(names, list) and isinstance(framework, str):
            yield framework, [name for name in names if isinstance(name, str)]
