"""Tests of a history → JUnit XML, with the elements by which Surefire tells flaky tests from broken ones.

A test that failed and passed when it ran again is a passed testcase with `flakyFailure`; one that failed again has
`failure` and `rerunFailure` (maven.apache.org/surefire, "Rerun Failing Tests"; readers that know neither see pass and failure).
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from guard.report.trends.rows import TestLike

_AGAIN = "failed when it ran again"


def junit(tests: Iterable[TestLike]) -> str:
    """One suite a framework and project, one testcase a test, by the last run in which it failed at first."""
    last: dict[tuple[str, str, str], TestLike] = {}
    for one in tests:
        if one.outcome == "passed":
            # It says nothing of how the test fails.
            continue
        known = last.get((one.project, one.framework, one.name))
        if known is None or one.at >= known.at:
            last[one.project, one.framework, one.name] = one
    root = ET.Element("testsuites", name="pipeguard")
    suites: dict[tuple[str, str], ET.Element] = {}
    for (project, framework, _), one in sorted(last.items()):
        suite = suites.get((project, framework))
        if suite is None:
            suite = suites[project, framework] = ET.SubElement(root, "testsuite", name=_clean(f"{project} {framework}".strip()))
        _testcase(suite, one)
    for suite in (*suites.values(), root):
        cases = suite.iter("testcase")
        failed = [case.find("failure") is not None for case in cases]
        suite.attrib |= {"tests": str(len(failed)), "failures": str(sum(failed)), "errors": "0"}
    for suite in suites.values():
        suite.attrib |= {"skipped": "0", "flakes": str(len(suite.findall(".//flakyFailure")))}
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _testcase(suite: ET.Element, one: TestLike) -> None:
    classname, name = _split(one.name, one.framework)
    case = ET.SubElement(suite, "testcase", classname=_clean(classname), name=_clean(name), time=f"{one.minutes * 60:.3f}")
    if one.outcome == "passed_on_rerun":
        _rerun(case, "flakyFailure", f"failed, and passed when it ran again at {one.commit[:12] or 'the same commit'}")
    elif one.outcome == "failed":
        ET.SubElement(case, "failure", type="failure", message=_AGAIN).text = _AGAIN
        _rerun(case, "rerunFailure", _AGAIN)


def _rerun(case: ET.Element, name: str, message: str) -> None:
    element = ET.SubElement(case, name, type="failure", message=message)
    ET.SubElement(element, "stackTrace").text = message


def _split(name: str, framework: str) -> tuple[str, str]:
    """Class and name as frameworks write them: `path::name`, `Class#name`, `package.Class.name`."""
    for mark in ("::", "#", " > ", "."):
        before, found, after = name.rpartition(mark)
        if found and before and after:
            return before, after
    return framework, name


def _clean(text: str) -> str:
    """Without what XML 1.0 cannot hold."""
    return "".join(letter if letter in "\t\n" or (letter >= " " and not "\ud800" <= letter <= "\udfff" and letter not in "\ufffe\uffff") else "�" for letter in text)
