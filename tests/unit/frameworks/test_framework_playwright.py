from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from guard.frameworks import playwright as framework
from guard.types import Change, FailedTests, Refusal, Surroundings

LOG = """\
Running 4 tests using 1 worker
  1 failed
    a.spec.js:2:36 \u203a outer (x) \u203a flaky
  1 skipped
  2 passed (1.3s)
"""


def record(root: Path, status: str, *ids: str) -> None:
    (root / "test-results").mkdir(exist_ok=True)
    (root / "test-results" / ".last-run.json").write_text(json.dumps({"status": status, "failedTests": ids}))


@pytest.fixture(autouse=True)
def installed(tmp_path: Path) -> None:
    place = tmp_path / "node_modules" / "@playwright" / "test"
    place.mkdir(parents=True)
    (place / "package.json").write_text('{"version": "1.50.0"}')


def test_record_and_rerun(tmp_path: Path, outcome: Any, here: Surroundings) -> None:
    record(tmp_path, "failed", "id-1")
    first = outcome(LOG, "npx", "playwright", "test", "--project=x")
    tests = framework.failed(first, here)
    assert tests == FailedTests("playwright", ("id-1",), 4, True, "report")
    change = framework.rerun(tests, first, here)
    assert isinstance(change, Change)
    assert change.argv == ("npx", "playwright", "test", "--project=x", "--last-failed")
    good = "Running 1 test using 1 worker\n  1 passed (1.3s)\n"
    assert not framework.verified(change, outcome(good, "playwright", code=0))
    record(tmp_path, "passed")
    assert framework.verified(change, outcome(good, "playwright", code=0))
    for bad in (
        good.replace("passed (1.3s)", "flaky"),
        good.replace("passed (1.3s)", "skipped"),
        good + good,
        "",
    ):
        assert not framework.verified(change, outcome(bad, "playwright", code=0)), bad


@pytest.mark.parametrize(
    "log",
    [
        LOG + "Testing stopped early after 1 maximum allowed failures.\n",
        LOG.replace("1 skipped", "1 did not run"),
        LOG.replace("1 skipped", "1 interrupted"),
        LOG.replace("Running 4", "Running 9"),
        LOG.replace("1 failed", "2 failed").replace("2 passed", "1 passed"),
        LOG + "  1 error was not a part of any test, see above for details\n",
        "",
    ],
)
def test_any_doubt_is_a_refusal(tmp_path: Path, outcome: Any, here: Surroundings, log: str) -> None:
    record(tmp_path, "failed", "id-1")
    assert isinstance(framework.failed(outcome(log, "playwright", "test"), here), Refusal)


def test_an_old_playwright_is_refused(tmp_path: Path, outcome: Any, here: Surroundings) -> None:
    (tmp_path / "node_modules/@playwright/test/package.json").write_text('{"version": "1.43.9"}')
    tests = FailedTests("playwright", ("id-1",), 4, True, "report")
    assert isinstance(framework.rerun(tests, outcome(LOG, "playwright", "test"), here), Refusal)
