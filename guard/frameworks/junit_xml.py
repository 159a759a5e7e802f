"""Reads JUnit's XML reports as Surefire and Gradle write them: which test cases ended how."""

from __future__ import annotations

import xml.etree.ElementTree as ET  # the build's own reports, of bounded size
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from guard.frameworks.output import read, written_since


@dataclass(frozen=True)
class Case:
    """One test case of a report."""

    class_name: str
    name: str
    verdict: str
    """passed, failed or skipped."""

    @property
    def id(self) -> str:
        """`class#name`, as Surefire writes a test."""
        return f"{self.class_name}#{self.name}"

    @property
    def top_class(self) -> str:
        """The outermost class, in whose file the test stands."""
        return self.class_name.partition("$")[0]


def cases(folders: Iterable[Path], since: float | None) -> tuple[Case, ...] | None:
    """The cases of all `TEST-*.xml` in `folders` written since a moment; None when one cannot be read."""
    found: list[Case] = []
    for place in folders:
        try:
            reports = sorted(place.glob("TEST-*.xml"))
        except OSError:
            return None
        for report in reports:
            if not written_since(report, since):
                continue
            text = read(report)
            # A document type is in no such report; without one no entity can be declared.
            if text is None or "<!DOCTYPE" in text or "<!ENTITY" in text:
                return None
            try:
                root = ET.fromstring(text)
            except (ET.ParseError, ValueError):
                return None
            found += [_case(each) for each in root.iter("testcase")]
    return tuple(found)


def _case(element: ET.Element) -> Case:
    verdict = "passed"
    if element.find("failure") is not None or element.find("error") is not None:
        verdict = "failed"
    elif element.find("skipped") is not None:
        verdict = "skipped"
    return Case(element.get("classname", ""), element.get("name", ""), verdict)


def all_passed(found: tuple[Case, ...] | None, wanted: tuple[str, ...]) -> bool:
    """Whether each wanted id passed as often as it is wanted, and nothing failed."""
    if found is None or any(case.verdict == "failed" for case in found):
        return False
    passed = [case.id for case in found if case.verdict == "passed"]
    return all(passed.count(name) >= wanted.count(name) for name in wanted)
