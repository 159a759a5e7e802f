"""Narrowed runs of the real `go test`."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

pytestmark = [pytest.mark.tools, pytest.mark.skipif(shutil.which("go") is None, reason="no go")]

FLAKY = """package demo
import ("os"; "testing")
func TestOK(t *testing.T) {}
func TestFlaky(t *testing.T) {
	t.Run("a b/c[1] $(x)", func(t *testing.T) { if _, e := os.Stat("marker"); e != nil { t.Fatal("first") } })
}
"""


def project(bench: Any, more: str = "") -> None:
    bench.write("go.mod", "module demo\ngo 1.20\n")
    bench.write("a_test.go", FLAKY + more)
    bench.write("sub/b_test.go", 'package sub\nimport "testing"\nfunc TestB(t *testing.T) {}\n')


@pytest.mark.parametrize(
    "words",
    [
        ("./...",),
        ("-v", "./..."),
        ("-json", "./..."),
        ("-race=false", "./...", "-args", "-x"),
        ("-run", "Flaky|OK", "."),
    ],
)
def test_flaky_test_heals(bench: Any, words: tuple[str, ...]) -> None:
    project(bench)
    if "-args" in words:
        bench.write("flag_test.go", 'package demo\nimport "flag"\nvar x = flag.Bool("x", false, "")\n')
        bench.write("sub/flag_test.go", 'package sub\nimport "flag"\nvar x = flag.Bool("x", false, "")\n')
    first = bench.attempt("go", "test", *words)
    change = bench.change(first)
    assert change.details["must_run"] == ["demo.TestFlaky"]
    bench.write("marker", "")
    second = bench.again(first, change)
    assert second.passed, bench.text(second)
    assert bench.verified(change, second), bench.text(second)
    assert "TestOK" not in bench.text(second)


def test_broken_stays_red(bench: Any) -> None:
    project(bench, "func TestBad(t *testing.T) { t.Error(1) }\n")
    first = bench.attempt("go", "test", "./...")
    change = bench.change(first, "test_failure")
    assert change.details["must_run"] == ["demo.TestFlaky", "demo.TestBad"]
    bench.write("marker", "")
    second = bench.again(first, change)
    assert second.exit_code == 1
    assert not bench.verified(change, second)


def test_no_test_selected_exits_0_but_is_not_verified(bench: Any) -> None:
    project(bench)
    first = bench.attempt("go", "test", "./...")
    change = bench.change(first)
    bench.write("a_test.go", 'package demo\nimport "testing"\nfunc TestOther(t *testing.T) {}\n')
    second = bench.again(first, change)
    assert second.passed
    assert "no tests to run" in bench.text(second)
    assert not bench.verified(change, second)


def test_a_test_that_is_skipped_the_second_time_is_no_proof(bench: Any) -> None:
    project(bench)
    first = bench.attempt("go", "test", "./...")
    change = bench.change(first)
    bench.write("a_test.go", 'package demo\nimport "testing"\nfunc TestFlaky(t *testing.T) { t.Skip() }\n')
    second = bench.again(first, change)
    assert second.passed
    assert not bench.verified(change, second)


@pytest.mark.parametrize(
    "more",
    [
        'func TestDies(t *testing.T) { panic("x") }\n',
        "func TestExits(t *testing.T) { os.Exit(1) }\n",
        "func TestMain(m *testing.M) { os.Exit(1) }\n",
        "func TestNoBuild(t *testing.T) { nowhere() }\n",
    ],
)
def test_crashes_exits_and_build_failures_are_refused(bench: Any, more: str) -> None:
    project(bench, more)
    assert bench.reason(bench.attempt("go", "test", "./..."))


@pytest.mark.parametrize("word", ["-failfast", "-cover", "-timeout=1ns"])
def test_options_that_leave_tests_out_are_refused(bench: Any, word: str) -> None:
    project(bench, "func TestLate(t *testing.T) { for i := 0; i < 1 << 30; i++ {} }\n")
    assert bench.reason(bench.attempt("go", "test", word, "./..."))


def test_through_make(bench: Any) -> None:
    if shutil.which("make") is None:
        pytest.skip("no make")
    project(bench)
    bench.write("Makefile", "test:\n\tgo test ./...\n")
    first = bench.attempt("make", "test")
    change = bench.change(first)
    bench.write("marker", "")
    second = bench.again(first, change)
    assert second.passed, bench.text(second)
    assert bench.verified(change, second), bench.text(second)


def test_a_count_of_the_users_own_stands(bench: Any) -> None:
    project(bench)
    first = bench.attempt("go", "test", "-count=3", "./...")
    change = bench.change(first)
    bench.write("marker", "")
    second = bench.again(first, change)
    assert bench.text(second).count("--- PASS: TestFlaky (") == 3
    assert bench.verified(change, second)


def test_a_later_session_behind_make_is_never_lost(bench: Any) -> None:
    if shutil.which("make") is None:
        pytest.skip("no make")
    project(bench)
    bench.write("Makefile", "test:\n\tgo test .\n\tgo test ./sub\n")
    assert "last line" in bench.reason(bench.attempt("make", "test"))
    bench.write("Makefile", "all: test\n\tgo test ./sub\ntest:\n\tgo test .\n")
    assert "last line" in bench.reason(bench.attempt("make", "test", "all"))
