"""`guard run` on a real pytest with `--junitxml`: after a narrowed run the report has every test, and says which was flaky."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

TESTS = """
import pathlib
def test_ok(): pass
def test_flaky():
    mark = pathlib.Path("mark")
    seen = mark.exists()
    mark.touch()
    if not seen: raise TimeoutError("timed out waiting for the server")
def test_more(): pass
"""
AGAIN = """
import pathlib
def test_ok(): pass
def test_broken(): raise TimeoutError("timed out waiting for the server")
"""


WORDS = (sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "--junitxml=out/j.xml")


def cases(workspace: Path) -> tuple[dict[str | None, list[str]], str | None]:
    """Each test with the elements of its case, and the count of failures."""
    report = ET.parse(workspace / "out/j.xml").getroot()
    found = {case.get("name"): [child.tag for child in case] for case in report.iter("testcase")}
    return found, next(report.iter("testsuite")).get("failures")


def test_a_flaky_test_is_marked_among_all_tests(run: Any, workspace: Path) -> None:
    (workspace / "test_a.py").write_text(TESTS)
    done = run(*WORDS)
    assert done.remedies == ["rerun_failed_tests"], done.err
    assert cases(workspace) == ({"test_ok": [], "test_flaky": ["flakyFailure"], "test_more": []}, "0")
    assert "the test report j.xml" in done.err


def test_a_broken_test_stays_a_failure_among_all_tests(run: Any, workspace: Path) -> None:
    (workspace / "test_a.py").write_text(AGAIN)
    done = run(*WORDS)
    assert done.code == 1, done.err
    found, failures = cases(workspace)
    assert set(found) == {"test_ok", "test_broken"}
    assert "failure" in found["test_broken"]
    assert failures == "1"
