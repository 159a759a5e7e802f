"""Narrowed runs of the real `cargo test`."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

pytestmark = [pytest.mark.tools, pytest.mark.skipif(shutil.which("cargo") is None, reason="no cargo")]

DOC = """
/// ```
/// assert!(std::path::Path::new("marker").exists());
/// ```
pub fn x() {}
"""

FLAKY = """
#[cfg(test)]
mod tests {
    #[test] fn ok() {}
    #[test] fn flaky() { println!("test tests::spoof ... ok"); assert!(std::path::Path::new("marker").exists()); }
    #[test] fn flaky_longer() {}
    #[test] #[ignore] fn later() {}
}
"""


def project(bench: Any, more: str = "") -> None:
    bench.write("Cargo.toml", '[package]\nname = "demo"\nversion = "0.1.0"\nedition = "2021"\n')
    bench.write("src/lib.rs", FLAKY)
    bench.write("tests/it.rs", "#[test] fn integ() {}\n" + more)


def test_a_failed_doc_test_is_refused(bench: Any) -> None:
    project(bench)
    bench.write("src/lib.rs", DOC)
    assert "doc test" in bench.reason(bench.attempt("cargo", "test", "--no-fail-fast"))


def test_flaky_test_heals(bench: Any) -> None:
    project(bench)
    first = bench.attempt("cargo", "test", "--no-fail-fast")
    change = bench.change(first)
    assert change.details["must_run"] == ["tests::flaky"]
    bench.write("marker", "")
    second = bench.again(first, change)
    assert second.passed, bench.text(second)
    assert bench.verified(change, second), bench.text(second)
    assert "flaky_longer" not in bench.text(second)


def test_without_no_fail_fast_later_targets_never_ran(bench: Any) -> None:
    project(bench)
    assert "no-fail-fast" in bench.reason(bench.attempt("cargo", "test"))


def test_broken_stays_red_and_zero_tests_are_not_verified(bench: Any) -> None:
    project(bench, "#[test] fn integ_bad() { assert!(false) }\n")
    first = bench.attempt("cargo", "test", "--no-fail-fast", "--", "--test-threads", "1")
    change = bench.change(first, "test_failure")
    bench.write("marker", "")
    second = bench.again(first, change)
    assert second.exit_code == 101
    assert not bench.verified(change, second)
    bench.write("tests/it.rs", "#[test] fn renamed() {}\n")
    third = bench.again(first, change)
    assert third.passed
    assert not bench.verified(change, third)


def test_a_crash_and_a_build_failure_are_refused(bench: Any) -> None:
    project(bench, "#[test] fn dies() { std::process::abort() }\n")
    assert bench.reason(bench.attempt("cargo", "test", "--no-fail-fast"))
    project(bench, "#[test] fn no_build() { nowhere() }\n")
    assert bench.reason(bench.attempt("cargo", "test", "--no-fail-fast"))
