"""JUnit reports of a first run and of a narrowed one → those of the first, with what the second run proved laid into them.

A test that failed first and passed then is no failure and bears `flakyFailure` or `flakyError`; one that failed again stays a
failure and bears `rerunFailure` or `rerunError` beside it (Surefire's schema surefire-test-report.xsd, and what cargo-nextest writes).
"""

from __future__ import annotations

import copy
import xml.etree.ElementTree as ET  # reports of the build itself, of bounded size, without a document type
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_BAD: Final[Mapping[str, str]] = {"failure": "failures", "error": "errors"}
"""The element of a bad case -> the count of its suite."""
_Key = tuple[str, str]


@dataclass(frozen=True)
class Merged:
    """What became of the reports of the first run."""

    texts: Mapping[str, str]
    """Path -> its whole new text."""
    tests: int
    """Test cases in these reports."""
    flaky: int
    """Cases that failed first and passed when run again."""
    failing: int
    """Cases that failed in the narrowed run."""


class _Report:
    """One report of the first run: its tree, where each case stands, and the suites above it."""

    def __init__(self, root: ET.Element) -> None:
        self.root = root
        self.above = {child: parent for parent in root.iter() for child in parent}

    def suites(self, case: ET.Element) -> Iterator[ET.Element]:
        """The elements above a case, the nearest first."""
        while case in self.above:
            case = self.above[case]
            yield case

    def count(self, case: ET.Element, name: str, more: int) -> None:
        """Add to a count of each suite above the case that has it."""
        for suite in self.suites(case):
            text = suite.get(name, "")
            if text.isdecimal():
                suite.set(name, str(max(int(text) + more, 0)))


def merged(first: Mapping[str, str], again: Mapping[str, str]) -> Merged | None:
    """The reports of the first run (path -> text) with the results of the narrowed one laid in; None where one cannot be read.

    `again` has the reports that the narrowed run wrote, under the same path where it wrote over one of the first run.
    """
    reports = {path: _read(text) for path, text in first.items()}
    seconds = {path: _read(text) for path, text in again.items()}
    here: dict[_Key, list[tuple[_Report, ET.Element]]] = {}
    read: dict[str, _Report] = {}
    for path, report in reports.items():
        if report is None:
            return None
        read[path] = report
        for case in report.root.iter("testcase"):
            here.setdefault(_key(case), []).append((report, case))
    anew: dict[_Key, list[tuple[str, ET.Element]]] = {}
    for path, report in seconds.items():
        if report is None:
            return None
        for case in report.root.iter("testcase"):
            anew.setdefault(_key(case), []).append((path, case))
    flaky = failing = 0
    for key, results in anew.items():
        bad = [case for _, case in results if _is_bad(case)]
        failing += len(bad)
        if key not in here:
            # A file of the narrowed run's own stands beside those of the first, and says it itself.
            for path, case in results:
                if path in read:
                    _add(read[path], case)
            continue
        flaky += _settle(here[key], [case for _, case in results], bad)
    tests = sum(1 for report in read.values() for _ in report.root.iter("testcase"))
    return Merged({path: _text(report.root) for path, report in read.items()}, tests, flaky, failing)


def readable(text: str) -> bool:
    """Whether it is a report that can be merged."""
    return _read(text) is not None


def _settle(known: list[tuple[_Report, ET.Element]], results: list[ET.Element], bad: list[ET.Element]) -> int:
    """Lay the results of one test into its cases of the first run. Returns how many of them are flaky."""
    before = [(report, case) for report, case in known if _is_bad(case)]
    passes = [case for case in results if not _is_bad(case) and case.find("skipped") is None]
    if before and not bad and len(passes) >= len(before):
        for (report, case), passed in zip(before, passes):  # noqa: B905 -- there may be more passes: a file was run anew
            _rename(report, case, "flaky")
            if case.get("status") == "fail":
                # CTest's word beside the failure.
                case.set("status", "run")
            if "time" in passed.attrib:
                case.set("time", passed.attrib["time"])
        return len(before)
    if before and bad:
        for position, (_, case) in enumerate(before):
            _append(case, bad[min(position, len(bad) - 1)], "rerun")
    elif bad:
        # It passed at first, and a whole file was run again for another test's sake.
        for (report, case), failed in zip(known, bad):  # noqa: B905 -- of either there may be more
            for element in [one for one in failed if one.tag in _BAD]:
                case.append(copy.deepcopy(element))
                report.count(case, _BAD[element.tag], 1)
    return 0


def _rename(report: _Report, case: ET.Element, how: str) -> None:
    """What was a failure of a case becomes `flakyFailure` (`how`: flaky), and no longer counts."""
    for element in [one for one in case if one.tag in _BAD]:
        report.count(case, _BAD[element.tag], -1)
        position = list(case).index(element)
        case.remove(element)
        case.insert(position, _told(element, how))


def _append(case: ET.Element, failed: ET.Element, how: str) -> None:
    """What failed in the narrowed run stands behind the first failure."""
    positions = [position for position, one in enumerate(case) if one.tag in _BAD]
    at = positions[-1] + 1
    for element in [one for one in failed if one.tag in _BAD]:
        case.insert(at, _told(element, how))
        at += 1


def _told(element: ET.Element, how: str) -> ET.Element:
    """`failure` → `flakyFailure` or `rerunFailure` with the text as `stackTrace`, as Surefire writes it."""
    told = ET.Element(how + element.tag.capitalize())
    for name in ("message", "type"):
        if name in element.attrib:
            told.set(name, element.attrib[name])
    trace = ET.SubElement(told, "stackTrace")
    trace.text = "".join(element.itertext())
    told.tail = element.tail
    return told


def _add(report: _Report, case: ET.Element) -> None:
    """A case that the first run had not: into the suite that has most in common with it, the first of the report."""
    suites = [one for one in report.root.iter("testsuite") if one.find("testcase") is not None]
    suite = suites[0] if suites else next(report.root.iter("testsuite"), report.root)
    added = copy.deepcopy(case)
    suite.append(added)
    report.above[added] = suite
    report.count(added, "tests", 1)
    for element in added:
        if element.tag in _BAD:
            report.count(added, _BAD[element.tag], 1)


def _is_bad(case: ET.Element) -> bool:
    return any(element.tag in _BAD for element in case)


def _key(case: ET.Element) -> _Key:
    return case.get("classname", case.get("class", "")), case.get("name", "")


def _read(text: str) -> _Report | None:
    # Without a document type no entity can be declared.
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    try:
        root = ET.fromstring(text.encode("utf-8"))
    except (ET.ParseError, ValueError):
        return None
    return _Report(root) if root.tag in ("testsuites", "testsuite") else None


def _text(root: ET.Element) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'
