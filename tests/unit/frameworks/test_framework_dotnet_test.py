from __future__ import annotations

from typing import Any

import pytest

from guard.frameworks import dotnet_test as framework
from guard.types import Change, FailedTests, Refusal, Surroundings

LOG = """\
  Failed Shop.Tests.CartTests.Total [12 ms]
  Error Message:
   Assert.Equal() Failure
  Failed Shop.Tests.CartTests.Discount [< 1 ms]

Failed!  - Failed:     2, Passed:     3, Skipped:     1, Total:     6, Duration: 50 ms - Shop.Tests.dll (net8.0)
Passed!  - Failed:     0, Passed:     4, Skipped:     0, Total:     4, Duration: 9 ms - Core.Tests.dll (net8.0)
"""


def test_names_and_rerun(outcome: Any, here: Surroundings) -> None:
    first = outcome(LOG, "dotnet", "test", "Shop.sln", "-c", "Release", "--no-build")
    tests = framework.failed(first, here)
    assert tests == FailedTests("dotnet_test", ("Shop.Tests.CartTests.Total", "Shop.Tests.CartTests.Discount"), 10, True, "log")
    change = framework.rerun(tests, first, here)
    assert isinstance(change, Change)
    assert change.argv is not None
    assert change.argv[-2:] == ("--filter", "FullyQualifiedName=Shop.Tests.CartTests.Total|FullyQualifiedName=Shop.Tests.CartTests.Discount")
    good = "Passed!  - Failed:     0, Passed:     2, Skipped:     0, Total:     2, Duration: 5 ms - Shop.Tests.dll (net8.0)\n"
    assert framework.verified(change, outcome(good, "dotnet", code=0))
    for bad in ("", "No test matches the given testcase filter\n", good.replace("2", "1"), good + good):
        assert not framework.verified(change, outcome(bad, "dotnet", code=0)), bad


@pytest.mark.parametrize(
    "log",
    [
        LOG.replace("Failed:     2", "Failed:     3"),
        LOG.replace("CartTests.Total [", "CartTests.Total(price: 3) ["),
        LOG + "The active test run was aborted. Reason: Test host process crashed\n",
        LOG + "Program.cs(3,1): error CS1002: ; expected\n",
        "",
    ],
)
def test_any_doubt_is_a_refusal(outcome: Any, here: Surroundings, log: str) -> None:
    assert isinstance(framework.failed(outcome(log, "dotnet", "test"), here), Refusal)


@pytest.mark.parametrize("words", ["--filter x", "--list-tests", "-- RunConfiguration.MaxCpuCount=1", "--settings a.runsettings"])
def test_what_leaves_tests_out_is_a_refusal(outcome: Any, here: Surroundings, words: str) -> None:
    first = outcome(LOG, "dotnet", "test", *words.split())
    tests = framework.failed(first, here)
    assert isinstance(tests, FailedTests)
    assert isinstance(framework.rerun(tests, first, here), Refusal)
