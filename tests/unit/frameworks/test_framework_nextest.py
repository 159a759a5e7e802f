from __future__ import annotations

from typing import Any

import pytest

from guard.frameworks import cargo_test
from guard.frameworks import nextest as framework
from guard.types import Change, FailedTests, Refusal, Surroundings

LOG = """\
    Starting 4 tests across 2 binaries (1 test skipped)
        FAIL [   0.341s] (2/4) shop::it flaky
  stdout ---
    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 2 filtered out; finished in 0.31s
test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 2 filtered out; finished in 0.31s
------------
     Summary [   0.448s] 4 tests run: 2 passed, 2 failed, 1 skipped
        FAIL [   0.341s] (2/4) shop::it flaky
        FAIL [   0.445s] shop tests::deep::flaky
error: test run failed
"""


def test_names_and_rerun(outcome: Any, here: Surroundings) -> None:
    first = outcome(LOG, "cargo", "nextest", "run", "--no-fail-fast", "--release", code=100)
    tests = framework.failed(first, here)
    assert tests == FailedTests("nextest", ("shop::it flaky", "shop tests::deep::flaky"), 4, True, "log")
    change = framework.rerun(tests, first, here)
    assert isinstance(change, Change)
    assert change.argv is not None
    assert change.argv[-2:] == ("-E", "(binary_id(=shop::it) & test(=flaky)) | (binary_id(=shop) & test(=tests::deep::flaky))")
    assert framework.verified(change, outcome("     Summary [   0.010s] 2 tests run: 2 passed, 3 skipped\n", "cargo", code=0))
    for bad in ("", "     Summary [ 0.01s] 1 test run: 1 passed, 4 skipped\n", "     Summary [ 0.01s] 2 tests run: 1 passed, 1 failed\n"):
        assert not framework.verified(change, outcome(bad, "cargo", code=0)), bad


def test_libtests_lines_inside_are_not_cargo_tests(outcome: Any, here: Surroundings) -> None:
    first = outcome(LOG, "make", "check", code=2)
    assert framework.ran(first, here)
    assert not cargo_test.ran(first, here)


@pytest.mark.parametrize(
    "log",
    [
        LOG.replace("4 tests run", "3/4 tests run"),
        LOG.replace("2 failed", "3 failed"),
        LOG + LOG,
        "",
    ],
)
def test_any_doubt_is_a_refusal(outcome: Any, here: Surroundings, log: str) -> None:
    assert isinstance(framework.failed(outcome(log, "cargo", "nextest", "run", code=100), here), Refusal)


@pytest.mark.parametrize("words", ["-E x", "flaky", "--partition hash:1/2", "--run-ignored all", "--max-fail 1", "--no-run"])
def test_what_leaves_tests_out_is_a_refusal(outcome: Any, here: Surroundings, words: str) -> None:
    first = outcome(LOG, "cargo", "nextest", "run", *words.split(), code=100)
    tests = framework.failed(first, here)
    assert isinstance(tests, FailedTests)
    assert isinstance(framework.rerun(tests, first, here), Refusal)
