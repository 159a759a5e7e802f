from __future__ import annotations

from typing import Any

import pytest

from guard.frameworks import mocha as framework
from guard.types import Change, FailedTests, Refusal, Surroundings

LOG = """\
  outer
    1) flaky
    2) other

  3 passing (5ms)
  1 pending
  2 failing

  1) outer
       in: $(x)
         flaky:

      AssertionError [ERR_ASSERTION]: 1 == 2
      at Context.<anonymous> (test/a.js:4:40)

  2) other|-x:
     Error: 1) not a heading:
"""


def test_titles_and_rerun(outcome: Any, here: Surroundings) -> None:
    # A part that ends in a colon ends the title: then the counts disagree, and nothing is narrowed.
    first = outcome(LOG.replace("in:", "in"), "mocha", code=2)
    tests = framework.failed(first, here)
    assert tests == FailedTests("mocha", ("outer in $(x) flaky", "other|-x"), 5, True, "log")
    change = framework.rerun(tests, first, here)
    assert isinstance(change, Change)
    assert change.argv == ("mocha", "--fail-zero", "--grep=^(outer in ..x. flaky|other..x)$")
    assert framework.verified(change, outcome("  2 passing (5ms)\n", "mocha", code=0))
    for bad in (
        "",
        "  0 passing (1ms)\n",
        "  1 passing (1ms)\n  1 pending\n",
        "  3 passing (1ms)\n",
        "  2 passing (5ms)\n" * 2,
    ):
        assert not framework.verified(change, outcome(bad, "mocha", code=0)), bad


@pytest.mark.parametrize(
    "log",
    [
        LOG.replace("2 failing", "3 failing"),
        LOG.replace("other|-x:", '"before each" hook for "x":'),
        LOG.replace("  2) other|-x:", "  2) outer\n       in $(x)\n         flaky:").replace("in:", "in"),
        LOG + LOG,
        "",
    ],
)
def test_any_doubt_is_a_refusal(outcome: Any, here: Surroundings, log: str) -> None:
    assert isinstance(framework.failed(outcome(log, "mocha", code=2), here), Refusal)
