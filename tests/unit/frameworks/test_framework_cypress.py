from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from guard.frameworks import cypress as framework
from guard.types import Change, FailedTests, Refusal, Surroundings

LOG = """\
  Running:  login.cy.js                                                     (1 of 2)
  Running:  shop/cart.cy.js                                                 (2 of 2)

  (Run Finished)

       Spec                                              Tests  Passing  Failing  Pending  Skipped
  ┌────────────────────────────────────────────────────────────────────────────────────────────────┐
  │ ✔  login.cy.js                              00:02        3        3        -        -        - │
  ├────────────────────────────────────────────────────────────────────────────────────────────────┤
  │ ✖  shop/cart.cy.js                          00:05        2        1        1        -        - │
  └────────────────────────────────────────────────────────────────────────────────────────────────┘
    ✖  1 of 2 failed (50%)                      00:07        5        4        1        -        -
"""
GREEN = """\
  Running:  cart.cy.js                                                      (1 of 1)

  (Run Finished)

  │ ✔  cart.cy.js                               00:05        2        2        -        -        - │
    ✔  All specs passed!                        00:05        2        2        -        -        -
"""


@pytest.fixture
def project(tmp_path: Path) -> None:
    for name in ("login.cy.js", "shop/cart.cy.js"):
        file = tmp_path / "cypress/e2e" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")


def test_files_and_rerun(outcome: Any, here: Surroundings, project: None) -> None:
    first = outcome(LOG, "npx", "cypress", "run", "--browser", "chrome")
    tests = framework.failed(first, here)
    assert tests == FailedTests("cypress", ("cypress/e2e/shop/cart.cy.js",), 2, True, "log")
    change = framework.rerun(tests, first, here)
    assert isinstance(change, Change)
    assert change.argv == ("npx", "cypress", "run", "--browser", "chrome", "--spec", "cypress/e2e/shop/cart.cy.js")
    assert framework.verified(change, outcome(GREEN, "cypress", code=0))
    for bad in ("", GREEN.replace("│ ✔", "│ ✖"), GREEN.replace("cart", "login"), GREEN + GREEN):
        assert not framework.verified(change, outcome(bad, "cypress", code=0)), bad


@pytest.mark.parametrize(
    "log",
    [
        LOG.replace("(2 of 2)", "(2 of 3)"),
        LOG.replace("│ ✖  shop/cart.cy.js ", "│ ✖  ../../etc.cy.js "),
        LOG.replace("│ ✖  shop/cart.cy.js ", "│ ✖  gone.cy.js      "),
        LOG.replace("  └──", "  │    cart-with-a-name-that-is-torn.cy.js      │\n  └──"),
        LOG + LOG,
        "",
    ],
)
def test_any_doubt_is_a_refusal(outcome: Any, here: Surroundings, project: None, log: str) -> None:
    assert isinstance(framework.failed(outcome(log, "cypress", "run"), here), Refusal)


@pytest.mark.parametrize("words", ["--spec x", "--record", "--parallel", "--auto-cancel-after-failures 1"])
def test_what_chooses_or_records_is_a_refusal(outcome: Any, here: Surroundings, project: None, words: str) -> None:
    first = outcome(LOG, "cypress", "run", *words.split())
    tests = framework.failed(first, here)
    assert isinstance(tests, FailedTests)
    assert isinstance(framework.rerun(tests, first, here), Refusal)
