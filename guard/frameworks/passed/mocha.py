"""Mocha: passes by the reporters `spec` (its own choice) and `list`, and by JUnit's XML, as full titles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from guard.frameworks.passed.reports import below, passed_cases
from guard.types import Outcome

_SUMMARY = re.compile(r"^  \d+ passing \(\d+\w+\)$")
_CYPRESS = "(Run Finished)"
_LINE = re.compile(r"^((?:  )+)(.*\S)$")
_PASS = re.compile(r"^[✔✓√] (.+?)(?: \(\d+ms\))?$")
_LIST = re.compile(r"^(?:    .*: )?  [✔✓√] (.+): \d+ms$")
_MARKED = re.compile(r"^(?:\d+\) |- )")
_DEEPEST = 50
# The reporter `xunit` writes to `output=`; mocha-junit-reporter to `mochaFile=`, MOCHA_FILE, or test-results.xml.
_OPTION = re.compile(r"\b(?:output|mochaFile)=[\"']?([^\s\"',;&|]+)")
_FILE = "test-results.xml"


def names(printed: tuple[str, ...], outcome: Outcome) -> Iterator[str]:
    """The titles of a test and of what it stands in, joined by spaces."""
    ends = [at for at, line in enumerate(printed) if _SUMMARY.match(line)]
    if ends and not any(_CYPRESS in line for line in printed):
        listed = [match.group(1) for line in printed[: ends[-1]] if (match := _LIST.match(line))]
        yield from listed or _tree(printed[: ends[-1]])
    told = _OPTION.findall(" ".join(outcome.command.argv))
    for report in below(outcome, (*told, outcome.command.env.get("MOCHA_FILE", ""), _FILE)):
        yield from (_full(one) for one in passed_cases(report, outcome))


def _tree(printed: tuple[str, ...]) -> Iterator[str]:
    """By the depth at which titles stand: a suite, below it its tests with their marks and its suites."""
    above: list[str] = []
    for line in printed:
        match = _LINE.match(line)
        level = len(match.group(1)) // 2 - 1 if match else _DEEPEST
        if not match or level >= _DEEPEST or level > len(above):
            # What the tests themselves print.
            continue
        text = match.group(2)
        if passing := _PASS.match(text):
            yield " ".join((*above[:level], passing.group(1)))
        elif not _MARKED.match(text):
            above[level:] = [text]


def _full(case: Element) -> str:
    """`xunit` has the suites in the class name; mocha-junit-reporter the whole in the name and the title in the class name."""
    suites, name = case.get("classname", ""), case.get("name", "")
    return name if not suites or name == suites or name.endswith(f" {suites}") else f"{suites} {name}"
