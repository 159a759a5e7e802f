from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from guard.frameworks import sbt_test as framework
from guard.types import Change, FailedTests, Refusal, Surroundings

LOG = """\
[info] FlakySuite:
[info] - ok
[info] - flaky *** FAILED ***
[info]   1 was not 2 (A.scala:5)
[info] Suites: completed 2, aborted 0
[info] *** 1 TEST FAILED ***
[error] Failed tests:
[error] \tdemo.FlakySuite
[error] (Test / test) sbt.TestsFailedException: Tests unsuccessful
[error] Total time: 58 s, completed Nov 24, 2026, 10:34:40 PM
"""
REPORT = """<?xml version='1.0' encoding='UTF-8'?>
<testsuite name="demo.{name}" tests="1"><testcase classname="demo.{name}" name="a b" time="0.1">{failure}</testcase></testsuite>"""


def report(root: Path, name: str, failed: bool) -> Path:
    place = root / "target" / "test-reports" / f"TEST-demo.{name}.xml"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(REPORT.format(name=name, failure="<failure/>" if failed else ""))
    return place


def test_a_failed_suite_is_run_again_and_verified_by_its_report(tmp_path: Path, outcome: Any, here: Surroundings) -> None:
    report(tmp_path, "FlakySuite", True)
    report(tmp_path, "OkSuite", False)
    first = outcome(LOG, "sbt", "-Dx=1", "clean", "test", "package")
    assert framework.ran(first, here)
    tests = framework.failed(first, here)
    assert tests == FailedTests("sbt_test", ("demo.FlakySuite#a b",), 2, True, "report")
    change = framework.rerun(tests, first, here)
    assert isinstance(change, Change)
    assert change.argv == ("sbt", "-Dx=1", "clean", "testOnly demo.FlakySuite", "package")
    assert not framework.verified(change, outcome("[success]", *change.argv, code=0))
    place = report(tmp_path, "FlakySuite", False)
    assert framework.verified(change, outcome("[success]", *change.argv, code=0))
    place.unlink()
    assert not framework.verified(change, outcome("[success] No tests to run", *change.argv, code=0))


def test_projects_below(tmp_path: Path, outcome: Any, here: Surroundings) -> None:
    report(tmp_path / "modules" / "core", "FlakySuite", True)
    log = LOG.replace("(Test / test)", "(core / Test / test)")
    first = outcome(log, "java", "-Xmx1g", "-jar", "/x/sbt-launch-1.9.9.jar", "core/Test/test")
    tests = framework.failed(first, here)
    assert isinstance(tests, FailedTests)
    change = framework.rerun(tests, first, here)
    assert isinstance(change, Change)
    assert change.argv is not None
    assert change.argv[-1] == "core/Test/testOnly demo.FlakySuite"


@pytest.mark.parametrize(
    "log",
    [
        LOG + "[error] (Compile / compileIncremental) Compilation failed\n",
        LOG.replace("aborted 0", "aborted 1"),
        LOG.replace("demo.FlakySuite", "demo.OtherSuite"),
        LOG.replace("Failed tests:", "Error during tests:"),
        LOG.replace("(Test / test) sbt.TestsFailedException: Tests unsuccessful", "(Test / test) java.lang.OutOfMemoryError"),
        LOG.replace("[error] \tdemo.FlakySuite\n", "[error] \tdemo.FlakySuite\n[error] \tdemo.$(touch x)\n").replace("demo.FlakySuite", "x"),
        "",
    ],
)
def test_any_doubt_is_a_refusal(tmp_path: Path, outcome: Any, here: Surroundings, log: str) -> None:
    report(tmp_path, "FlakySuite", True)
    assert isinstance(framework.failed(outcome(log, "sbt", "test"), here), Refusal)


@pytest.mark.parametrize(
    "words",
    [
        ("sbt", "coverage", "test"), ("sbt", ";clean;test"), ("sbt", "+test"), ("sbt", "test", "core/test"), ("sbt", "ci"), ("sbt", "~test"),
        ("sbt", "--client", "test"), ("java", "-jar", "other.jar", "test"), ("gradle", "test"), ("sbt", "testOnly demo.A"),
    ],
)  # fmt: skip
def test_commands_that_cannot_be_narrowed(tmp_path: Path, outcome: Any, here: Surroundings, words: tuple[str, ...]) -> None:
    report(tmp_path, "FlakySuite", True)
    first = outcome(LOG, *words)
    tests = framework.failed(first, here)
    assert isinstance(tests, FailedTests)
    assert isinstance(framework.rerun(tests, first, here), Refusal)
