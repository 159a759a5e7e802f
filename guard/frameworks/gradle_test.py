"""JUnit by Gradle: the failed tests from its XML reports, their classes run again by `--tests`."""

from __future__ import annotations

import re
from pathlib import Path

from guard.frameworks.invocation import Invocation, find, program
from guard.frameworks.junit_xml import all_passed, cases
from guard.frameworks.narrowing import how_started, narrowed, not_all_ran, refused
from guard.frameworks.output import folder, lines, read, started
from guard.frameworks.verification import must_run, provable
from guard.types import Change, FailedTests, Outcome, Refusal, Surroundings

NAME = "gradle_test"

# Gradle's own lines.
_COMPLETED = re.compile(r"^(\d+) tests? completed, (\d+) failed(?:, (\d+) skipped)?$")
_TASK = re.compile(r"^Execution failed for task '((?::[\w.-]+)+)'\.$")
_FAILING = re.compile(r"^> There were failing tests\.")
_MANY = re.compile(r"^FAILURE: Build completed with \d+ failures\.$")
_CLASS = re.compile(r"^[A-Za-z_][\w.]*$")
_BUILD_FILES = ("build.gradle", "build.gradle.kts")
_SETTINGS = ("settings.gradle", "settings.gradle.kts")
_STOPS = re.compile(r"\bfailFast\b|\bignoreFailures\b|\bjacoco\b|\bkover\b")


def ran(outcome: Outcome, surroundings: Surroundings) -> bool:
    """Whether Gradle's log tells of completed tests."""
    del surroundings
    found = find(outcome)
    return (
        isinstance(found, Invocation)
        and _is_gradle(found)
        and any(_COMPLETED.match(line) for line in lines(outcome))
    )


def failed(outcome: Outcome, surroundings: Surroundings) -> FailedTests | Refusal:
    """Each as `class#test` from the reports that this attempt wrote, as many as Gradle counts."""
    del surroundings
    reason = not_all_ran(outcome, (1,))
    printed = lines(outcome)
    counts = [match for line in printed if (match := _COMPLETED.match(line))]
    tasks = [match.group(1) for line in printed if (match := _TASK.match(line))]
    if not reason:
        if len(counts) != 1 or len(tasks) != 1 or any(_MANY.match(line) for line in printed):
            reason = "more than one task of Gradle failed, or none of tests"
        elif not any(_FAILING.match(line) for line in printed):
            reason = "Gradle failed for more than failed tests"
    if reason:
        return refused(reason)
    found = cases((_results(folder(outcome), tasks[0]),), started(outcome))
    if not found:
        return refused("Gradle left no report of this run that can be read")
    bad = tuple(case for case in found if case.verdict == "failed")
    if len(found) != int(counts[0].group(1)) or len(bad) != int(counts[0].group(2)):
        return refused("Gradle's reports do not agree with its counts")
    if not all(
        case.name
        and case.name not in {"initializationError", "executionError", "classMethod"}
        and _CLASS.match(case.top_class)
        for case in bad
    ):
        return refused("a class failed before its tests ran, or has a name that --tests does not take")
    return FailedTests(NAME, tuple(case.id for case in bad), len(found), True, "report")


def rerun(tests: FailedTests, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal:
    """`--tests 'Class*'` behind the one test task that the user named; Gradle fails where none matches."""
    del surroundings
    found = how_started(tests, outcome)
    if isinstance(found, Refusal):
        return found
    if found.through or not _is_gradle(found):
        return refused("the command is not Gradle itself")
    words = found.words
    if any(word in {"--fail-fast", "--tests"} or word.startswith("--tests=") for word in words):
        return refused("Gradle was told to choose tests or to stop early")
    task = next((match.group(1) for line in lines(outcome) if (match := _TASK.match(line))), "")
    root = folder(outcome)
    one_project = not any(
        re.search(r"^\s*include", read(root / name) or "", re.MULTILINE) for name in _SETTINGS
    )
    accepted = {task, task.lstrip(":")} if one_project or task.count(":") > 1 else {task}
    places = [number for number, word in enumerate(words) if number and word in accepted]
    if len(places) != 1:
        return refused(f"the command does not name the task {task} itself")
    home = _project(root, task)
    for place in {root, home}:
        for name in _BUILD_FILES:
            if _STOPS.search(read(place / name) or ""):
                return refused(f"{name} sets failFast, ignoreFailures or coverage")
    classes = dict.fromkeys(name.partition("#")[0].partition("$")[0] for name in tests.tests)
    # With the star nested classes (`Class$Inner`) are in; it may take in more, never less.
    more = tuple(part for name in classes for part in ("--tests", f"{name}*"))
    at = places[0] + 1
    return narrowed(tests, argv=found.with_words((*words[:at], *more, *words[at:])), more={"task": task})


def verified(change: Change, outcome: Outcome) -> bool:
    """Whether the fresh reports of the task show each promised test passed."""
    task = change.details.get("task")
    if not provable(change, outcome) or not isinstance(task, str):
        return False
    place = _results(folder(outcome), task)
    return all_passed(cases((place,), started(outcome)), must_run(change))


def _is_gradle(found: Invocation) -> bool:
    """Whether the words start Gradle or its wrapper."""
    return program(found.words) in {"gradle", "gradlew"}


def _project(root: Path, task: str) -> Path:
    """The folder of the project that a task's path names, in Gradle's default layout."""
    return root.joinpath(*task.split(":")[1:-1])


def _results(root: Path, task: str) -> Path:
    """Where the task writes its XML reports by default."""
    return _project(root, task) / "build" / "test-results" / task.rpartition(":")[2]
