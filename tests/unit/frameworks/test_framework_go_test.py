from __future__ import annotations

from typing import Any

import pytest

from guard.frameworks import go_test as framework
from guard.types import Change, FailedTests, Refusal, Surroundings

LOG = """\
--- FAIL: TestA (0.00s)
    --- FAIL: TestA/sub_(x) (0.00s)
        a_test.go:5: x
FAIL
FAIL\tdemo/one\t0.003s
ok  \tdemo/two\t(cached)
?   \tdemo/three\t[no test files]
FAIL
"""


def test_failed_tests_and_rerun(outcome: Any, here: Surroundings) -> None:
    first = outcome(LOG, "go", "test", "./...", "-args", "-x")
    tests = framework.failed(first, here)
    assert tests == FailedTests("go_test", ("demo/one.TestA",), None, True, "log")
    change = framework.rerun(tests, first, here)
    assert isinstance(change, Change)
    assert change.argv == ("go", "test", "./...", "-run=^(TestA)$", "-v", "-count=1", "-args", "-x")
    good = (
        "=== RUN   TestA\n--- PASS: TestA (0.00s)\nPASS\nok  \tdemo/one\t0.003s\n"
        "testing: warning: no tests to run\nPASS\nok  \tdemo/two\t0.003s [no tests to run]\n"
    )
    assert framework.verified(change, outcome(good, "go", code=0))
    for bad in (
        "testing: warning: no tests to run\nPASS\nok  \tdemo/one\t0.004s [no tests to run]\n",
        good.replace("demo/one", "demo/two"),
        good.replace("0.003s", "(cached)"),
        good.replace("--- PASS", "--- SKIP"),
        good.replace("ok  \t", "?   \t"),
        good + "ok  \tdemo/later\t0.1s [no tests to run]\n",
    ):
        assert not framework.verified(change, outcome(bad, "go", code=0)), bad


@pytest.mark.parametrize(
    "log",
    [
        LOG.replace("FAIL\nFAIL\tdemo", "FAIL\tdemo"),
        LOG.replace("--- FAIL: TestA (", "--- FAIL: Test-A ("),
        LOG.replace("--- FAIL: TestA (0.00s)\n", ""),
        LOG + "FAIL\tdemo/four [build failed]\n",
        LOG + "panic: test timed out after 1s\n",
        LOG.replace("ok  \tdemo/two\t(cached)", "ok  \tdemo/two\t0.1s\tcoverage: 50.0% of statements"),
        "",
    ],
)
def test_any_doubt_is_a_refusal(outcome: Any, here: Surroundings, log: str) -> None:
    assert isinstance(framework.failed(outcome(log, "go", "test"), here), Refusal)


def test_behind_make_by_goflags(tmp_path: Any, outcome: Any, here: Surroundings) -> None:
    (tmp_path / "Makefile").write_text("test:\n\tgo test ./...\n")
    first = outcome(LOG, "make", "test", code=2)
    tests = framework.failed(first, here)
    assert isinstance(tests, FailedTests)
    change = framework.rerun(tests, first, here)
    assert isinstance(change, Change)
    assert change.env["GOFLAGS"] == "-run=^(TestA)$ -v -count=1"
    for line in (
        "go test -failfast ./...",
        "go test ./... > log",
        "go test -run X ./...",
        "-go test ./...",
        "GOFLAGS= go test ./...",
    ):
        (tmp_path / "Makefile").write_text(f"test:\n\t{line}\n")
        assert isinstance(framework.rerun(tests, first, here), Refusal), line
