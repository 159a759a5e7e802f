from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from guard.frameworks import rspec as framework
from guard.types import Change, FailedTests, Refusal, Surroundings

LOG = """\
F.F

Failures:

  1) outer flaky
     Failure/Error: x

Finished in 0.01563 seconds (files took 0.11622 seconds to load)
3 examples, 2 failures

Failed examples:

rspec ./spec/a_spec.rb:2 # outer flaky
rspec './spec/b c_spec.rb[1:4]' # outer loop 1

Randomized with seed 7
"""


@pytest.fixture
def project(tmp_path: Path) -> None:
    (tmp_path / "spec").mkdir()
    for name in ("a_spec.rb", "b c_spec.rb"):
        (tmp_path / "spec" / name).write_text("")


def test_locations_and_rerun(outcome: Any, here: Surroundings, project: None) -> None:
    first = outcome(LOG, "bundle", "exec", "rspec", "--format", "doc", "spec")
    tests = framework.failed(first, here)
    assert tests == FailedTests("rspec", ("./spec/a_spec.rb:2", "./spec/b c_spec.rb[1:4]"), 3, True, "log")
    change = framework.rerun(tests, first, here)
    assert isinstance(change, Change)
    assert change.argv == ("bundle", "exec", "rspec", "--format", "doc", "./spec/a_spec.rb:2", "./spec/b c_spec.rb[1:4]")
    assert framework.verified(change, outcome("2 examples, 0 failures\n", "rspec", code=0))
    for bad in ("", "0 examples, 0 failures\n", "2 examples, 0 failures, 1 pending\n", "3 examples, 0 failures\n", "2 examples, 0 failures\n" * 2):
        assert not framework.verified(change, outcome(bad, "rspec", code=0)), bad


@pytest.mark.parametrize(
    "log",
    [
        LOG.replace("2 failures", "3 failures"),
        LOG.replace("3 examples, 2 failures", "3 examples, 2 failures, 1 error occurred outside of examples"),
        LOG.replace("./spec/a_spec.rb:2", "./../../etc/passwd.rb:2"),
        LOG.replace("./spec/a_spec.rb:2", "./spec/gone_spec.rb:2"),
        LOG + LOG,
        "",
    ],
)
def test_any_doubt_is_a_refusal(outcome: Any, here: Surroundings, project: None, log: str) -> None:
    assert isinstance(framework.failed(outcome(log, "rspec"), here), Refusal)


@pytest.mark.parametrize("words", ["--fail-fast", "-e x", "--tag slow", "spec/a_spec.rb:2", "--only-failures", "--dry-run"])
def test_what_leaves_examples_out_is_a_refusal(outcome: Any, here: Surroundings, project: None, words: str) -> None:
    first = outcome(LOG, "rspec", *words.split())
    tests = framework.failed(first, here)
    assert isinstance(tests, FailedTests)
    assert isinstance(framework.rerun(tests, first, here), Refusal)


def test_settings_that_stop_early_are_a_refusal(outcome: Any, here: Surroundings, project: None, tmp_path: Path) -> None:
    (tmp_path / "spec/spec_helper.rb").write_text("RSpec.configure { |c| c.fail_fast = true }")
    first = outcome(LOG, "rspec")
    tests = framework.failed(first, here)
    assert isinstance(tests, FailedTests)
    assert isinstance(framework.rerun(tests, first, here), Refusal)
