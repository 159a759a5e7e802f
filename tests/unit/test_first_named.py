"""Totals lead to the first of what they count; lines that name it themselves stay where they are."""

from __future__ import annotations

import pytest

from guard.diagnosis.first_named import first_named, message
from guard.diagnosis.lines import Log
from guard.types import LogWindow


def log(text: str) -> Log:
    return Log(LogWindow(head=text.encode()))


REPORTS = {
    "mocha": ("  12 passing\n  1 failing\n\n  1) cart adds up:\n     AssertionError: expected 3 to equal 4\n", "1 failing", "1) cart", "AssertionError"),
    "phpunit": (
        "..F\n\nThere was 1 failure:\n\n1) CartTest::testTotal\nFailed asserting that 3 matches expected 4.\n\nFAILURES!\nTests: 3, Assertions: 3, Failures: 1.\n",
        "Tests: 3", "1) CartTest", "Failed asserting",
    ),
    "rspec": ("Failures:\n\n  1) Cart adds up\n     Failure/Error: expect(1).to eq 2\n\n2 examples, 1 failure\n", "2 examples", "1) Cart", "Failure/Error"),
    "go": ("=== RUN   TestA\n--- FAIL: TestA (0.00s)\n    a_test.go:7: got 1, want 2\nFAIL\nFAIL\texample.org/a\t0.002s\n", "FAIL\texample", "--- FAIL: TestA", "got 1"),
    "go, inner test": (
        "--- FAIL: TestA (0.02s)\n    --- PASS: TestA/one (0.00s)\n    --- FAIL: TestA/two (0.00s)\n        a_test.go:7: got 1, want 2\nFAIL\texample.org/a\t0.1s\n",
        "FAIL\texample", "--- FAIL: TestA/two", "got 1",
    ),
    "tap": ("ok 1 a\nnot ok 2 b\n  ---\n    operator: equal\n    expected: 1\n  ...\n1..2\n# fail  1\n", "# fail", "not ok 2", "operator"),
    "ctest": (
        "1/2 Test #1: a .....   Passed    0.01 sec\n2/2 Test #2: b .....***Failed    0.01 sec\nwrong sum\n\n50% tests passed, 1 tests failed out of 2\n",
        "50% tests", "2/2 Test", "wrong sum",
    ),
    "gradle": ("CartTest > adds up FAILED\n    java.lang.AssertionError at CartTest.java:7\n\n2 tests completed, 1 failed\n", "2 tests", "CartTest >", "java.lang"),
    "cargo": (
        "test a ... ok\ntest b ... FAILED\n\nfailures:\n\n---- b stdout ----\nthread 'b' panicked at src/lib.rs:5:9:\nwrong\n\ntest result: FAILED. 1 passed; 1 failed\n",
        "test result", "---- b stdout", "thread 'b'",
    ),
    "testthat": ("-- 1. Failure: sums add up (@test-sum.R#4) ----\n1 + 1 not equal to 3.\n\n[ OK: 1 | FAILED: 1 ]\n", "[ OK", "-- 1.", "1 + 1"),
    "testthat inside R CMD check": (
        "  ══ Failed tests ════\n  ── Failure (test-sum.R:4): sums add up ────\n  add(1, 2) not equal to 3.\n\n  Error: Test failures\n* DONE\n\nStatus: 1 ERROR\n",
        "Status:", "  ── Failure (", "  add(1, 2)",
    ),
    "busted without colours": ("Failure -> spec/a_spec.lua @ 1\nmath adds\n\n1 success / 1 failure / 0 errors / 0 pending\n", "1 success", "Failure ->", "math adds"),
    "tcltest": ("==== adds-1 adds FAILED\n==== Contents of test case:\n\nt.test:\tTotal\t2\tPassed\t1\tSkipped\t0\tFailed\t1\n", "t.test:", "==== adds-1", "==== Contents"),
    "check": ("Running suite(s): m\n50%: Checks: 2, Failures: 1, Errors: 0\na.c:3:F:c:adds:0: Assertion '1+1 == 3' failed\nsee the log\n", "50%:", "a.c:3:F", "see the log"),
    "rackunit": ("--------------------\nFAILURE\nname:       check-equal?\nexpected:   3\n--------------------\n1/2 test failures\n", "1/2", "FAILURE", "expected:"),
    "shunit2": ("testAdds\nASSERT:adds expected:<3> but was:<2>\n\nRan 2 tests.\n\nFAILED (failures=1)\n", "FAILED", "ASSERT:adds", "FAILED"),
    "d": ("1/1 modules FAILED unittests\na.d(1): [unittest] Assertion failure\nsee the log\n", "1/1", "a.d(1)", "see the log"),
    "anybody's": ("checking a ... ok\nchecking b ... FAILED\nsums differ\nlast words\nsome checks failed: 1 of 2\n", "some checks", "checking b", "sums differ"),
}


@pytest.mark.parametrize("name", REPORTS)
def test_totals_lead_to_the_first_test_and_to_what_it_says(name: str) -> None:
    text, totals, first, says = REPORTS[name]
    lines = text.splitlines()
    index = next(at for at, line in enumerate(lines) if totals in line)
    found = first_named("test_failure", index, log(text))
    assert found is not None
    assert first in lines[found]
    below = message(found, log(text))
    assert below is not None
    assert says in lines[below]
    assert first_named("test_failure", found, log(text)) is None


def test_a_todo_is_no_failed_test() -> None:
    text = "not ok 1 later # TODO not yet\nnot ok 2 b\n# fail  1\n"
    assert first_named("test_failure", 2, log(text)) == 1


def test_the_verdict_of_prove_names_no_test() -> None:
    text = "# Looks like you planned 3 tests but ran 1.\nt/01-add.t ..\nDubious, test returned 255\nResult: FAIL\n"
    assert first_named("test_failure", 0, log(text)) is None


def test_a_numbered_list_of_anybody_is_no_report_of_tests() -> None:
    text = "Steps:\n  1) unpack\n  2) build\nTests failed: 1\n"
    assert first_named("test_failure", 3, log(text)) is None


def test_warnings_made_errors_lead_to_the_first_of_them() -> None:
    text = "Compiling\nsrc/a.hs:4:1: Warning:\n    Defined but not used\nsrc/b.hs:9:1: Warning: redundant\n\n<no location info>:\nFailing due to -Werror.\n"
    assert first_named("compile_error", 6, log(text)) == 1


def test_an_error_comes_before_a_warning() -> None:
    text = "a.c:1:2: warning: unused\na.c:9:2: error: expected ';'\n2 diagnostics generated.\nmake: *** [a.o] Error 1\n"
    assert first_named("compile_error", 3, log(text)) == 1


def test_a_place_in_the_code_stays_the_evidence() -> None:
    text = "a.c:1:2: warning: unused\na.c:9:2: error: expected ';'\n"
    assert first_named("compile_error", 1, log(text)) is None


def test_findings_far_above_belong_to_another_report() -> None:
    text = "a.c:1:2: error: x\n" + "building\n" * 80 + "make: *** [b] Error 1\n"
    assert first_named("compile_error", 81, log(text)) is None


def test_causes_outside_code_and_tests_are_left_alone() -> None:
    assert first_named("disk_full", 1, log("--- FAIL: TestA (0.0s)\nNo space left on device\n")) is None


@pytest.mark.parametrize("line", ["A > " * 900, "FAIL " + "x" * 3900, "x" + "." * 3900 + " FAIL :", "Failure: " + "@" * 3900, "1) " * 1300, "_" * 3990 + " _"])
def test_hostile_lines_are_read_to_the_end(line: str) -> None:
    """In reasonable time: a pattern that backtracks without bound would hang here."""
    text = (line + "\n") * 300 + "1 failing\n"
    first_named("test_failure", 300, log(text))
    first_named("compile_error", 300, log(text))
