"""Narrowed runs of the real CTest."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

pytestmark = [
    pytest.mark.tools,
    pytest.mark.skipif(shutil.which("ctest") is None or shutil.which("cmake") is None, reason="no cmake"),
]

LISTS = """
cmake_minimum_required(VERSION 3.19)
project(demo NONE)
enable_testing()
add_test(NAME ok COMMAND true)
add_test(NAME "odd name (x) -1" COMMAND sh -c "test -e ${CMAKE_BINARY_DIR}/marker")
"""


def project(bench: Any, more: str = "") -> None:
    bench.write("CMakeLists.txt", LISTS + more)
    assert bench.attempt("cmake", "-S", ".", "-B", "build").passed


@pytest.mark.parametrize(
    "words", [("ctest", "--test-dir", "build"), ("ctest", "--test-dir", "build", "-j2", "-V")]
)
def test_flaky_test_heals(bench: Any, words: tuple[str, ...]) -> None:
    project(bench)
    first = bench.attempt(*words)
    assert first.exit_code == 8
    change = bench.change(first)
    bench.write("build/marker", "")
    second = bench.again(first, change)
    assert second.passed, bench.text(second)
    assert bench.verified(change, second), bench.text(second)
    assert "out of 1" in bench.text(second)


def test_through_make_test(bench: Any, make_bench: Any) -> None:
    project(bench)
    below = make_bench(bench.cwd / "build", bench.cwd)
    if not (below.cwd / "Makefile").exists():
        pytest.skip("cmake made no Makefile")
    first = below.attempt("make", "test")
    change = below.change(first)
    bench.write("build/marker", "")
    second = below.again(first, change)
    assert second.passed
    assert below.verified(change, second), below.text(second)


def test_broken_stays_red(bench: Any) -> None:
    project(bench, "add_test(NAME bad COMMAND false)")
    first = bench.attempt("ctest", "--test-dir", "build")
    change = bench.change(first, "test_failure")
    bench.write("build/marker", "")
    second = bench.again(first, change)
    assert second.exit_code == 8
    assert not bench.verified(change, second)


def test_stopping_missing_programs_and_stale_records_are_refused(bench: Any) -> None:
    project(bench)
    assert bench.reason(bench.attempt("ctest", "--test-dir", "build", "--stop-on-failure"))
    first = bench.attempt("ctest", "--test-dir", "build")
    bench.write("build/Testing/Temporary/LastTestsFailed.log", "1:ok\n")
    assert "record" in bench.reason(first)
    project(bench, "add_test(NAME gone COMMAND no_such_program)")
    assert bench.reason(bench.attempt("ctest", "--test-dir", "build"))


def test_a_test_that_is_skipped_the_second_time_is_no_proof(bench: Any) -> None:
    project(bench)
    first = bench.attempt("ctest", "--test-dir", "build")
    change = bench.change(first)
    project(bench, 'set_tests_properties("odd name (x) -1" PROPERTIES SKIP_RETURN_CODE 1)')
    second = bench.again(first, change)
    assert not bench.verified(change, second)


def test_a_preset_that_stops_at_the_first_failure_is_refused(bench: Any) -> None:
    project(bench, "add_test(NAME later COMMAND true)")
    bench.write(
        "CMakePresets.json",
        '{"version": 3, "configurePresets": [{"name": "d", "binaryDir": "build"}],'
        ' "testPresets": [{"name": "d", "configurePreset": "d", "execution": {"stopOnFailure": true}}]}',
    )
    first = bench.attempt("ctest", "--preset", "d")
    assert first.exit_code == 8, bench.text(first)
    assert bench.reason(first)
