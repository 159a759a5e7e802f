from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from guard.frameworks import vitest as framework
from guard.types import Change, FailedTests, Refusal, Surroundings

LOG = """\
 RUN  v4.1.12 /x

 \u276f src/a.test.ts (2 tests | 1 failed | 1 skipped) 8ms
 \u2713 src/b.test.ts (1 test) 2ms

\u23af\u23af\u23af\u23af Failed Tests 1 \u23af\u23af\u23af\u23af

 FAIL  src/a.test.ts > outer (x) > flaky
AssertionError: expected 1 to be 2

 Test Files  1 failed | 1 passed (2)
      Tests  1 failed | 1 passed | 1 skipped (3)
   Start at  11:57:19
"""


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.test.ts").touch()


def test_the_failed_file_and_its_rerun(outcome: Any, here: Surroundings) -> None:
    first = outcome(LOG, "npx", "vitest", "run", "--reporter=default")
    tests = framework.failed(first, here)
    assert tests == FailedTests("vitest", ("src/a.test.ts",), None, True, "log")
    change = framework.rerun(tests, first, here)
    assert isinstance(change, Change)
    assert change.argv is not None
    assert change.argv[-1] == "src/a.test.ts"
    good = " \u2713 src/a.test.ts (2 tests | 1 skipped) 3ms\n Test Files  1 passed (1)\n      Tests  1 passed | 1 skipped (2)\n"
    assert framework.verified(change, outcome(good, "vitest", code=0))
    for bad in (
        "No test files found\n",
        good.replace("src/a", "src/b"),
        good.replace("1 passed | 1 skipped", "2 skipped"),
        good + "     Errors  1 error\n",
        good + good,
    ):
        assert not framework.verified(change, outcome(bad, "vitest", code=0)), bad


@pytest.mark.parametrize(
    "log",
    [
        LOG.replace("passed (2)", "passed (3)"),
        LOG.replace("skipped (3)", "skipped (5)"),
        LOG.replace("Failed Tests", "Failed Suites"),
        LOG.replace("FAIL  src/a.test.ts", "FAIL  ../../etc/passwd"),
        LOG.replace("FAIL  src/a.test.ts", "FAIL  --config=x"),
        LOG + "     Errors  1 error\n",
        LOG + LOG,
        "",
    ],
)
def test_any_doubt_is_a_refusal(outcome: Any, here: Surroundings, log: str) -> None:
    assert isinstance(framework.failed(outcome(log, "vitest", "run"), here), Refusal)


@pytest.mark.parametrize(
    "words",
    [("--bail=1",), ("--coverage",), ("--coverage.enabled",), ("--passWithNoTests",), ("--reporter",)],
)
def test_options_that_forbid_it(outcome: Any, here: Surroundings, words: tuple[str, ...]) -> None:
    tests = FailedTests("vitest", ("src/a.test.ts",), None, True, "log")
    assert isinstance(framework.rerun(tests, outcome(LOG, "vitest", "run", *words), here), Refusal)
