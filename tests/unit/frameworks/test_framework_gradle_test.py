from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from guard.frameworks import gradle_test as framework
from guard.types import Change, FailedTests, Refusal, Surroundings

LOG = """\
> Task :test FAILED

demo.FlakyTest > flaky() FAILED
    org.opentest4j.AssertionFailedError at FlakyTest.java:7

3 tests completed, 1 failed

FAILURE: Build failed with an exception.

* What went wrong:
Execution failed for task ':test'.
> There were failing tests. See the report at: file:///x/build/reports/tests/test/index.html

BUILD FAILED in 3s
"""

REPORT = """<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="demo.FlakyTest" tests="3" skipped="0" failures="{bad}" errors="0">
  <testcase name="steady()" classname="demo.FlakyTest" time="0.0"/>
  <testcase name="flaky()" classname="demo.FlakyTest" time="0.0">{failure}</testcase>
  <testcase name="deep()" classname="demo.FlakyTest$Inner" time="0.0"/>
</testsuite>"""


def report(root: Path, failed: bool) -> None:
    place = root / "build" / "test-results" / "test"
    place.mkdir(parents=True, exist_ok=True)
    failure = '<failure message="no"/>' if failed else ""
    (place / "TEST-demo.FlakyTest.xml").write_text(REPORT.format(bad=int(failed), failure=failure))


def test_a_failed_class_is_run_again_and_verified_by_its_report(
    tmp_path: Path, outcome: Any, here: Surroundings
) -> None:
    report(tmp_path, failed=True)
    first = outcome(LOG, "./gradlew", "clean", "test", "--no-daemon")
    assert framework.ran(first, here)
    tests = framework.failed(first, here)
    assert tests == FailedTests("gradle_test", ("demo.FlakyTest#flaky()",), 3, True, "report")
    change = framework.rerun(tests, first, here)
    assert isinstance(change, Change)
    assert change.argv == ("./gradlew", "clean", "test", "--tests", "demo.FlakyTest*", "--no-daemon")
    assert not framework.verified(change, outcome("BUILD SUCCESSFUL", *change.argv, code=0))
    report(tmp_path, failed=False)
    assert framework.verified(change, outcome("BUILD SUCCESSFUL", *change.argv, code=0))
    (tmp_path / "build/test-results/test/TEST-demo.FlakyTest.xml").unlink()
    assert not framework.verified(change, outcome("BUILD SUCCESSFUL", *change.argv, code=0))


@pytest.mark.parametrize(
    "log",
    [
        LOG.replace("3 tests", "9 tests"),
        LOG.replace("There were failing tests", "Process finished with non-zero exit value 137"),
        LOG + LOG,
        LOG + "FAILURE: Build completed with 2 failures.\n",
        "",
    ],
)
def test_any_doubt_is_a_refusal(tmp_path: Path, outcome: Any, here: Surroundings, log: str) -> None:
    report(tmp_path, failed=True)
    assert isinstance(framework.failed(outcome(log, "gradle", "test"), here), Refusal)


@pytest.mark.parametrize(
    "words", [("build",), ("check",), ("test", "--fail-fast"), ("test", "--tests", "x"), ("test", "test")]
)
def test_commands_that_cannot_be_narrowed(outcome: Any, here: Surroundings, words: tuple[str, ...]) -> None:
    tests = FailedTests("gradle_test", ("demo.FlakyTest#flaky()",), 3, True, "report")
    assert isinstance(framework.rerun(tests, outcome(LOG, "gradle", *words), here), Refusal)


@pytest.mark.parametrize(
    "text", ["test { failFast = true }", "plugins { id 'jacoco' }", "test { ignoreFailures = true }"]
)
def test_builds_that_cannot_be_narrowed(tmp_path: Path, outcome: Any, here: Surroundings, text: str) -> None:
    (tmp_path / "build.gradle").write_text(text)
    tests = FailedTests("gradle_test", ("demo.FlakyTest#flaky()",), 3, True, "report")
    assert isinstance(framework.rerun(tests, outcome(LOG, "gradle", "test"), here), Refusal)


def test_in_a_build_of_several_projects_only_a_full_task_path_will_do(
    tmp_path: Path, outcome: Any, here: Surroundings
) -> None:
    (tmp_path / "settings.gradle").write_text("include 'app', 'lib'\n")
    tests = FailedTests("gradle_test", ("demo.FlakyTest#flaky()",), 3, True, "report")
    assert isinstance(
        framework.rerun(tests, outcome(LOG.replace("':test'", "':app:test'"), "gradle", "test"), here),
        Refusal,
    )
    change = framework.rerun(
        tests, outcome(LOG.replace("':test'", "':app:test'"), "gradle", ":app:test"), here
    )
    assert isinstance(change, Change)


@pytest.mark.parametrize("text", ["<x", "", "<!DOCTYPE a [<!ENTITY b 'c'>]><testsuite/>", "\x00"])
def test_a_report_that_cannot_be_read_is_a_refusal(
    tmp_path: Path, outcome: Any, here: Surroundings, text: str
) -> None:
    report(tmp_path, failed=True)
    (tmp_path / "build/test-results/test/TEST-x.xml").write_text(text)
    assert isinstance(framework.failed(outcome(LOG, "gradle", "test"), here), Refusal)
