from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from guard.frameworks import ctest as framework
from guard.types import Change, FailedTests, Refusal, Surroundings

LOG = """\
Test project /x/build
1/3 Test #1: ok ...............................   Passed    0.00 sec
2/3 Test #2: odd name (x) .....................***Failed    0.00 sec
3/3 Test #3: fine .............................   Passed    0.00 sec

67% tests passed, 1 tests failed out of 3

The following tests FAILED:
\t  2 - odd name (x) (Failed)
Errors while running CTest
"""


@pytest.fixture(autouse=True)
def record(tmp_path: Path) -> Path:
    place = tmp_path / "Testing" / "Temporary"
    place.mkdir(parents=True)
    (place / "LastTestsFailed.log").write_text("2:odd name (x)\n")
    return place / "LastTestsFailed.log"


def test_record_and_rerun(outcome: Any, here: Surroundings) -> None:
    first = outcome(LOG, "ctest", "-j4", code=8)
    tests = framework.failed(first, here)
    assert tests == FailedTests("ctest", ("2:odd name (x)",), 3, True, "report")
    change = framework.rerun(tests, first, here)
    assert isinstance(change, Change)
    assert change.argv == ("ctest", "--rerun-failed", "-j4")
    good = (
        "1/1 Test #2: odd name (x) .....   Passed    0.00 sec\n\n100% tests passed, 0 tests failed out of 1\n"
    )
    assert framework.verified(change, outcome(good, "ctest", code=0))
    for bad in (
        "No tests were found!!!\n",
        good.replace("Passed ", "Skipped"),
        good.replace("#2", "#3"),
        good + good,
    ):
        assert not framework.verified(change, outcome(bad, "ctest", code=0)), bad


@pytest.mark.parametrize(
    "log",
    [
        LOG.replace("(Failed)\nE", "(Not Run)\nE"),
        LOG.replace("1 tests failed", "2 tests failed"),
        LOG.replace("2 - odd", "3 - odd"),
        LOG + LOG,
        "",
    ],
)
def test_any_doubt_is_a_refusal(outcome: Any, here: Surroundings, log: str) -> None:
    assert isinstance(framework.failed(outcome(log, "ctest", code=8), here), Refusal)


def test_a_stale_record_is_a_refusal(outcome: Any, here: Surroundings, record: Path) -> None:
    record.write_text("2:odd name (x)\n3:fine\n")
    assert isinstance(framework.failed(outcome(LOG, "ctest", code=8), here), Refusal)
    record.unlink()
    assert isinstance(framework.failed(outcome(LOG, "ctest", code=8), here), Refusal)
