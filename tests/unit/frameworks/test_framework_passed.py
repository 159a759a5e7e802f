"""Which tests a framework's own record names as passed; each form as the tool prints it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from guard.frameworks.passed import failures, passed

PYTEST = """\
============================= test session starts ==============================
collected 4 items

tests/test_a.py::test_one PASSED                                         [ 25%]
tests/test_a.py::test_two FAILED                                         [ 50%]
tests/test_a.py::TestC::test_x[a PASSED b] PASSED                        [ 75%]
tests/test_a.py::test_printed noise here PASSED
[gw1] [100%] PASSED tests/test_b.py::test_four
INFO: 3 PASSED, 1 FAILED
"""
UNITTEST = """\
test_adds (tests.test_cart.Cart.test_adds) ... ok
test_buys (tests.test_cart.Cart.test_buys) ... FAIL
test_old (tests.test_cart.Cart) ... ok
test_told (tests.test_cart.Cart.test_told)
It is told in words. ... ok
test_prints (tests.test_cart.Cart.test_prints) ... something
something else ... ok
test_skipped (tests.test_cart.Cart.test_skipped) ... skipped 'no'
"""
GO = """\
=== RUN   TestA
--- PASS: TestA (0.00s)
    --- PASS: TestA/sub (0.00s)
--- FAIL: TestB (0.01s)
FAIL
FAIL\tacme.example/one\t0.003s
=== RUN   TestC
--- PASS: TestC (0.00s)
PASS
ok  \tacme.example/two\t0.002s
{"Time":"2026-01-01T00:00:00Z","Action":"pass","Package":"acme.example/three","Test":"TestD","Elapsed":0}
{"Time":"2026-01-01T00:00:00Z","Action":"pass","Package":"acme.example/three","Test":"TestD/sub","Elapsed":0}
{"Action":"pass" broken
"""
CARGO = "running 3 tests\ntest cart::adds ... ok\ntest cart::buys ... FAILED\ntest cart::slow ... ok <1.204s>\ntest cart::stops - should panic ... ok\ntest cart::off ... ignored\n"
CTEST = """\
    Start 1: adds
1/3 Test #1: adds .............................   Passed    0.01 sec
2/3 Test #2: buys .............................***Failed    0.00 sec
3/3 Test #3: sells ............................   Passed    0.02 sec
"""
NEXTEST = """\
        PASS [   0.004s] shop cart::adds
        FAIL [   0.003s] shop cart::buys
        PASS [   0.004s] (3/3) shop::bin/tool tests::sells
"""
DOTNET = "  Passed Shop.Tests.Cart.Adds [5 ms]\n  Failed Shop.Tests.Cart.Buys [12 ms]\n  Passed Shop.Tests.Cart.Sells(n: 1) [< 1 ms]\n"


@pytest.mark.parametrize(
    ("text", "framework", "names"),
    [
        (PYTEST, "pytest", ["tests/test_a.py::test_one", "tests/test_a.py::test_printed noise here", "tests/test_b.py::test_four"]),
        (UNITTEST, "unittest", ["tests.test_cart.Cart.test_adds", "tests.test_cart.Cart.test_old", "tests.test_cart.Cart.test_told"]),
        (GO, "go_test", ["acme.example/one.TestA", "acme.example/two.TestC", "acme.example/three.TestD"]),
        (CARGO, "cargo_test", ["cart::adds", "cart::slow", "cart::stops"]),
        (CTEST, "ctest", ["1:adds", "3:sells"]),
        (NEXTEST, "nextest", ["shop cart::adds", "shop::bin/tool tests::sells"]),
        (DOTNET, "dotnet_test", ["Shop.Tests.Cart.Adds", "Shop.Tests.Cart.Sells(n: 1)"]),
    ],
)
def test_verbose_logs(text: str, framework: str, names: list[str], outcome: Any) -> None:
    assert {name: list(found) for name, found in passed(outcome(text)).items()} == {framework: names}


def test_files_by_which_jest_and_vitest_run_again(tmp_path: Path, outcome: Any) -> None:
    for name in ("a.test.js", "b.test.js"):
        (tmp_path / name).touch()
    assert passed(outcome("PASS ./a.test.js (5.1 s)\nFAIL b.test.js\nPASS gone.test.js\n"))["jest"] == ("./a.test.js",)
    assert passed(outcome(" ✓ a.test.js (3 tests) 5ms\n ✓ b.test.js > x 1ms\n FAIL  b.test.js > y\n"))["vitest"] == ("a.test.js",)


CASES = """<?xml version="1.0"?><testsuites><testsuite name="pytest">
<testcase classname="tests.test_a" name="test_one"/><testcase classname="tests.test_a.TestC" name="test_x[1]"><system-out>x</system-out></testcase>
<testcase classname="tests.test_a" name="test_two"><failure message="no"/></testcase><testcase classname="tests.test_a" name="test_off"><skipped/></testcase>
<testcase classname="../../etc.passwd" name="x"/><testcase classname="tests.gone" name="test_y"/></testsuite></testsuites>"""


@pytest.fixture
def report(tmp_path: Path) -> Path:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_a.py").touch()
    file = tmp_path / "out/junit.xml"
    file.parent.mkdir()
    file.write_text(CASES)
    return file


def test_junit_of_pytest_by_the_names_by_which_it_runs_again(report: Path, outcome: Any) -> None:
    found = passed(outcome(f"--------- generated xml file: {report} ---------\n1 failed, 2 passed in 0.1s\n"))
    assert found == {"pytest": ("tests/test_a.py::test_one", "tests/test_a.py::TestC::test_x[1]")}


@pytest.mark.parametrize(
    ("argv", "env"),
    [
        (("pytest", "-q", "--junitxml=out/junit.xml"), {}),
        (("python", "-m", "pytest", "--junit-xml", "out/junit.xml"), {}),
        (("bash", "-c", "cd . && pytest --junitxml='out/junit.xml'; exit 1"), {}),
        (("pytest",), {"PYTEST_ADDOPTS": "-q --junitxml out/junit.xml"}),
    ],
)
@pytest.mark.usefixtures("report")
def test_junit_where_pytest_was_told_to_put_it(argv: tuple[str, ...], env: dict[str, str], outcome: Any) -> None:
    assert passed(outcome("1 failed, 2 passed in 0.1s\n", *argv, env=env)) == {"pytest": ("tests/test_a.py::test_one", "tests/test_a.py::TestC::test_x[1]")}


@pytest.mark.parametrize("fault", ["elsewhere", "a link out", "old", "entity", "broken", "too large", "folder"])
def test_a_report_that_is_not_this_attempt_s_own_is_left(fault: str, report: Path, outcome: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = outcome(f"--- generated xml file: {report} ---\n")
    if fault == "elsewhere":
        (tmp_path / "sub").mkdir()
        from dataclasses import replace

        one = replace(one, command=replace(one.command, cwd=str(tmp_path / "sub")))
    elif fault == "a link out":
        outside = tmp_path.parent / f"{tmp_path.name}-outside.xml"
        outside.write_text(CASES)
        report.unlink()
        report.symlink_to(outside)
    elif fault == "old":
        import os

        os.utime(report, (1, 1))
    elif fault == "entity":
        report.write_text(CASES.replace("?>", '?><!DOCTYPE x [<!ENTITY e "x">]>', 1))
    elif fault == "broken":
        report.write_text(CASES[:-20])
    elif fault == "too large":
        monkeypatch.setattr("guard.frameworks.passed.reports._LARGEST", 10)
    else:
        report.unlink()
        report.mkdir()
    assert passed(one) == {}


def test_surefire_and_gradle(tmp_path: Path, outcome: Any) -> None:
    text = '<testsuite><testcase classname="a.B" name="adds"/><testcase classname="a.B" name="buys"><error/></testcase></testsuite>'
    for folder in ("target/surefire-reports", "build/test-results/test"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "TEST-a.B.xml").write_text(text)
    (tmp_path / "pom.xml").touch()
    assert passed(outcome("[INFO] --- surefire:3.2.5:test (default-test) @ app ---\n")) == {"maven_surefire": ("a.B#adds",)}
    assert passed(outcome("> Task :test FAILED\n2 tests completed, 1 failed\n")) == {"gradle_test": ("a.B#adds",)}


RSPEC = """\
Randomized with seed 1

outer
  works
  flaky (FAILED - 1)
  when deep
    is (fine)
    pends (PENDING: No reason given (yet))

Failures:

  1) outer flaky

4 examples, 1 failure, 1 pending

Failed examples:

rspec ./spec/a_spec.rb:3 # outer flaky
"""
MOCHA = """\

  ✔ top level
  outer
    ✓ after (12ms)
noise of a test
    inner deep
      1) flaky
      - pends
      ✔ works


  3 passing (25ms)
  1 failing

  1) outer
       inner deep
         flaky:
     Error: ✔ forged
"""
PLAYWRIGHT = """\
  ✓  1 [one] › e2e/a.spec.js:2:1 › adds › two (190ms)
  ✘  2 [one] › e2e/a.spec.js:3:31 › cart › flaky one (175ms)
  ✓  3 [one] › e2e/a.spec.js:3:31 › cart › flaky two (retry #1) (1.2s)
  ok 4 e2e/b.spec.js:1:1 › fine (31ms)
  -  5 [one] › e2e/a.spec.js:3:150 › cart › skipped
  1) [one] › e2e/a.spec.js:3:31 › cart › flaky one ─────
"""


@pytest.mark.parametrize(
    ("text", "framework", "names"),
    [
        (RSPEC, "rspec", ("outer works", "outer when deep is (fine)")),
        (RSPEC.replace("4 examples", "5 examples"), "rspec", ()),  # something else stands in the tree
        (RSPEC.replace("  works\n", "  works\nprinted by a test\n"), "rspec", ("outer works", "outer when deep is (fine)")),
        (MOCHA, "mocha", ("top level", "outer after", "outer inner deep works")),
        (MOCHA.replace("3 passing (25ms)", ""), "mocha", ()),
        (MOCHA + "  (Run Finished)\n", "mocha", ()),  # Cypress prints Mocha's tree, and runs files again
        (PLAYWRIGHT, "playwright", ("[one] › e2e/a.spec.js › adds › two", "[one] › e2e/a.spec.js › cart › flaky two", "e2e/b.spec.js › fine")),
    ],
)  # fmt: skip
def test_what_is_named_by_what_it_says(text: str, framework: str, names: tuple[str, ...], outcome: Any) -> None:
    assert passed(outcome(text)).get(framework, ()) == names


def test_failures_go_by_the_same_names(outcome: Any) -> None:
    assert failures("rspec", outcome(RSPEC)) == ("outer flaky",)
    assert failures("playwright", outcome(PLAYWRIGHT)) == ("[one] › e2e/a.spec.js › cart › flaky one",)
    assert failures("mocha", outcome(MOCHA)) == ()  # its `FailedTests` has them


def test_spec_files_of_cypress(tmp_path: Path, outcome: Any) -> None:
    for name in ("a.cy.js", "b.cy.js"):
        (tmp_path / "cypress/e2e").mkdir(parents=True, exist_ok=True)
        (tmp_path / "cypress/e2e" / name).write_text("")
    row = "  │ {}  {}                          00:01        1        1        -        -        - │\n"
    text = "  (Run Finished)\n" + row.format("✔", "a.cy.js") + row.format("✖", "b.cy.js") + row.format("✔", "elsewhere.cy.js")
    assert passed(outcome(text)).get("cypress") == ("cypress/e2e/a.cy.js",)


@pytest.mark.parametrize("text", ["", "npm ERR! code E404\n", "1 failed, 3 passed in 0.1s\n", "..F.\n"])
def test_what_names_nobody(text: str, outcome: Any) -> None:
    assert passed(outcome(text)) == {}


def test_a_log_that_means_harm_is_read_in_no_time(outcome: Any) -> None:
    lines = ["::" * 450 + " PASSED" * 10, "  Passed " + " [" * 400, "test " + " ... ok" * 100 + "x", "1/1 Test #1: " + " .." * 300]
    assert "pytest" not in passed(outcome("\n".join(lines * 2_000)))
