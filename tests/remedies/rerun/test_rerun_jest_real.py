"""Narrowed runs of the real Jest."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

pytestmark = pytest.mark.tools

FLAKY = """
const fs = require('fs');
describe('outer (x) $(touch owned)', () => { describe("in 'ner", () => {
  test('flaky -x', () => expect(fs.existsSync('marker')).toBe(true));
  test.skip('skipped', () => {});
  test('ok', () => {});
}); });
"""


def project(node: Any, bad: bool = False) -> None:
    node.write(
        "package.json",
        '{"name": "p", "scripts": {"test": "jest --ci"}, "jest": {"cacheDirectory": "./cache"}}',
    )
    node.write("src/a.test.js", FLAKY)
    node.write("src/b.test.js", "test('fine', () => {});")
    if bad:
        node.write("src/c.test.js", "test('bad', () => expect(1).toBe(2));")


@pytest.mark.parametrize(
    "words", [("npx", "jest"), ("npm", "test"), ("npm", "test", "--", "--verbose"), ("npx", "jest", "src/")]
)
def test_flaky_file_heals(node: Any, words: tuple[str, ...]) -> None:
    project(node)
    first = node.attempt(*words)
    assert first.exit_code == 1
    change = node.change(first)
    assert len(change.details["must_run"]) == 1
    node.write("marker", "")
    second = node.again(first, change)
    assert second.passed, node.text(second)
    assert node.verified(change, second)
    assert "1 passed, 1 total" in node.text(second)
    assert not (node.cwd / "owned").exists()


def test_broken_stays_red(node: Any) -> None:
    project(node, bad=True)
    first = node.attempt("npx", "jest")
    change = node.change(first, "test_failure")
    node.write("marker", "")
    second = node.again(first, change)
    assert second.exit_code == 1
    assert not node.verified(change, second)
    assert node.reason(second)


def test_bail_is_refused(node: Any) -> None:
    project(node, bad=True)
    assert node.reason(node.attempt("npx", "jest", "--bail", "-i"))
    node.write("jest.config.json", '{"bail": 1}')
    node.write("package.json", '{"name": "p"}')
    assert node.reason(node.attempt("npx", "jest", "-i"))


def test_no_test_selected_is_not_green(node: Any) -> None:
    project(node)
    first = node.attempt("npx", "jest")
    change = node.change(first)
    for record in (node.cwd / "cache").rglob("perf-cache-*"):
        record.unlink()
    second = node.again(first, change)
    assert not second.passed
    assert not node.verified(change, second)


def test_a_suite_that_cannot_run_and_a_threshold_are_refused(node: Any) -> None:
    project(node)
    node.write("src/d.test.js", "require('./nowhere');")
    assert "could not be run" in node.reason(node.attempt("npx", "jest"))
    (node.cwd / "src/d.test.js").unlink()
    first = node.attempt("npx", "jest", "--coverage")
    assert "coverage" in node.reason(first)
    plain = node.attempt("npx", "jest")
    node.change(plain)
    node.write("jest.config.js", "module.exports = {coverageThreshold: {global: {lines: 90}}}")
    assert "coverage" in node.reason(plain)


def test_a_script_that_goes_on_is_refused(node: Any) -> None:
    project(node)
    node.write("package.json", '{"name": "p", "scripts": {"test": "jest && node later.js"}}')
    assert "more than one" in node.reason(node.attempt("npm", "test"))


def test_a_pass_that_skips_what_failed_is_no_proof(node: Any) -> None:
    project(node)
    first = node.attempt("npx", "jest")
    change = node.change(first)
    node.write(
        "src/a.test.js", "test.skip('flaky', () => {}); test.skip('x', () => {}); test('ok', () => {});"
    )
    second = node.again(first, change)
    assert second.passed
    assert not node.verified(change, second)
    assert not node.verified(change, replace(second, window=replace(second.window, dropped_bytes=4)))


def test_in_a_script_with_a_comment_behind(node: Any) -> None:
    project(node)
    first = node.attempt(script="set -e\nX='a b' npm test\n# the end\n")
    change = node.change(first)
    node.write("marker", "")
    second = node.again(first, change)
    assert second.passed, node.text(second)
    assert node.verified(change, second)
    assert "1 passed, 1 total" in node.text(second)
