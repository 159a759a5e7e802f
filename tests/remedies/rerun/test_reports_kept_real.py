"""The reports that real frameworks leave after a narrowed run: every test of the first run, the flaky ones marked."""

from __future__ import annotations

import os
import shutil
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from guard.remedies import rerun_failed_tests
from guard.types import Surroundings
from tests.remedies.attempted import need

pytestmark = pytest.mark.tools

PYTEST = (sys.executable, "-m", "pytest", "-p", "no:randomly")


def healed(bench: Any, report: str, *argv: str, marker: str = "marker", green: bool = True) -> tuple[ET.Element, str]:
    """The report after a narrowed run, and what the user is told. The tests pass when the marker is there."""
    first = bench.attempt(*argv)
    change = bench.change(first)
    assert [os.path.realpath(bench.cwd / report)] == [one for one in change.details["reports"] if one.endswith(Path(report).name)]
    before = cases(ET.parse(bench.cwd / report).getroot())
    applied = rerun_failed_tests.apply(change, Surroundings())
    if green:
        bench.write(marker, "")
    second = bench.again(first, change)
    assert second.passed == green, bench.text(second)
    proved = not second.passed or bench.verified(change, second)
    assert proved, bench.text(second)
    written_over = cases(ET.parse(bench.cwd / report).getroot())
    assert len(written_over) < len(before)
    told = rerun_failed_tests.settled(applied, second, proved)
    root = ET.parse(bench.cwd / report).getroot()
    assert cases(root) == before
    return root, told


def cases(root: ET.Element) -> list[tuple[str | None, str | None]]:
    return [(case.get("classname", case.get("class")), case.get("name")) for case in root.iter("testcase")]


def names(root: ET.Element, *tags: str) -> set[str | None]:
    return {case.get("name") for case in root.iter("testcase") if any(child.tag in tags for child in case)}


def bad(root: ET.Element) -> int:
    return sum(int(suite.get(name) or 0) for suite in root.iter("testsuite") for name in ("failures", "errors"))


PYTHON = """
import pathlib, pytest
def test_ok(): pass
def test_skipped(): pytest.skip("é")
@pytest.mark.parametrize("x", ["a", "<b> & 'c'"])
def test_flaky(x): assert pathlib.Path("marker").exists() or x == "a"
@pytest.fixture
def broken(): assert pathlib.Path("marker").exists()
def test_setup(broken): pass
"""


@pytest.mark.parametrize("family", ["xunit1", "xunit2"])
def test_pytest(bench: Any, family: str) -> None:
    bench.write("test_a.py", PYTHON)
    bench.write("pytest.ini", f"[pytest]\njunit_family = {family}\naddopts = --junitxml=out/j.xml\n")
    root, told = healed(bench, "out/j.xml", *PYTEST)
    assert names(root, "flakyFailure", "flakyError") == {"test_flaky[<b> & 'c']", "test_setup"}
    assert names(root, "failure", "error") == set()
    assert bad(root) == 0
    assert "2 marked flaky" in told


def test_pytest_that_fails_again(bench: Any) -> None:
    bench.write("test_a.py", PYTHON)
    root, told = healed(bench, "j.xml", *PYTEST, "--junit-xml", "j.xml", green=False)
    assert names(root, "failure", "error") == names(root, "rerunFailure", "rerunError") == {"test_flaky[<b> & 'c']", "test_setup"}
    assert bad(root) == 2
    assert "2 failed again" in told


def test_coverage_of_a_part_is_no_coverage(bench: Any, coverage_plugin: Path) -> None:
    bench.env = {**bench.env, "PYTHONPATH": str(coverage_plugin)}
    bench.write("test_a.py", PYTHON)
    # Nothing in the log or on the command line tells of it.
    bench.write("pytest.ini", "[pytest]\naddopts = --cov=. --cov-report=\n")
    first = bench.attempt(*PYTEST)
    assert ".coverage" in bench.reason(first)


def test_ctest(bench: Any) -> None:
    need("cmake")
    bench.write(
        "CMakeLists.txt",
        "cmake_minimum_required(VERSION 3.21)\nproject(demo NONE)\nenable_testing()\nadd_test(NAME ok COMMAND true)\n"
        'add_test(NAME "odd <x> & y" COMMAND sh -c "test -e ${CMAKE_BINARY_DIR}/marker")\n',
    )
    assert bench.attempt("cmake", "-S", ".", "-B", "build").passed
    words = ("ctest", "--test-dir", "build", "--output-junit", "j.xml")
    root, _ = healed(bench, "build/j.xml", *words, marker="build/marker")
    assert names(root, "flakyFailure") == {"odd <x> & y"}
    assert {case.get("status") for case in root.iter("testcase")} == {"run"}
    assert bad(root) == 0


def test_phpunit(bench: Any) -> None:
    need("phpunit")
    bench.write(
        "tests/ATest.php",
        "<?php\nuse PHPUnit\\Framework\\TestCase;\nfinal class ATest extends TestCase {\n"
        "  public function testFlaky(): void { $this->assertFileExists('marker'); }\n"
        "  public function testOk(): void { $this->assertTrue(true); }\n"
        "  /** @dataProvider rows */ public function testRow(int $n): void { $this->assertTrue($n == 2 || file_exists('marker')); }\n"
        "  public static function rows(): array { return ['one & <1>' => [1], 'two' => [2]]; }\n}\n",
    )
    root, _ = healed(bench, "j.xml", "phpunit", "--log-junit", "j.xml", "tests")
    assert names(root, "flakyFailure") == {"testFlaky", 'testRow with data set "one & <1>"'}
    assert bad(root) == 0


def test_nextest(bench: Any) -> None:
    if shutil.which("cargo-nextest") is None:
        pytest.skip("no cargo-nextest")
    bench.write("Cargo.toml", '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n')
    bench.write("src/lib.rs", '#[test] fn flaky() { assert!(std::path::Path::new("marker").exists()); }\n#[test] fn other() {}\n')
    bench.write(".config/nextest.toml", '[profile.default.junit]\npath = "j.xml"\n')
    root, _ = healed(bench, "target/nextest/default/j.xml", "cargo", "nextest", "run", "--no-fail-fast", "--offline")
    assert names(root, "flakyFailure") == {"flaky"}
    assert bad(root) == 0


JEST = "const fs = require('fs');\ntest('ok', () => {});\ntest('flaky <x> & y', () => { expect(fs.existsSync('marker')).toBe(true); });\n"


def test_jest_junit(node: Any) -> None:
    node.write("a.test.js", JEST)
    node.write("b.test.js", "test('ok', () => {});\n")
    node.write("package.json", '{"jest": {"reporters": ["default", "jest-junit"]}}')
    root, _ = healed(node, "junit.xml", "npx", "jest", "--ci")
    assert len(list(root.iter("testcase"))) == 3
    assert {str(name).strip() for name in names(root, "flakyFailure")} == {"flaky <x> & y"}
    assert bad(root) == 0


def test_jests_own_json_is_not_left_in_part(node: Any) -> None:
    node.write("a.test.js", JEST)
    node.write("package.json", "{}")
    assert "all.json" in node.reason(node.attempt("npx", "jest", "--ci", "--json", "--outputFile=all.json"))


def test_vitest(node: Any) -> None:
    node.write("a.test.js", "import { expect, test } from 'vitest';\n" + JEST.replace("const fs = require('fs')", "import fs from 'fs'"))
    node.write("b.test.js", "import { test } from 'vitest';\ntest('ok', () => {});\n")
    node.write("package.json", '{"type": "module"}')
    words = ("npx", "vitest", "run", "--reporter=default", "--reporter=junit", "--outputFile.junit=out/j.xml")
    root, _ = healed(node, "out/j.xml", *words)
    assert names(root, "flakyFailure") == {"flaky <x> & y"}
    assert bad(root) == 0
