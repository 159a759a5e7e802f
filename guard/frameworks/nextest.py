"""cargo-nextest: the failed tests from its summary, run again by a filter of binary and exact name."""

from __future__ import annotations

import re
from typing import Final

from guard.frameworks.invocation import Invocation, find, program
from guard.frameworks.narrowing import how_started, narrowed, not_all_ran, refused
from guard.frameworks.options import chosen
from guard.frameworks.output import lines
from guard.frameworks.verification import must_run, provable
from guard.types import Change, FailedTests, Outcome, Refusal, Surroundings

NAME = "nextest"

SUMMARY = re.compile(r"^\s*Summary \[[^\]]*\] (\d+)(?:/(\d+))? tests? run: (\d+) passed(?: \([^)]*\))?(?:, (\d+) failed)?(.*)$")
# Below the summary; the counter is newer than 0.9.100. SIGABRT and its like stand for FAIL where a signal ended the test.
_ENTRY = re.compile(r"^\s+(?:FAIL|SIG[A-Z]+|TIMEOUT|TRY \d+ [A-Z]+) \[[^\]]*\](?: +\(\d+/\d+\))? +([\w-]+(?:::[\w/$.-]+)?) ([\w:<>]+)$")
_FLAGS: Final = frozenset(
    {"--no-fail-fast", "--release", "-r", "--workspace", "--all", "--all-features", "--no-default-features", "--lib", "--bins", "--tests",
     "--examples", "--all-targets", "--locked", "--offline", "--frozen", "--verbose", "-v", "--hide-progress-bar"}
)  # fmt: skip
_VALUED: Final = frozenset(
    {"--profile", "-P", "--features", "-F", "-p", "--package", "--exclude", "--bin", "--test", "--example", "--cargo-profile", "--target",
     "--target-dir", "--manifest-path", "-j", "--test-threads", "--build-jobs", "--color", "--status-level", "--final-status-level",
     "--failure-output", "--success-output", "--retries", "--config-file"}
)  # fmt: skip


def ran(outcome: Outcome, surroundings: Surroundings) -> bool:
    """Whether the command is `cargo nextest run`, or the log has its summary."""
    del surroundings
    found = find(outcome)
    if isinstance(found, Invocation) and _at(found) is not None:
        return True
    return any(SUMMARY.match(line) for line in lines(outcome))


def failed(outcome: Outcome, surroundings: Surroundings) -> FailedTests | Refusal:
    """Each as `binary test` from the list below the summary, as many as it counts; only where every test ran."""
    del surroundings
    printed = lines(outcome)
    reason = not_all_ran(outcome, (100,))
    places = [number for number, line in enumerate(printed) if SUMMARY.match(line)]
    if not reason and len(places) != 1:
        reason = "nextest printed no summary, or ran more than once"
    if reason:
        return refused(reason)
    match = SUMMARY.match(printed[places[0]])
    if match is None or match.group(2):
        return refused("nextest stopped at the first failure and left tests out: `--no-fail-fast` runs all")
    counted = int(match.group(4) or 0) + sum(int(number) for number in re.findall(r"(\d+) (?:timed out|exec failed)", match.group(5)))
    names = tuple(dict.fromkeys(f"{m.group(1)} {m.group(2)}" for line in printed[places[0] + 1 :] if (m := _ENTRY.match(line))))
    if len(names) != counted:
        return refused("nextest's list of failures does not agree with its summary")
    return FailedTests(NAME, names, int(match.group(1)), True, "log")


def rerun(tests: FailedTests, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal:
    """`-E` with each test's binary and exact name; nextest itself fails where nothing matches."""
    del surroundings
    found = how_started(tests, outcome)
    if isinstance(found, Refusal):
        return found
    at = _at(found)
    if at is None or found.through:
        return refused("the command is not `cargo nextest run` itself")
    words = found.words[at:]
    told = chosen(words, _FLAGS, _VALUED)
    if isinstance(told, str):
        return refused(f"nextest's option {told} may leave tests out")
    if told[1]:
        return refused("nextest was told to choose tests by name already")
    parts = (name.split(" ", 1) for name in tests.tests)
    pattern = " | ".join(f"(binary_id(={binary}) & test(={test}))" for binary, test in parts)
    return narrowed(tests, argv=found.with_words((*found.words, "-E", pattern)))


def verified(change: Change, outcome: Outcome) -> bool:
    """Whether as many tests ran as were promised, and each of them passed."""
    if not provable(change, outcome):
        return False
    found = [match for line in lines(outcome) if (match := SUMMARY.match(line))]
    wanted = str(len(must_run(change)))
    return len(found) == 1 and found[0].group(1, 2, 3, 4) == (wanted, None, wanted, None)


def _at(found: Invocation) -> int | None:
    """Where the arguments of `cargo nextest run` begin."""
    words = found.words
    at = 2 if len(words) > 1 and words[1].startswith("+") else 1
    return at + 2 if program(words) == "cargo" and words[at : at + 2] in {("nextest", "run"), ("nextest", "r")} else None
