from __future__ import annotations

from typing import Any

import pytest

from guard.frameworks import unittest as framework
from guard.types import Change, FailedTests, Refusal, Surroundings

RULE = "=" * 70
LOG = f"""\
.FF.
{RULE}
FAIL: test_new (tests.test_a.TestA.test_new)
{"-" * 70}
Traceback (most recent call last):

{RULE}
FAIL: test_old (tests.test_a.TestA) (i=1)
{"-" * 70}

----------------------------------------------------------------------
Ran 30 tests in 0.100s

FAILED (failures=2, skipped=1)
"""


@pytest.mark.parametrize(
    "words", [("python3", "-m", "unittest"), ("python", "manage.py", "test"), ("./manage.py", "test")]
)
def test_names_of_both_forms_and_rerun(outcome: Any, here: Surroundings, words: tuple[str, ...]) -> None:
    first = outcome(LOG, *words, "-v")
    tests = framework.failed(first, here)
    names = ("tests.test_a.TestA.test_new", "tests.test_a.TestA.test_old")
    assert tests == FailedTests("unittest", names, 30, True, "log")
    change = framework.rerun(tests, first, here)
    assert isinstance(change, Change)
    assert change.argv == (*words, "-v", "-k", f"*{names[0]}", "-k", f"*{names[1]}")
    good = "Ran 2 tests in 0.001s\n\nOK\n"
    assert framework.verified(change, outcome(good, *words, code=0))
    for bad in (
        "Ran 0 tests in 0.0s\n\nOK\n",
        "Ran 2 tests in 0.0s\n\nOK (skipped=1)\n",
        good.replace("2", "3"),
        good + good,
        "",
    ):
        assert not framework.verified(change, outcome(bad, *words, code=0)), bad


@pytest.mark.parametrize(
    "log",
    [
        LOG.replace("failures=2", "failures=3"),
        LOG.replace("FAIL: test_new (tests.test_a.TestA.test_new)", "ERROR: setUpClass (tests.test_a.TestA)"),
        LOG.replace(
            "FAIL: test_new (tests.test_a.TestA.test_new)",
            "ERROR: test_b (unittest.loader._FailedTest.test_b)",
        ),
        LOG.replace("FAIL: test_new (", "FAIL: $(x) ("),
        LOG + LOG,
        "",
    ],
)
def test_any_doubt_is_a_refusal(outcome: Any, here: Surroundings, log: str) -> None:
    assert isinstance(framework.failed(outcome(log, "python", "-m", "unittest"), here), Refusal)
