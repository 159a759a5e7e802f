from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from guard.frameworks import jest as framework
from guard.types import Change, FailedTests, Refusal, Surroundings

LOG = """\
FAIL src/a.test.js (5.1 s)
  \u25cf bad

    at Object.toBe (src/a.test.js:1:91)

PASS src/b.test.js

Test Suites: 1 failed, 1 passed, 2 total
Tests:       1 failed, 1 skipped, 1 passed, 3 total
Snapshots:   0 total
Time:        0.505 s
Ran all test suites.
"""


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.test.js").touch()


def test_the_failed_file_and_its_rerun(outcome: Any, here: Surroundings) -> None:
    first = outcome(LOG, "npx", "jest", "--ci")
    tests = framework.failed(first, here)
    assert tests == FailedTests("jest", ("src/a.test.js",), None, True, "log")
    change = framework.rerun(tests, first, here)
    assert isinstance(change, Change)
    assert change.argv == ("npx", "jest", "--ci", "--onlyFailures")
    good = "PASS src/a.test.js\nTest Suites: 1 passed, 1 total\nTests:       1 skipped, 1 passed, 2 total\n"
    assert framework.verified(change, outcome(good, "jest", code=0))
    for bad in (
        "No failed test found.\n",
        good.replace("src/a", "src/b"),
        good.replace("1 skipped, 1 passed", "2 skipped"),
        good.replace("PASS src/a.test.js\n", ""),
        good.replace("1 passed, 1 total\nTests", "1 passed, 1 of 2 total\nTests"),
        good + good,
    ):
        assert not framework.verified(change, outcome(bad, "jest", code=0)), bad


@pytest.mark.parametrize(
    "log",
    [
        LOG.replace("2 total\nTests", "2 of 5 total\nTests"),
        LOG.replace("src/a.test.js (", "src/gone.test.js ("),
        LOG.replace("  \u25cf bad", "  \u25cf Test suite failed to run"),
        LOG + 'Jest: "global" coverage threshold for lines (90%) not met: 10%\n',
        LOG.replace("Suites: 1 failed, 1", "Suites: 2 failed, 0"),
        LOG + LOG,
        "FAIL src/a.test.js\n",
        "",
    ],
)
def test_any_doubt_is_a_refusal(outcome: Any, here: Surroundings, log: str) -> None:
    assert isinstance(framework.failed(outcome(log, "jest"), here), Refusal)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("jest.config.js", "module.exports = { coverageThreshold: {} }"),
        ("jest.config.ts", "export default { passWithNoTests: true }"),
        ("package.json", '{"jest": {"collectCoverage": true}}'),
    ],
)
def test_settings_that_forbid_it(
    tmp_path: Path, outcome: Any, here: Surroundings, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    tests = FailedTests("jest", ("src/a.test.js",), None, True, "log")
    assert isinstance(framework.rerun(tests, outcome(LOG, "jest"), here), Refusal)
