"""Narrowed runs of the real cargo-nextest."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.tools

FLAKY = '#[test] fn flaky() { assert!(std::path::Path::new("marker").exists()); }\n#[test] fn other() {}\n'
RUN = ("cargo", "nextest", "run", "--no-fail-fast", "--offline")


@pytest.fixture
def crate(make_bench: Callable[..., Any], tmp_path: Path) -> Any:
    if shutil.which("cargo-nextest") is None:
        pytest.skip("no cargo-nextest")
    bench = make_bench(tmp_path)
    bench.write("Cargo.toml", '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n')
    bench.write("src/lib.rs", f"#[cfg(test)] mod deep {{ {FLAKY} }}")
    bench.write("tests/it.rs", FLAKY)
    return bench


def test_flaky_tests_heal(crate: Any) -> None:
    first = crate.attempt(*RUN)
    assert first.exit_code == 100
    change = crate.change(first)
    assert set(change.details["must_run"]) == {"shop deep::flaky", "shop::it flaky"}
    crate.write("marker", "")
    second = crate.again(first, change)
    assert second.passed, crate.text(second)
    assert crate.verified(change, second), crate.text(second)


def test_broken_stays_red_and_nothing_selected_is_red(crate: Any) -> None:
    first = crate.attempt(*RUN)
    change = crate.change(first, "test_failure")
    second = crate.again(first, change)
    assert second.exit_code == 100
    assert not crate.verified(change, second)
    crate.write("src/lib.rs", "")
    crate.write("tests/it.rs", "#[test] fn renamed() {}")
    third = crate.again(first, change)
    assert not third.passed, crate.text(third)


def test_a_run_that_stopped_at_the_first_failure_is_refused(crate: Any) -> None:
    crate.write("src/lib.rs", "#[cfg(test)] mod a { #[test] fn one() { panic!() } #[test] fn two() { std::thread::sleep(std::time::Duration::from_secs(2)); panic!() } }")
    crate.write("tests/it.rs", "")
    assert "--no-fail-fast" in crate.reason(crate.attempt("cargo", "nextest", "run", "--offline", "-j", "1"))
