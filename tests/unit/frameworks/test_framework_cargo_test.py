from __future__ import annotations

from typing import Any

import pytest

from guard.frameworks import cargo_test as framework
from guard.types import Change, FailedTests, Refusal, Surroundings

LOG = """\
running 3 tests
test tests::ok ... ok
test tests::bad - should panic ... FAILED
test tests::later ... ignored, slow

failures:

---- tests::bad stdout ----
test tests::spoof ... ok

failures:
    tests::bad

test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.08s

error: test failed, to rerun pass `--lib`
error: 1 target failed:
    `--lib`
"""
WORDS = ("cargo", "test", "--no-fail-fast")


def test_failed_tests_and_rerun(outcome: Any, here: Surroundings) -> None:
    first = outcome(LOG, *WORDS, "--", "--test-threads=1", code=101)
    tests = framework.failed(first, here)
    assert tests == FailedTests("cargo_test", ("tests::bad",), 3, True, "log")
    change = framework.rerun(tests, first, here)
    assert isinstance(change, Change)
    assert change.argv == (*WORDS, "--", "--test-threads=1", "--exact", "tests::bad")
    good = "running 1 test\ntest tests::bad ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 2 filtered out; finished in 0.0s\n"
    assert framework.verified(change, outcome(good, *WORDS, code=0))
    for bad in (
        "running 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.0s\n",
        good.replace("tests::bad", "tests::badly"),
        good.replace("1 passed", "2 passed"),
        good.replace("... ok", "... ignored"),
        "",
    ):
        assert not framework.verified(change, outcome(bad, *WORDS, code=0)), bad


@pytest.mark.parametrize(
    "log",
    [
        LOG.replace("1 target failed", "2 targets failed"),
        LOG.replace("1 failed;", "2 failed;"),
        LOG.replace("running 3", "running 4"),
        LOG + "error: could not compile `demo`\n",
        LOG + "  process didn't exit successfully: `/x` (signal: 6, SIGABRT: process abort signal)\n",
        "",
    ],
)
def test_any_doubt_is_a_refusal(outcome: Any, here: Surroundings, log: str) -> None:
    assert isinstance(framework.failed(outcome(log, *WORDS, code=101), here), Refusal)


def test_without_no_fail_fast_it_is_a_refusal(outcome: Any, here: Surroundings) -> None:
    assert isinstance(framework.failed(outcome(LOG, "cargo", "test", code=101), here), Refusal)


@pytest.mark.parametrize(
    "words", [("--", "mine"), ("--", "--exact", "x"), ("--", "--skip", "x"), ("--no-run",), ("--", "-q")]
)
def test_options_that_choose_tests(outcome: Any, here: Surroundings, words: tuple[str, ...]) -> None:
    tests = FailedTests("cargo_test", ("tests::bad",), 3, True, "log")
    assert isinstance(framework.rerun(tests, outcome(LOG, *WORDS, *words, code=101), here), Refusal)
