from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from guard.frameworks import maven_surefire as framework
from guard.types import Change, FailedTests, Refusal, Surroundings

LOG = """\
[INFO] --- surefire:3.2.5:test (default-test) @ one ---
[ERROR] Tests run: 2, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: 0.3 s <<< FAILURE! -- in demo.ATest
[INFO] Results:
[ERROR] Tests run: 2, Failures: 1, Errors: 0, Skipped: 0
[INFO] BUILD FAILURE
[ERROR] Failed to execute goal org.apache.maven.plugins:maven-surefire-plugin:3.2.5:test (default-test) on project one: There are test failures.
"""


def report(root: Path, failure: str = "") -> None:
    place = root / "target" / "surefire-reports"
    place.mkdir(parents=True, exist_ok=True)
    (root / "pom.xml").write_text("<project/>")
    (place / "TEST-demo.ATest.xml").write_text(
        '<testsuite><testcase classname="demo.ATest" name="ok"/>'
        f'<testcase classname="demo.ATest$In" name="p(String)[1]">{failure}</testcase></testsuite>'
    )


def test_reports_and_rerun(tmp_path: Path, outcome: Any, here: Surroundings) -> None:
    report(tmp_path, "<error/>")
    first = outcome(LOG, "./mvnw", "-B", "verify")
    tests = framework.failed(first, here)
    assert tests == FailedTests("maven_surefire", ("demo.ATest$In#p(String)[1]",), 2, True, "report")
    change = framework.rerun(tests, first, here)
    assert isinstance(change, Change)
    assert change.argv == ("./mvnw", "-B", "verify", "-Dtest=ATest")
    passed = outcome(LOG.splitlines()[0], "mvn", code=0)
    assert not framework.verified(change, passed)
    report(tmp_path)
    assert framework.verified(change, passed)
    twice = LOG.splitlines()[0] + "\n" + LOG.splitlines()[0].replace("default-test", "more")
    assert not framework.verified(change, outcome(twice, "mvn", code=0))
    report(tmp_path, "<skipped/>")
    assert not framework.verified(change, passed)


@pytest.mark.parametrize(
    "log",
    [
        LOG.replace(
            "Tests run: 2, Failures: 1, Errors: 0, Skipped: 0\n",
            "Tests run: 3, Failures: 1, Errors: 0, Skipped: 0\n",
        ),
        LOG.replace("There are test failures.", "The forked VM terminated without saying properly goodbye"),
        LOG.replace("maven-surefire-plugin:3.2.5:test", "maven-compiler-plugin:3.1:compile"),
        LOG + "[INFO] two ...... SKIPPED\n",
        LOG + "[INFO] --- jacoco:0.8.8:report (report) @ one ---\n",
        LOG.replace("[INFO] --- surefire:3.2.5:test (default-test) @ one ---\n", ""),
        "",
    ],
)
def test_any_doubt_is_a_refusal(tmp_path: Path, outcome: Any, here: Surroundings, log: str) -> None:
    report(tmp_path, "<error/>")
    assert isinstance(framework.failed(outcome(log, "mvn", "test"), here), Refusal)


@pytest.mark.parametrize(
    "words",
    [("-Dtest=X",), ("-Dsurefire.skipAfterFailureCount=1",), ("-fn",), ("-Dmaven.test.failure.ignore",)],
)
def test_options_that_forbid_it(outcome: Any, here: Surroundings, words: tuple[str, ...]) -> None:
    tests = FailedTests("maven_surefire", ("demo.ATest#x",), 2, True, "report")
    assert isinstance(framework.rerun(tests, outcome(LOG, "mvn", "test", *words), here), Refusal)


def test_a_failed_class_and_odd_class_names_are_refused(
    tmp_path: Path, outcome: Any, here: Surroundings
) -> None:
    for name, test in (("demo.ATest", ""), ("a feature with spaces", "x"), ("demo.ATest,!B", "x")):
        report(tmp_path, "<error/>")
        path = tmp_path / "target/surefire-reports/TEST-demo.ATest.xml"
        path.write_text(
            path.read_text().replace('"demo.ATest$In" name="p(String)[1]"', f'"{name}" name="{test}"')
        )
        assert isinstance(framework.failed(outcome(LOG, "mvn", "test"), here), Refusal)
