"""Jest: the failed test files from its summary, run again by its own `--onlyFailures`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from guard.frameworks.invocation import Invocation, find, program
from guard.frameworks.narrowing import how_started, narrowed, not_all_ran, refused, too_many
from guard.frameworks.output import folder, lines, read
from guard.frameworks.verification import must_run, provable
from guard.types import Change, FailedTests, Outcome, Refusal, Surroundings

NAME = "jest"

# Since Jest 22; it runs the files that its cache records as failed, and fails when there are none.
_FLAG: Final = "--onlyFailures"

# "Test Suites: 2 failed, 1 passed, 3 total"; after --bail "..., 2 of 3 total".
_SUITES = re.compile(r"^Test Suites: ((?:\d+ \w+, )*)(?:(\d+) of )?(\d+) total$")
_TESTS = re.compile(r"^Tests: +((?:\d+ \w+, )*)(\d+) total$")
# "FAIL path/to/a.test.js (5.1 s)", with a project's name in front where there are several.
_FILE = re.compile(
    r"^(PASS|FAIL) +(?:\S+ +)??((?:\.{1,2}/)?[^\s:]+)(?: \([\d.]+ m?s\))?(?: \([\d.]+ [kM]B heap size\))?$"
)
_COVERAGE = re.compile(r"^Jest: .*coverage threshold|^-+\|-+\|-+\|")
_BROKEN: Mapping[str, str] = {
    "Test suite failed to run": "a test file could not be run at all",
    "A jest worker process": "a worker of Jest crashed",
    "Jest: ": "Jest failed for more than its tests",
    "Force exiting Jest": "Jest was ended by force",
}
_OPTIONS: Mapping[str, str] = {
    "--bail": "stops after some failures",
    "-b": "stops after some failures",
    "--onlyFailures": "ran only the files that failed before",
    "-f": "ran only the files that failed before",
    "--coverage": "measures coverage, which a part of the tests would spoil",
    "--collectCoverage": "measures coverage, which a part of the tests would spoil",
    "--coverageThreshold": "measures coverage, which a part of the tests would spoil",
    "--watch": "watches",
    "--watchAll": "watches",
    "--listTests": "runs no test",
    "--passWithNoTests": "passes without any test",
    "--shouldPassWithNoTests": "passes without any test",
}
_CONFIGS: Final = (
    "package.json",
    "jest.config.js",
    "jest.config.cjs",
    "jest.config.mjs",
    "jest.config.ts",
    "jest.config.json",
)


def ran(outcome: Outcome, surroundings: Surroundings) -> bool:
    """Whether the command is Jest, or the log has its summary."""
    del surroundings
    found = find(outcome)
    if isinstance(found, Invocation) and _is_jest(found):
        return True
    return any(_SUITES.match(line) for line in lines(outcome))


def failed(outcome: Outcome, surroundings: Surroundings) -> FailedTests | Refusal:
    """The failed files: the log's own list, as many as its summary counts, each a file that exists."""
    del surroundings
    printed = lines(outcome)
    suites = [match for line in printed if (match := _SUITES.match(line))]
    tests = [match for line in printed if (match := _TESTS.match(line))]
    reason = not_all_ran(outcome, (1,))
    if not reason and (len(suites) != 1 or len(tests) != 1):
        reason = "Jest printed no summary" if not suites else "Jest ran more than once"
    if not reason:
        reason = _broken(printed)
    if reason:
        return refused(reason)
    counts = _counts(suites[0].group(1))
    total = int(suites[0].group(3))
    if suites[0].group(2) is not None or sum(counts.values()) != total:
        return refused("Jest stopped before all test files ran")
    inside = _counts(tests[0].group(1))
    if not inside.get("failed") or sum(inside.values()) != int(tests[0].group(2)):
        return refused("Jest's summary counts no failed test")
    named = files(printed, "FAIL")
    if len(named) != counts.get("failed", 0):
        return refused("Jest's list of failed files does not agree with its summary")
    root = folder(outcome)
    if not all((root / name).is_file() for name in named):
        return refused("a failed file that Jest names is not there")
    many = too_many(inside["failed"], int(tests[0].group(2)))
    if many:
        return refused(many)
    return FailedTests(NAME, named, None, True, "log")


def rerun(tests: FailedTests, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal:
    """Jest's own `--onlyFailures`, behind the user's arguments."""
    del surroundings
    found = how_started(tests, outcome)
    if isinstance(found, Refusal):
        return found
    if not _is_jest(found):
        return refused("the command is not Jest itself")
    for word in found.words[1:]:
        name = word.partition("=")[0]
        if name in _OPTIONS:
            return refused(f"Jest {_OPTIONS[name]}")
        if word == "--":
            return refused("Jest takes no further option behind --")
    root = folder(outcome)
    for name in _CONFIGS:
        text = read(root / name) or ""
        if re.search(r"\bcoverageThreshold\b|\bcollectCoverage\b[\"']?\s*:\s*true", text):
            return refused("Jest measures coverage, which a part of the tests would spoil")
        if re.search(r"\bpassWithNoTests\b[\"']?\s*:\s*true", text):
            return refused("Jest passes without any test")
    argv = found.with_more((_FLAG,))
    if argv is None:
        return refused(f"{found.through} hands no arguments on to Jest")
    skipped = _skipped(lines(outcome))
    return narrowed(tests, "test file", argv=argv, more={"skipped": skipped})


def verified(change: Change, outcome: Outcome) -> bool:
    """Whether just the promised files passed, each seen, with no more tests skipped than before."""
    if not provable(change, outcome):
        return False
    printed = lines(outcome)
    suites = [match for line in printed if (match := _SUITES.match(line))]
    wanted = must_run(change)
    if len(suites) != 1 or set(files(printed, "PASS")) != set(wanted) or files(printed, "FAIL"):
        return False
    before = change.details.get("skipped")
    return (
        _counts(suites[0].group(1)) == {"passed": len(wanted)}
        and suites[0].group(2) is None
        and isinstance(before, int)
        and _skipped(printed) <= before
    )


def _is_jest(found: Invocation) -> bool:
    """Whether the words start Jest itself."""
    return program(found.words) == "jest"


def _counts(text: str) -> dict[str, int]:
    """`2 failed, 1 passed, ` as counts."""
    return {word: int(number) for number, word in re.findall(r"(\d+) (\w+), ", text)}


def _skipped(printed: tuple[str, ...]) -> int:
    """Tests that the summary counts as skipped or to do."""
    for line in printed:
        match = _TESTS.match(line)
        if match:
            counts = _counts(match.group(1))
            return counts.get("skipped", 0) + counts.get("todo", 0)
    return 0


def files(printed: tuple[str, ...], word: str) -> tuple[str, ...]:
    """The files that are reported with PASS or FAIL, each once, as Jest writes them."""
    found = dict.fromkeys(
        match.group(2) for line in printed if (match := _FILE.match(line)) and match.group(1) == word
    )
    return tuple(found)


def _broken(printed: tuple[str, ...]) -> str:
    """What else than failed tests the log tells of; empty where nothing."""
    for line in printed:
        if _COVERAGE.match(line):
            return "Jest measures coverage, which a part of the tests would spoil"
        text = line.strip().removeprefix("● ")
        for start, reason in _BROKEN.items():
            if text.startswith(start):
                return reason
    return ""
