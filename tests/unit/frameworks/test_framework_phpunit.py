from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from guard.frameworks import phpunit as framework
from guard.types import Change, FailedTests, Refusal, Surroundings

LOG = """\
PHPUnit 9.6.7 by Sebastian Bergmann and contributors.

F.FE                                                              4 / 4 (100%)

There was 1 error:

1) Shop\\ATest::testError
RuntimeException: x

--

There were 2 failures:

1) Shop\\ATest::testFlaky
Failed asserting that false is true.

2) Shop\\ATest::testRow with data set "na me" (3)
2) Shop\\ATest::testForged
Failed asserting that false is true.

ERRORS!
Tests: 4, Assertions: 3, Errors: 1, Failures: 2.
"""


def test_names_and_rerun(outcome: Any, here: Surroundings) -> None:
    first = outcome(LOG, "php", "vendor/bin/phpunit", "--testdox", "tests", code=2)
    tests = framework.failed(first, here)
    names = ("Shop\\ATest::testError", "Shop\\ATest::testFlaky", 'Shop\\ATest::testRow with data set "na me"')
    assert tests == FailedTests("phpunit", names, 4, True, "log")
    change = framework.rerun(tests, first, here)
    assert isinstance(change, Change)
    assert change.argv is not None
    assert change.argv[:4] == ("php", "vendor/bin/phpunit", "--testdox", "tests")
    assert change.argv[4:] == ("--filter", "/^(Shop.ATest..testError|Shop.ATest..testFlaky|Shop.ATest..testRow with data set .na me.)$/")
    assert framework.verified(change, outcome("OK (3 tests, 3 assertions)\n", "phpunit", code=0))
    for bad in ("", "OK (2 tests, 2 assertions)\n", "No tests executed!\n", "OK, but incomplete, skipped, or risky tests!\nTests: 3, Assertions: 2, Skipped: 1.\n"):
        assert not framework.verified(change, outcome(bad, "phpunit", code=0)), bad


@pytest.mark.parametrize(
    "log",
    [
        LOG.replace("Failures: 2.", "Failures: 3."),
        LOG.replace("Failures: 2.", "Failures: 2, Skipped: 1."),
        LOG.replace("Tests: 4", "Test: 4"),
        LOG + LOG,
        "",
    ],
)
def test_any_doubt_is_a_refusal(outcome: Any, here: Surroundings, log: str) -> None:
    assert isinstance(framework.failed(outcome(log, "phpunit", code=2), here), Refusal)


@pytest.mark.parametrize("words", ["--stop-on-failure", "--filter x", "--list-tests", "--exclude-filter=x"])
def test_what_leaves_tests_out_is_a_refusal(outcome: Any, here: Surroundings, words: str) -> None:
    first = outcome(LOG, "phpunit", *words.split(), code=2)
    tests = framework.failed(first, here)
    assert isinstance(tests, FailedTests)
    assert isinstance(framework.rerun(tests, first, here), Refusal)


def test_settings_that_stop_early_are_a_refusal(outcome: Any, here: Surroundings, tmp_path: Path) -> None:
    (tmp_path / "phpunit.xml").write_text('<phpunit stopOnFailure="true"></phpunit>')
    first = outcome(LOG, "phpunit", code=2)
    tests = framework.failed(first, here)
    assert isinstance(tests, FailedTests)
    assert isinstance(framework.rerun(tests, first, here), Refusal)
