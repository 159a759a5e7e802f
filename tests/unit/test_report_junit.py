"""Flaky and broken tests in JUnit XML, as Surefire's readers know them."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from guard.history.rows import TestRow
from guard.report.junit_xml import junit


def row(name: str, outcome: str, at: str = "2026-11-01T10:00:00+00:00") -> TestRow:
    return TestRow("pytest", name, "acme/app", "c0ffee", at, outcome, 1.5)


def cases(*rows: TestRow) -> list[ET.Element]:
    return list(ET.fromstring(junit(rows)).iter("testcase"))


def test_a_flaky_test_is_a_passed_one_with_a_flaky_failure() -> None:
    (case,) = cases(row("t.py::a", "passed_on_rerun"))
    assert (case.get("classname"), case.get("name"), case.get("time")) == ("t.py", "a", "90.000")
    assert [child.tag for child in case] == ["flakyFailure"]
    assert case.find("flakyFailure/stackTrace") is not None


def test_a_broken_test_has_its_failure_first() -> None:
    (case,) = cases(row("Some#thing", "failed"))
    assert [child.tag for child in case] == ["failure", "rerunFailure"]


def test_counts() -> None:
    suite = ET.fromstring(junit([row("a", "failed"), row("b", "passed_on_rerun")])).find("testsuite")
    assert suite is not None
    assert [suite.get(name) for name in ("tests", "failures", "errors", "flakes")] == ["2", "1", "0", "1"]


def test_the_last_run_counts() -> None:
    (case,) = cases(row("a", "passed_on_rerun", "2026-11-02T00:00:00+00:00"), row("a", "failed"))
    assert [child.tag for child in case] == ["flakyFailure"]


def test_a_pass_says_nothing_of_how_a_test_fails() -> None:
    (case,) = cases(row("a", "failed"), row("a", "passed", "2026-11-02T00:00:00+00:00"), row("b", "passed"))
    assert [child.tag for child in case] == ["failure", "rerunFailure"]


def test_no_tests() -> None:
    assert cases() == []


@pytest.mark.parametrize("name", ["<a>&\"'", "a\x00\x1b[31m", "\udcff", "x" * 10_000])
def test_any_name_makes_sound_xml(name: str) -> None:
    assert len(cases(row(name, "failed"))) == 1
