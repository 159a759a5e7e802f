"""What real frameworks name as passed, each by the names under which its failures are kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from guard.frameworks.passed import failures, passed
from tests.remedies.attempted import need

pytestmark = pytest.mark.tools

SPEC = """
describe 'outer (x)' do
  it('works') { expect(1).to eq 1 }
  it('flaky') { expect(File.exist?('marker')).to be true }
  context 'when deep' do
    it('is (fine)') { }
    [1, 2].each { |n| it("no #{n}") { } }
    xit('pends') { }
  end
end
"""
EXAMPLES = ("outer (x) works", "outer (x) when deep is (fine)", "outer (x) when deep no 1", "outer (x) when deep no 2")
MOCHA = """
const assert = require('assert');
it('top level', () => {});
describe('outer', () => {
  it('after', () => {});
  describe('inner deep', () => {
    it('works (1)', () => {});
    it('flaky', () => assert(require('fs').existsSync('marker')));
    it.skip('pends', () => {});
    it('slow', done => setTimeout(done, 90));
  });
});
"""
TITLES = {"top level", "outer after", "outer inner deep works (1)", "outer inner deep slow"}
PHP = r"""<?php
namespace Shop\Tests;
use PHPUnit\Framework\TestCase;
final class CartTest extends TestCase {
  public function testAdds(): void { $this->assertTrue(true); }
  public function testFlaky(): void { $this->assertFileExists('marker'); }
  /** @dataProvider rows */
  public function testRow(int $n): void { $this->assertTrue($n < 3 || file_exists('marker')); }
  public static function rows(): array { return [[1], 'na me' => [2], 'third' => [3]]; }
}
"""
PLAYWRIGHT = """
const { test, expect } = require('@playwright/test');
test.describe('cart', () => {
  test('flaky one', () => expect(require('fs').existsSync('marker')).toBe(true));
  test('fine', () => {});
  test.skip('skipped', () => {});
});
test('adds › two', () => {});
"""


@pytest.mark.parametrize(
    "more",
    [("--format", "documentation"), ("-f", "json", "-o", "out/r.json"), ("--format=RspecJunitFormatter", "--out", "out/r.xml"), ()],
    ids=["documentation", "json", "junit", "dots"],
)
def test_rspec(make_bench: Callable[..., Any], tmp_path: Path, more: tuple[str, ...]) -> None:
    need("rspec")
    bench = make_bench(tmp_path)
    bench.write("spec/a_spec.rb", SPEC)
    progress = ("--format", "progress") if "documentation" not in more else ()
    first = bench.attempt("rspec", *progress, *(("-r", "rspec_junit_formatter") if "out/r.xml" in more else ()), *more)
    if "cannot load such file -- rspec_junit_formatter" in bench.text(first):
        pytest.skip("rspec_junit_formatter is not installed (Debian: ruby-rspec-junit-formatter)")
    assert passed(first).get("rspec", ()) == (EXAMPLES if more else ()), bench.text(first)
    assert failures("rspec", first) == ("outer (x) flaky",)
    bench.write("marker", "")
    second = bench.attempt("rspec", *progress, *(("-r", "rspec_junit_formatter") if "out/r.xml" in more else ()), *more)
    assert ("outer (x) flaky" in passed(second).get("rspec", ())) == bool(more)


@pytest.mark.parametrize("reporter", ["spec", "list", "xunit"])
def test_mocha(node: Any, reporter: str) -> None:
    node.write("test/a.js", MOCHA)
    more = ("--reporter-option", "output=out/r.xml") if reporter == "xunit" else ()
    first = node.attempt("npx", "mocha", "--reporter", reporter, *more)
    assert set(passed(first)["mocha"]) == TITLES, node.text(first)
    node.write("marker", "")
    second = node.attempt("npx", "mocha", "--reporter", reporter, *more)
    assert set(passed(second)["mocha"]) == TITLES | {"outer inner deep flaky"}
    if reporter != "xunit":
        assert node.change(first).details["must_run"] == ["outer inner deep flaky"]


@pytest.mark.parametrize("told", ["by option", "by settings"])
def test_phpunit(make_bench: Callable[..., Any], tmp_path: Path, told: str) -> None:
    need("phpunit")
    bench = make_bench(tmp_path)
    bench.write("tests/CartTest.php", PHP)
    words = ["phpunit", "tests"]
    if told == "by option":
        words[1:1] = ["--log-junit", "out/j.xml"]
    else:
        bench.write("phpunit.xml", '<phpunit><logging><junit outputFile="out/j.xml"/></logging></phpunit>')
    first = bench.attempt(*words)
    names = (r"Shop\Tests\CartTest::testAdds", r"Shop\Tests\CartTest::testRow with data set #0", r'Shop\Tests\CartTest::testRow with data set "na me"')
    assert passed(first)["phpunit"] == names, bench.text(first)
    must_run = bench.change(first).details["must_run"]
    assert not set(must_run) & set(names)
    bench.write("marker", "")
    assert set(passed(bench.attempt(*words))["phpunit"]) == {*names, *must_run}


@pytest.mark.parametrize("reporter", ["list", "junit"])
def test_playwright(node: Any, reporter: str) -> None:
    node.write("package.json", '{"name": "p"}')
    reporters = "[['line'], ['junit', {outputFile: 'out/j.xml'}]]" if reporter == "junit" else "'list'"
    node.write("playwright.config.js", f"module.exports = {{ testDir: './e2e', reporter: {reporters}, projects: [{{name: 'one'}}] }};")
    node.write("e2e/a.spec.js", PLAYWRIGHT)
    first = node.attempt("npx", "playwright", "test")
    project = "[one] › "
    assert set(passed(first)["playwright"]) == {f"{project}e2e/a.spec.js › cart › fine", f"{project}e2e/a.spec.js › adds › two"}, node.text(first)
    assert failures("playwright", first) == (f"{project}e2e/a.spec.js › cart › flaky one",)
    node.write("marker", "")
    second = node.attempt("npx", "playwright", "test")
    assert f"{project}e2e/a.spec.js › cart › flaky one" in passed(second)["playwright"]
