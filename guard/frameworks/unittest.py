"""unittest (and Django's test command): the failed tests from its headings, run again by `-k` patterns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Final

from guard.frameworks.invocation import Invocation, find, module_arguments, python_arguments
from guard.frameworks.narrowing import how_started, narrowed, not_all_ran, refused
from guard.frameworks.output import lines
from guard.frameworks.verification import must_run, provable
from guard.types import Change, FailedTests, Outcome, Refusal, Surroundings

NAME = "unittest"

_RAN = re.compile(r"^Ran (\d+) tests? in [\d.]+s$")
_FAILED = re.compile(r"^FAILED \(((?:[a-z ]+=\d+(?:, )?)+)\)$")
_RULE: Final = "=" * 70
# "FAIL: test_x (pkg.mod.Class.test_x)", before Python 3.11 "FAIL: test_x (pkg.mod.Class)"; a subtest adds
# "(i=1)" or "[text]".
_HEADING = re.compile(r"^(FAIL|ERROR|UNEXPECTED SUCCESS): (\S+) \(([\w.]+)\)(?: [\[(].*)?$")
_NAME = re.compile(r"^[\w.]+$")
_OPTIONS: Mapping[str, str] = {
    "-f": "stops at the first failure",
    "--failfast": "stops at the first failure",
    "-k": "chooses tests by name already",
    "--shuffle": "shuffles the tests",
}


def ran(outcome: Outcome, surroundings: Surroundings) -> bool:
    """Whether the command is `python -m unittest` or Django's `manage.py test`, or the log has the summary."""
    del surroundings
    found = find(outcome)
    if isinstance(found, Invocation) and _at(found) is not None:
        return True
    printed = lines(outcome)
    return any(_RAN.match(line) for line in printed) and any(_FAILED.match(line) for line in printed)


def failed(outcome: Outcome, surroundings: Surroundings) -> FailedTests | Refusal:
    """The names in the headings, as many as the summary counts; unittest keeps no record itself."""
    del surroundings
    reason = not_all_ran(outcome, (1,))
    printed = lines(outcome)
    totals = [int(match.group(1)) for line in printed if (match := _RAN.match(line))]
    results = [match.group(1) for line in printed if (match := _FAILED.match(line))]
    if not reason and (len(totals) != 1 or len(results) != 1):
        reason = "unittest printed no summary, or ran more than once"
    if reason:
        return refused(reason)
    counts = {word: int(number) for word, number in re.findall(r"([a-z ]+)=(\d+)", results[0])}
    counts = {word.strip(): number for word, number in counts.items()}
    bad = counts.get("failures", 0) + counts.get("errors", 0)
    if counts.get("unexpected successes"):
        return refused("a test that was expected to fail passed")
    headings = [
        line
        for before, line in pairwise(printed)
        if before == _RULE and line.startswith(("FAIL: ", "ERROR: "))
    ]
    names: list[str] = []
    for line in headings:
        match = _HEADING.match(line)
        if match is None or "_FailedTest" in line or match.group(2).startswith(("setUp", "tearDown")):
            # A class, a module or an import failed: its tests never ran.
            return refused("a class or module failed before its tests ran")
        name, place = match.group(2), match.group(3)
        names.append(place if place.endswith(f".{name}") else f"{place}.{name}")
    if not names or len(names) != bad or not all(_NAME.match(name) for name in names):
        return refused("unittest's list of failures does not agree with its summary")
    return FailedTests(NAME, tuple(dict.fromkeys(names)), totals[0], True, "log")


def rerun(tests: FailedTests, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal:
    """`-k '*NAME'` for each (since Python 3.7, Django 3.0), behind the user's arguments."""
    del surroundings
    found = how_started(tests, outcome)
    if isinstance(found, Refusal):
        return found
    at = _at(found)
    if at is None or found.through:
        return refused("the command is not unittest itself")
    for word in found.words[at:]:
        name = word.partition("=")[0]
        if name in _OPTIONS:
            return refused(f"unittest {_OPTIONS[name]}")
        if re.match(r"^-[a-z]*[fk]", word) and not word.startswith("--"):
            return refused("unittest was given options that guard cannot take apart")
        if word == "--":
            return refused("unittest takes no option behind --")
    patterns = tuple(part for name in tests.tests for part in ("-k", f"*{name}"))
    return narrowed(tests, argv=found.with_words((*found.words, *patterns)))


def verified(change: Change, outcome: Outcome) -> bool:
    """Whether exactly as many tests ran as were promised, all plainly OK, none skipped."""
    if not provable(change, outcome):
        return False
    printed = lines(outcome)
    totals = [int(match.group(1)) for line in printed if (match := _RAN.match(line))]
    verdicts = [line for line in printed if line == "OK" or line.startswith(("OK (", "FAILED"))]
    return totals == [len(must_run(change))] and verdicts == ["OK"]


def _at(found: Invocation) -> int | None:
    """Where the arguments of unittest begin."""
    at = module_arguments(found.words, "unittest")
    if at is not None:
        return at
    start = python_arguments(found.words)
    if (
        start is not None
        and re.search(r"(^|/)manage\.py$", found.words[start])
        and found.words[start + 1 : start + 2] == ("test",)
    ):
        return start + 2
    if found.words and re.search(r"(^|/)manage\.py$", found.words[0]) and found.words[1:2] == ("test",):
        return 2
    return None
