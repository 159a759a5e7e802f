"""Vitest: the failed test files from its summary, run again as file filters behind the user's arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from guard.frameworks.invocation import Invocation, find, program
from guard.frameworks.narrowing import how_started, narrowed, not_all_ran, refused, too_many
from guard.frameworks.output import folder, lines, read
from guard.frameworks.verification import must_run, provable
from guard.types import Change, FailedTests, Outcome, Refusal, Surroundings

NAME = "vitest"

# " Test Files  1 failed | 2 passed (3)" and "      Tests  1 failed | 4 passed (5)".
_FILES = re.compile(r"^ *Test Files  (\d+ \w+(?: \| \d+ \w+)*) \((\d+)\)$")
_TESTS = re.compile(r"^ *Tests  (\d+ [a-z ]+(?: \| \d+ [a-z ]+)*) \((\d+)\)$")
# " FAIL  a.test.js > suite > name"; a project's name stands between bars or without them.
FAIL_LINE = re.compile(r"^ *FAIL  (?:\|[^|]+\| )?(\S+)(?: > .*)?$")
# " ✓ a.test.js (3 tests) 5ms", by the verbose reporter " ✓ a.test.js > suite > name 2ms".
PASS_LINE = re.compile(r"^ *✓ (?:\|[^|]+\| )?(\S+) (?:\(\d+ tests?(?: \| \d+ skipped)?\)|> )")
_SAFE = re.compile(r"^[\w@.+][\w@.+/-]*$")
_OPTIONS: Mapping[str, str] = {
    "--bail": "stops after some failures",
    "--coverage": "measures coverage, which a part of the tests would spoil",
    "--passWithNoTests": "passes without any test",
    "--watch": "watches",
    "-w": "watches",
    "--changed": "chooses the tests itself",
    "--shard": "runs one shard, which would be cut anew",
    "--dangerouslyIgnoreUnhandledErrors": "ignores errors",
}
_CONFIGS: Final = tuple(
    f"{stem}.config.{end}" for stem in ("vitest", "vite") for end in ("ts", "js", "mts", "mjs", "cts", "cjs")
)


def ran(outcome: Outcome, surroundings: Surroundings) -> bool:
    """Whether the command is Vitest, or the log has its summary."""
    del surroundings
    found = find(outcome)
    if isinstance(found, Invocation) and _at(found) is not None:
        return True
    return any(_FILES.match(line) for line in lines(outcome))


def failed(outcome: Outcome, surroundings: Surroundings) -> FailedTests | Refusal:
    """The failed files: as many as the summary counts, each a file that exists."""
    del surroundings
    printed = lines(outcome)
    files = [match for line in printed if (match := _FILES.match(line))]
    tests = [match for line in printed if (match := _TESTS.match(line))]
    reason = not_all_ran(outcome, (1,))
    if not reason and (len(files) != 1 or len(tests) != 1):
        reason = "Vitest printed no summary" if not files else "Vitest ran more than once"
    if not reason:
        reason = _broken(printed)
    if reason:
        return refused(reason)
    counts, inside = _counts(files[0].group(1)), _counts(tests[0].group(1))
    if sum(counts.values()) != int(files[0].group(2)) or sum(inside.values()) != int(tests[0].group(2)):
        return refused("Vitest stopped before all tests ran")
    named = tuple(dict.fromkeys(match.group(1) for line in printed if (match := FAIL_LINE.match(line))))
    if not inside.get("failed") or len(named) != counts.get("failed", 0):
        return refused("Vitest's list of failed files does not agree with its summary")
    root = folder(outcome)
    if not all(_SAFE.match(name) and (root / name).is_file() for name in named):
        return refused("a failed file that Vitest names is not there")
    many = too_many(inside["failed"], int(tests[0].group(2)))
    if many:
        return refused(many)
    return FailedTests(NAME, named, None, True, "log")


def rerun(tests: FailedTests, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal:
    """The failed files as filters. Filters of the user's own only widen the choice, which is sound."""
    del surroundings
    found = how_started(tests, outcome)
    if isinstance(found, Refusal):
        return found
    at = _at(found)
    if at is None:
        return refused("the command is not Vitest itself")
    for word in found.words[at:]:
        name = word.partition("=")[0]
        if name.split(".")[0] in _OPTIONS:
            return refused(f"Vitest {_OPTIONS[name.split('.')[0]]}")
        if word == "--":
            return refused("Vitest takes no filter behind --")
    # An option that waits for a value must not take the first file for it.
    if (
        len(found.words) > at
        and found.words[-1].startswith("-")
        and "=" not in found.words[-1]
        and found.words[-1] not in {"--run", "--no-color", "--silent", "--globals", "--no-file-parallelism"}
    ):
        return refused("Vitest's last option could take a file for its value")
    root = folder(outcome)
    for name in _CONFIGS:
        text = read(root / name) or ""
        if re.search(
            r"\bbail\b|\bpassWithNoTests\b|\bthresholds?\b|coverage\s*:\s*\{[^}]*enabled\s*:\s*true", text
        ):
            return refused(f"{name} sets bail, coverage or passWithNoTests")
    argv = found.with_more(tests.tests)
    if argv is None:
        return refused(f"{found.through} hands no arguments on to Vitest")
    return narrowed(tests, "test file", argv=argv, more={"skipped": _skipped(lines(outcome))})


def verified(change: Change, outcome: Outcome) -> bool:
    """Whether each promised file is seen passed, and the summary counts nothing but passed files."""
    if not provable(change, outcome):
        return False
    printed = lines(outcome)
    files = [match for line in printed if (match := _FILES.match(line))]
    if len(files) != 1 or _broken(printed):
        return False
    counts = _counts(files[0].group(1))
    passed = {match.group(1) for line in printed if (match := PASS_LINE.match(line))}
    before = change.details.get("skipped")
    return (
        set(must_run(change)) <= passed
        and counts.get("passed", 0) >= len(must_run(change))
        and counts.get("passed", 0) + counts.get("skipped", 0) == int(files[0].group(2))
        and isinstance(before, int)
        and _skipped(printed) <= before
    )


def _at(found: Invocation) -> int | None:
    """Where Vitest's arguments begin; None: not Vitest, or a command of it that runs no tests once."""
    if program(found.words) != "vitest":
        return None
    if len(found.words) > 1 and found.words[1] in {"run", "watch", "dev", "related", "bench", "init", "list"}:
        return 2 if found.words[1] == "run" else None
    return 1


def _counts(text: str) -> dict[str, int]:
    """`1 failed | 2 passed ` as counts."""
    return {
        word: int(number)
        for number, _, word in (part.strip().partition(" ") for part in text.strip().split("|"))
    }


def _skipped(printed: tuple[str, ...]) -> int:
    """Tests that the summary counts as skipped or to do."""
    for line in printed:
        match = _TESTS.match(line)
        if match:
            counts = _counts(match.group(1))
            return counts.get("skipped", 0) + counts.get("todo", 0)
    return 0


def _broken(printed: tuple[str, ...]) -> str:
    """What else than failed tests the log tells of; empty where nothing."""
    for line in printed:
        if re.search(r"⎯ Failed Suites \d+ ⎯", line):
            return "a test file could not be run at all"
        if re.search(r"⎯ Unhandled (Errors?|Rejections?) ⎯|^ *Errors  \d+ errors?$", line):
            return "Vitest met errors outside of the tests"
        if re.match(r"^ERROR: Coverage for|^ *% Coverage report from", line):
            return "Vitest measures coverage, which a part of the tests would spoil"
    return ""
