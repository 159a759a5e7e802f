"""An attempt → the tests that its framework's own record names as passed, each as that framework's failures are named.

A record is what stands in the log by a verbose reporter, or JUnit's XML that this attempt wrote. Reporters that print dots
name nobody. RSpec and Playwright run a failed test again by a place or an id; for people, and to be known again in the next
run, theirs go by what they say they are (`failures`). Nothing here decides anything: a name is counted, no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from guard.frameworks.output import lines
from guard.frameworks.passed import by_case, by_file, by_line, mocha, playwright, pytest, rspec
from guard.types import Outcome

MOST = 20_000
"""Names of one attempt."""
_LONGEST = 500


def passed(outcome: Outcome) -> dict[str, tuple[str, ...]]:
    """Framework → names, each once, in the order in which they stand; empty where no record names any."""
    printed = _printed(outcome)
    found = {framework: _sound(read_names(printed, outcome)) for framework, read_names in _READERS.items()}
    return {framework: names for framework, names in found.items() if names}


def failures(framework: str, outcome: Outcome) -> tuple[str, ...]:
    """The failed tests of an attempt by the names under which their passes are counted; () where `FailedTests` has them."""
    read_names = _FAILURES.get(framework)
    return _sound(read_names(_printed(outcome))) if read_names else ()


def _printed(outcome: Outcome) -> tuple[str, ...]:
    # In a log that means harm a long line is many lines' work.
    return tuple(line for line in lines(outcome) if len(line) <= 2 * _LONGEST)


def _sound(names: Iterable[str]) -> tuple[str, ...]:
    return tuple([name for name in dict.fromkeys(names) if 0 < len(name) <= _LONGEST][:MOST])


_READERS: Final[Mapping[str, Callable[[tuple[str, ...], Outcome], Iterable[str]]]] = {
    "pytest": pytest.names,
    "unittest": by_line.unittest,
    "jest": by_file.jest,
    "vitest": by_file.vitest,
    "cypress": by_file.cypress,
    "mocha": mocha.names,
    "playwright": playwright.names,
    "rspec": rspec.names,
    "phpunit": by_case.phpunit,
    "go_test": by_line.go_test,
    "maven_surefire": by_case.surefire,
    "gradle_test": by_case.gradle_test,
    "cargo_test": by_line.cargo_test,
    "ctest": by_line.ctest,
    "nextest": by_line.nextest,
    "dotnet_test": by_line.dotnet_test,
}
_FAILURES: Final[Mapping[str, Callable[[tuple[str, ...]], Iterable[str]]]] = {
    "playwright": playwright.failures,
    "rspec": rspec.failures,
}
