"""Surefire, Gradle and PHPUnit: the test cases that passed, by the JUnit XML that this attempt wrote."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from guard.frameworks import maven_surefire
from guard.frameworks.junit_xml import cases
from guard.frameworks.output import folder, read, started
from guard.frameworks.passed.reports import below, passed_cases
from guard.types import Outcome

_MOST_FOLDERS = 2_000
_PHPUNIT_OPTION = re.compile(r"--log-junit[= ][\"']?([^\s\"';&|]+)")
# <junit outputFile="build/junit.xml"/> since 9.3; <log type="junit" target="build/junit.xml"/> before.
_PHPUNIT_SETTING = re.compile(r"<junit\s[^>]*\boutputFile=\"([^\"]+)\"|<log\s(?=[^>]*\btype=\"junit\")[^>]*\btarget=\"([^\"]+)\"")


def surefire(printed: tuple[str, ...], outcome: Outcome) -> Iterator[str]:
    """`class#method` of each module's reports."""
    if any("surefire" in line for line in printed):
        yield from _by_cases(maven_surefire.reports(folder(outcome)), outcome)


def gradle_test(printed: tuple[str, ...], outcome: Outcome) -> Iterator[str]:
    """`class#method` of each project's test results."""
    if any(mark in line for line in printed for mark in ("> Task :", " tests completed, ", "BUILD SUCCESSFUL in ")):
        root = folder(outcome)
        places = [place for form in ("build/test-results/*", "*/build/test-results/*") for place in sorted(root.glob(form))]
        yield from _by_cases(places[:_MOST_FOLDERS], outcome)


def phpunit(printed: tuple[str, ...], outcome: Outcome) -> Iterator[str]:
    """`class::method`, with its data set; PHPUnit's log names no pass as it names a failure."""
    del printed
    told = _PHPUNIT_OPTION.findall(" ".join(outcome.command.argv))
    for name in ("phpunit.xml", "phpunit.dist.xml", "phpunit.xml.dist"):
        told += [one or other for one, other in _PHPUNIT_SETTING.findall(read(folder(outcome) / name) or "")]
    for report in below(outcome, told):
        yield from (f"{one.get('class', '')}::{one.get('name', '')}" for one in passed_cases(report, outcome) if one.get("class"))


def _by_cases(folders: Iterable[Path], outcome: Outcome) -> Iterator[str]:
    yield from (case.id for case in cases(folders, started(outcome)) or () if case.verdict == "passed")
