"""Narrowed runs of the real Playwright Test, on tests that need no browser."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.tools

FLAKY = """
const { test, expect } = require('@playwright/test'); const fs = require('fs');
test.describe('outer (x)', () => {
  test('flaky -x', () => expect(fs.existsSync('marker')).toBe(true));
  test.skip('skipped', () => {});
});
test('ok', () => {});
"""


def project(node: Any, more: str = "") -> None:
    node.write("package.json", '{"name": "p", "scripts": {"test": "playwright test"}}')
    node.write("playwright.config.js", "module.exports = { testDir: './e2e', reporter: 'line' };")
    node.write("e2e/a.spec.js", FLAKY + more)


@pytest.mark.parametrize("words", [("npx", "playwright", "test"), ("npm", "test")])
def test_flaky_test_heals(node: Any, words: tuple[str, ...]) -> None:
    project(node)
    first = node.attempt(*words)
    change = node.change(first)
    assert len(change.details["must_run"]) == 1
    node.write("marker", "")
    second = node.again(first, change)
    assert second.passed, node.text(second)
    assert node.verified(change, second), node.text(second)


def test_broken_stays_red_and_nothing_selected_is_not_green(node: Any) -> None:
    project(node, "test('bad', () => expect(1).toBe(2));")
    first = node.attempt("npx", "playwright", "test")
    change = node.change(first, "test_failure")
    node.write("marker", "")
    second = node.again(first, change)
    assert second.exit_code == 1
    assert not node.verified(change, second)
    (node.cwd / "test-results" / ".last-run.json").write_text('{"status": "passed", "failedTests": []}')
    third = node.again(first, change)
    assert not third.passed or not node.verified(change, third)


def test_stopping_early_and_serial_tests_are_refused(node: Any) -> None:
    project(node)
    assert node.reason(node.attempt("npx", "playwright", "test", "-x"))
    project(
        node, "test.describe.serial('s', () => { test('a', () => expect(1).toBe(2)); test('b', () => {}); });"
    )
    assert "left tests out" in node.reason(node.attempt("npx", "playwright", "test"))
