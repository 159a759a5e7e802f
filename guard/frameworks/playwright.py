"""Playwright Test: the failed tests from its `.last-run.json`, run again by its own `--last-failed`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from guard.frameworks.invocation import Invocation, find, program
from guard.frameworks.narrowing import how_started, narrowed, not_all_ran, refused
from guard.frameworks.output import folder, lines, read, read_object, started, written_since
from guard.frameworks.verification import must_run, provable
from guard.types import Change, FailedTests, Outcome, Refusal, Surroundings

NAME = "playwright"

_RUNNING = re.compile(r"^Running (\d+) tests? using \d+ workers?(?:, shard \d+ of \d+)?$")
_COUNT = re.compile(r"^  (\d+) (failed|flaky|skipped|interrupted|did not run|passed)(?: \([\d.]+\w+\))?$")
_STOPPED = re.compile(
    r"^Testing stopped early after|Timed out waiting .* for the (?:entire )?test (?:suite|run)|was not a part of any test"
    r"|were not a part of any test|^Error: No tests found"
)
_OPTIONS: Mapping[str, str] = {
    "-x": "stops at the first failure",
    "--max-failures": "stops after some failures",
    "--last-failed": "ran only the tests that failed before",
    "--pass-with-no-tests": "passes without any test",
    "--list": "runs no test",
    "--ui": "is interactive",
    "--debug": "is interactive",
    "--shard": "runs one shard, which would be cut anew",
    "--only-changed": "chooses the tests itself",
    "--output": "writes its results elsewhere",
}
# `--last-failed` came with 1.44.
_FIRST = (1, 44)


def ran(outcome: Outcome, surroundings: Surroundings) -> bool:
    """Whether the command is `playwright test`, or the log has its first line."""
    del surroundings
    found = find(outcome)
    if isinstance(found, Invocation) and _is_playwright(found):
        return True
    return any(_RUNNING.match(line) for line in lines(outcome))


def failed(outcome: Outcome, surroundings: Surroundings) -> FailedTests | Refusal:
    """The ids in `test-results/.last-run.json`, if this attempt wrote it and the summary counts as many."""
    del surroundings
    printed = lines(outcome)
    reason = not_all_ran(outcome, (1,))
    counts = _counts(printed)
    if not reason and any(_STOPPED.search(line) for line in printed):
        reason = "Playwright stopped early or failed outside of a test"
    if not reason and counts is None:
        reason = "Playwright printed no summary, or ran more than once"
    if reason or counts is None:
        return refused(reason)
    if counts.get("interrupted") or counts.get("did not run"):
        return refused("Playwright left tests out")
    total = counts.pop("total")
    if sum(counts.values()) != total:
        return refused("Playwright's counts do not agree with each other")
    record = folder(outcome) / "test-results" / ".last-run.json"
    if not written_since(record, started(outcome)):
        return refused("Playwright left no record of this run")
    data = read_object(record)
    if data is None:
        return refused("Playwright's record of the run cannot be read")
    ids = data.get("failedTests")
    if not isinstance(ids, list) or len(ids) != counts.get("failed", 0) or not ids:
        return refused("Playwright's record does not agree with its summary")
    return FailedTests(NAME, tuple(str(each) for each in ids), total, True, "report")


def rerun(tests: FailedTests, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal:
    """Playwright's own `--last-failed`, behind the user's arguments."""
    del surroundings
    found = how_started(tests, outcome)
    if isinstance(found, Refusal):
        return found
    if not _is_playwright(found):
        return refused("the command is not `playwright test` itself")
    for word in found.words[2:]:
        name = word.partition("=")[0]
        if name in _OPTIONS:
            return refused(f"Playwright {_OPTIONS[name]}")
        if word == "--":
            return refused("Playwright takes no option behind --")
    version = _version(outcome)
    if version is None or version < _FIRST:
        return refused("this Playwright has no --last-failed (1.44 has)")
    argv = found.with_more(("--last-failed",))
    if argv is None:
        return refused(f"{found.through} hands no arguments on to Playwright")
    return narrowed(tests, argv=argv)


def verified(change: Change, outcome: Outcome) -> bool:
    """Whether exactly as many tests ran and passed as were promised, and the record says so too."""
    if not provable(change, outcome):
        return False
    wanted = len(must_run(change))
    counts = _counts(lines(outcome))
    record = folder(outcome) / "test-results" / ".last-run.json"
    if counts != {"passed": wanted, "total": wanted} or not written_since(record, started(outcome)):
        return False
    data = read_object(record)
    return data is not None and data.get("status") == "passed"


def _is_playwright(found: Invocation) -> bool:
    """Whether the words start Playwright's test runner."""
    return program(found.words) == "playwright" and found.words[1:2] == ("test",)


def _counts(printed: tuple[str, ...]) -> dict[str, int] | None:
    """The summary's counts and, as `total`, what it set out to run; None where there is not just one run."""
    totals = [int(match.group(1)) for line in printed if (match := _RUNNING.match(line))]
    pairs = [(match.group(2), int(match.group(1))) for line in printed if (match := _COUNT.match(line))]
    if len(totals) != 1 or not pairs or len(dict(pairs)) != len(pairs):
        return None
    return {**dict(pairs), "total": totals[0]}


def _version(outcome: Outcome) -> tuple[int, int] | None:
    """The version of the Playwright that is installed here or in a folder above."""
    here = folder(outcome)
    for root in (here, *here.parents):
        text = read(root / "node_modules" / "@playwright" / "test" / "package.json")
        match = re.search(r'"version"\s*:\s*"(\d+)\.(\d+)', text or "")
        if match:
            return int(match.group(1)), int(match.group(2))
    return None
