"""Narrowed runs of the real RSpec."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.remedies.attempted import need

pytestmark = pytest.mark.tools

SPEC = """
describe 'outer (x)' do
  it("flaky $(touch owned)") { expect(File.exist?('marker')).to be true }
  it('ok') { expect(1).to eq 1 }
  [1, 2].each { |n| it("loop #{n}") { expect(File.exist?('marker') || n == 2).to be true } }
end
"""


@pytest.fixture
def ruby(make_bench: Callable[..., Any], tmp_path: Path) -> Any:
    need("rspec")
    bench = make_bench(tmp_path)
    bench.write("spec/a_spec.rb", SPEC)
    bench.write("spec/b_spec.rb", "describe('b') { it('passes') { } }")
    return bench


def test_flaky_examples_heal(ruby: Any) -> None:
    first = ruby.attempt("rspec", "--order", "defined", "spec")
    assert first.exit_code == 1
    change = ruby.change(first)
    assert change.argv == ("rspec", "--order", "defined", "./spec/a_spec.rb:3", "./spec/a_spec.rb[1:3]")
    ruby.write("marker", "")
    second = ruby.again(first, change)
    assert second.passed, ruby.text(second)
    assert ruby.verified(change, second), ruby.text(second)
    assert not (ruby.cwd / "owned").exists()


def test_broken_stays_red(ruby: Any) -> None:
    first = ruby.attempt("rspec")
    change = ruby.change(first, "test_failure")
    second = ruby.again(first, change)
    assert second.exit_code == 1
    assert not ruby.verified(change, second)


def test_an_error_outside_of_examples_is_refused(ruby: Any) -> None:
    ruby.write("spec/c_spec.rb", "raise 'at load'")
    assert ruby.reason(ruby.attempt("rspec"))


def test_no_example_selected_is_no_proof(ruby: Any) -> None:
    first = ruby.attempt("rspec")
    change = ruby.change(first)
    ruby.write("spec/a_spec.rb", "")
    second = ruby.again(first, change)
    assert not ruby.verified(change, second), ruby.text(second)
