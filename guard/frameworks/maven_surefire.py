"""JUnit by Maven: the failed tests from Surefire's XML reports, their classes run again by `-Dtest`."""

from __future__ import annotations

import os
import re
from pathlib import Path

from guard.frameworks.invocation import Invocation, program
from guard.frameworks.junit_xml import all_passed, cases
from guard.frameworks.narrowing import how_started, narrowed, not_all_ran, refused
from guard.frameworks.output import folder, lines, read, started
from guard.frameworks.verification import must_run, provable
from guard.types import Change, FailedTests, Outcome, Refusal, Surroundings

NAME = "maven_surefire"

# Maven's own lines; Maven 3.9 shortened the plugin's name in the first.
_GOAL = re.compile(r"^\[INFO\] --- [\w-]*surefire(?:-plugin)?:[\w.-]+:[\w-]*test \(([^)]+)\) @ (\S+) ---$")
_ERROR = re.compile(r"^\[ERROR\] Failed to execute goal (\S+)")
_SUREFIRE_ERROR = re.compile(
    r"^\[ERROR\] Failed to execute goal org\.apache\.maven\.plugins:maven-surefire-plugin:[\w.-]+:test \([^)]+\)"
    r" on project \S+: *(There are test failures\..*)?$"
)
# Before Surefire 2.20 without a level in front.
_TOTAL = re.compile(
    r"^(?:\[(?:INFO|ERROR|WARNING)\] )?Tests run: (\d+), Failures: (\d+), Errors: (\d+), Skipped: (\d+)(?:, Flakes: \d+)?$"
)
_BROKEN = re.compile(
    r"^\[ERROR\].*(?:forked VM terminated|ExecutionException|There was a timeout|Crashed tests:"
    r"|There was an error in the forked process)|^\[WARNING\].*Corrupted channel"
)
_SKIPPED_MODULE = re.compile(r"^\[INFO\] .* SKIPPED(?: \[.*\])?$")
_CLASS = re.compile(r"^[A-Za-z_][\w.]*$")
_OPTION = re.compile(
    r"-Dtest\b|skipAfterFailureCount|maven\.test\.failure\.ignore|testFailureIgnore|-fn\b|--fail-never|-Dsurefire\.skip"
)
_DEEPEST = 4
_MOST_FOLDERS = 5000


def ran(outcome: Outcome, surroundings: Surroundings) -> bool:
    """Whether Maven's log tells of a Surefire run."""
    del surroundings
    return any(_GOAL.match(line) for line in lines(outcome))


def failed(outcome: Outcome, surroundings: Surroundings) -> FailedTests | Refusal:
    """Each as `class#test` from the reports that this attempt wrote, as many as Maven counts."""
    del surroundings
    reason = not_all_ran(outcome, (1,))
    printed = lines(outcome)
    errors = [line for line in printed if _ERROR.match(line)]
    if not reason:
        if not errors or not all(_SUREFIRE_ERROR.match(line) for line in errors):
            reason = "Maven failed for more than failed tests"
        elif any(_BROKEN.search(line) for line in printed):
            reason = "a JVM of the tests crashed or was stopped"
        elif any(_SKIPPED_MODULE.match(line) for line in printed):
            reason = "Maven left out the modules behind the failed one"
        elif any("jacoco" in line for line in printed if line.startswith("[")):
            reason = "JaCoCo measures coverage, which a part of the tests would spoil"
        elif not _goals(printed):
            reason = "Maven's log does not show what it ran"
    if reason:
        return refused(reason)
    totals = [[int(number) for number in match.groups()] for line in printed if (match := _TOTAL.match(line))]
    found = cases(reports(folder(outcome)), started(outcome))
    if not found:
        return refused("Surefire left no report of this run that can be read")
    bad = tuple(case for case in found if case.verdict == "failed")
    if len(found) != sum(each[0] for each in totals) or len(bad) != sum(each[1] + each[2] for each in totals):
        return refused("Surefire's reports do not agree with Maven's counts")
    if not all(case.name and case.name != case.class_name and _CLASS.match(case.top_class) for case in bad):
        return refused("a class failed before its tests ran, or has a name that -Dtest does not take")
    return FailedTests(NAME, tuple(case.id for case in bad), len(found), True, "report")


def rerun(tests: FailedTests, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal:
    """`-Dtest=Class,Class`: whole classes, since a test's own name may hold what the option reads otherwise."""
    del surroundings
    found = how_started(tests, outcome)
    if isinstance(found, Refusal):
        return found
    if found.through or not _is_maven(found):
        return refused("the command is not Maven itself")
    root = folder(outcome)
    env = {**outcome.command.env, **found.env}
    settings = [
        " ".join(found.words),
        env.get("MAVEN_OPTS", ""),
        env.get("MAVEN_ARGS", ""),
        read(root / ".mvn" / "maven.config") or "",
        *(read(place / "pom.xml") or "" for place in _modules(root)),
    ]
    if any(_OPTION.search(text) for text in settings):
        return refused("Maven was told to choose tests, to stop early or to pass in spite of failures")
    goals = _goals(lines(outcome))
    classes = dict.fromkeys(
        name.partition("#")[0].partition("$")[0].rpartition(".")[2] for name in tests.tests
    )
    more = [f"-Dtest={','.join(classes)}"]
    if len(goals) > 1:
        # The other modules have none of these classes: by default that is an error.
        more.append("-Dsurefire.failIfNoSpecifiedTests=false")
    return narrowed(
        tests,
        argv=found.with_words((*found.words, *more)),
        more={"goals": list(goals), "classes": list(classes)},
    )


def verified(change: Change, outcome: Outcome) -> bool:
    """Whether the fresh reports show each promised test passed, and Surefire ran no more often than before.

    A second execution of the plugin, which the first failure had kept from starting, would have been narrowed too.
    """
    if not provable(change, outcome):
        return False
    if list(_goals(lines(outcome))) != change.details.get("goals"):
        return False
    return all_passed(cases(reports(folder(outcome)), started(outcome)), must_run(change))


def _is_maven(found: Invocation) -> bool:
    """Whether the words start Maven."""
    return program(found.words) in {"mvn", "mvnw", "mvnd"}


def _goals(printed: tuple[str, ...]) -> tuple[str, ...]:
    """`execution@module` of each Surefire run, sorted."""
    return tuple(
        sorted(f"{match.group(1)}@{match.group(2)}" for line in printed if (match := _GOAL.match(line)))
    )


def _modules(root: Path) -> list[Path]:
    """The folders with a pom.xml at and below `root`, links not followed."""
    found: list[Path] = []
    for seen, (place, folders, files) in enumerate(os.walk(root)):
        if seen > _MOST_FOLDERS:
            break
        here = Path(place)
        if len(here.relative_to(root).parts) >= _DEEPEST:
            folders.clear()
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and name not in {"target", "src", "node_modules"}
        )
        if "pom.xml" in files:
            found.append(here)
    return found


def reports(root: Path) -> list[Path]:
    """The report folders of all modules."""
    return [place for module in _modules(root) if (place := module / "target" / "surefire-reports").is_dir()]
