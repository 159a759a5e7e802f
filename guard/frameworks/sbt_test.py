"""sbt's tests (ScalaTest, MUnit, specs2, JUnit): the failed suites from its list and its XML reports, run again by `testOnly`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from guard.frameworks.invocation import Invocation, find, program
from guard.frameworks.junit_xml import all_passed, cases
from guard.frameworks.narrowing import how_started, narrowed, not_all_ran, refused
from guard.frameworks.output import folder, lines, started
from guard.frameworks.verification import must_run, provable
from guard.types import Change, FailedTests, Outcome, Refusal, Surroundings

NAME = "sbt_test"

# sbt's own lines (sbt.TestResultLogger): below `Failed tests:` each suite stands behind a tab.
_LIST: Final = re.compile(r"^\[error\] Failed tests:$")
_SUITE: Final = re.compile(r"^\[error\] \t([A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*)$")
# A task that failed: `(Test / test) sbt.TestsFailedException: …`, with the project in front where there are several.
_TASK: Final = re.compile(r"^\[error\] \(((?:[\w.-]+ / )*)([\w.-]+)\) (.*)$")
_UNSUCCESSFUL: Final = "sbt.TestsFailedException: Tests unsuccessful"
_BROKEN: Final = re.compile(
    r"^\[error\] (?:Error during tests:|Error: Total)|\*\*\* (?:RUN|SUITE) ABORTED \*\*\*|Suites: completed \d+, aborted [1-9]|Exception in thread \"Thread-\d+\""
)
# What the user names: `test`, `core/test`, `Test/test`, `core/Test/test`, `test:test`.
_COMMAND: Final = re.compile(r"^((?:[\w-]+\s*/\s*)?(?:Test\s*/\s*|test:)?)test$")
_SPOILS: Final = frozenset({"coverage", "coverageReport", "coverageAggregate", "coverageOn", "jacoco", "client", "--client", "shell"})
_LAUNCHER: Final = re.compile(r"(?:^|/)sbt-launch[\w.-]*\.jar$")
_DEEPEST: Final = 4


def ran(outcome: Outcome, surroundings: Surroundings) -> bool:
    """Whether the command is sbt and its log lists failed tests."""
    del surroundings
    found = find(outcome)
    return isinstance(found, Invocation) and _arguments(found) is not None and any(_LIST.match(line) for line in lines(outcome))


def failed(outcome: Outcome, surroundings: Surroundings) -> FailedTests | Refusal:
    """Each as `class#test` from the reports of this attempt, of just the suites that sbt lists."""
    del surroundings
    reason = not_all_ran(outcome, (1,))
    printed = lines(outcome)
    tasks = [match for line in printed if (match := _TASK.match(line))]
    if not reason and any(_BROKEN.search(line) for line in printed):
        reason = "a suite was aborted, or its JVM ended"
    if not reason and (not tasks or any(match.group(2) != "test" or match.group(3) != _UNSUCCESSFUL for match in tasks)):
        reason = "sbt failed for more than failed tests"
    if reason:
        return refused(reason)
    listed = tuple(_listed(printed))
    found = cases(_folders(folder(outcome)), started(outcome))
    if not found:
        return refused("sbt left no report of this run that can be read")
    bad = tuple(case for case in found if case.verdict == "failed")
    if not listed or {case.class_name for case in bad} != set(listed):
        return refused("sbt's reports do not agree with its list of failed suites")
    return FailedTests(NAME, tuple(case.id for case in bad), len(found), True, "report")


def rerun(tests: FailedTests, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal:
    """`testOnly SUITE…` in place of the one `test` of the command."""
    del surroundings
    found = how_started(tests, outcome)
    if isinstance(found, Refusal):
        return found
    at = _arguments(found)
    if found.through or at is None:
        return refused("the command is not sbt itself")
    words = found.words
    spoils = next((word for word in words[at:] if word in _SPOILS), "")
    if spoils:
        return refused(f"sbt {spoils}: a part of the tests would not do")
    places = [number for number in range(at, len(words)) if _COMMAND.match(words[number])]
    if len(places) != 1 or any(";" in word or word.startswith(("+", "~")) for word in words[at:]):
        return refused("the command does not name sbt's task test, once and by itself")
    match = _COMMAND.match(words[places[0]])
    suites = dict.fromkeys(name.partition("#")[0] for name in tests.tests)
    chosen = f"{match.group(1) if match else ''}testOnly {' '.join(suites)}"
    argv = found.with_words((*words[: places[0]], chosen, *words[places[0] + 1 :]))
    return narrowed(tests, argv=argv)


def verified(change: Change, outcome: Outcome) -> bool:
    """Whether the fresh reports show each promised test passed, and no other failed."""
    return provable(change, outcome) and all_passed(cases(_folders(folder(outcome)), started(outcome)), must_run(change))


def _arguments(found: Invocation) -> int | None:
    """Where sbt's own words begin: behind `sbt`, or behind its launcher; None: not sbt."""
    if program(found.words) == "sbt":
        return 1
    if program(found.words) == "java":
        return next((number + 1 for number, word in enumerate(found.words) if _LAUNCHER.search(word)), None)
    return None


def _listed(printed: tuple[str, ...]) -> Iterator[str]:
    """The suites below each `Failed tests:`."""
    inside = False
    for line in printed:
        match = _SUITE.match(line)
        if inside and match:
            yield match.group(1)
        inside = bool(_LIST.match(line)) or (inside and bool(match))


def _folders(root: Path) -> tuple[Path, ...]:
    """`target/test-reports` of the build and of its projects, by sbt's default layout, down to four folders; no links."""
    found: list[Path] = []
    waiting = [(root, 0)]
    while waiting:
        here, depth = waiting.pop()
        place = here / "target" / "test-reports"
        if place.is_dir():
            found.append(place)
        if depth >= _DEEPEST:
            continue
        try:
            below = sorted(one for one in here.iterdir() if one.is_dir() and not one.is_symlink())
        except OSError:
            continue
        waiting += [(one, depth + 1) for one in below if one.name not in {"target", "src", "node_modules"} and one.name[0] != "."]
    return tuple(sorted(found))
