"""Narrowed runs of the real Vitest."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.tools

FLAKY = """
import { test, expect, describe } from 'vitest'; import fs from 'fs';
describe('outer (x) > $(touch owned)', () => {
  test('flaky -x', () => expect(fs.existsSync('marker')).toBe(true));
  test.skip('skipped', () => {});
});
"""


def project(node: Any, bad: bool = False) -> None:
    node.write("package.json", '{"name": "p", "type": "module", "scripts": {"test": "vitest run"}}')
    node.write("src/a.test.js", FLAKY)
    node.write("src/b.test.js", "import { test } from 'vitest'; test('fine', () => {});")
    if bad:
        node.write(
            "src/c.test.js", "import { test, expect } from 'vitest'; test('bad', () => expect(1).toBe(2));"
        )


@pytest.mark.parametrize(
    "words", [("npx", "vitest", "run"), ("npm", "test"), ("npx", "vitest", "run", "--reporter=verbose")]
)
def test_flaky_file_heals(node: Any, words: tuple[str, ...]) -> None:
    project(node)
    first = node.attempt(*words)
    assert first.exit_code == 1
    change = node.change(first)
    assert change.details["must_run"] == ["src/a.test.js"]
    node.write("marker", "")
    second = node.again(first, change)
    assert second.passed, node.text(second)
    assert node.verified(change, second)
    assert "Test Files  1 passed (1)" in node.text(second) or "\x1b" in node.text(second)


def test_broken_stays_red(node: Any) -> None:
    project(node, bad=True)
    first = node.attempt("npx", "vitest", "run")
    change = node.change(first, "test_failure")
    node.write("marker", "")
    second = node.again(first, change)
    assert second.exit_code == 1
    assert not node.verified(change, second)


def test_bail_is_refused(node: Any) -> None:
    project(node, bad=True)
    assert node.reason(node.attempt("npx", "vitest", "run", "--bail", "1"))
    assert node.reason(node.attempt("npx", "vitest", "run", "--bail=5"))
    node.write("vitest.config.js", "export default { test: { bail: 1, fileParallelism: false } }")
    assert node.reason(node.attempt("npx", "vitest", "run"))


def test_no_test_selected_is_not_green(node: Any) -> None:
    project(node)
    first = node.attempt("npx", "vitest", "run")
    change = node.change(first)
    (node.cwd / "src/a.test.js").rename(node.cwd / "src/gone.js")
    second = node.again(first, change)
    assert not second.passed
    assert not node.verified(change, second)


def test_a_suite_that_cannot_run_and_stray_errors_are_refused(node: Any) -> None:
    project(node)
    node.write("src/d.test.js", "import './nowhere.js';")
    assert node.reason(node.attempt("npx", "vitest", "run"))
    node.write(
        "src/d.test.js",
        "import { test } from 'vitest'; test('x', () => { Promise.reject(new Error('y')); });",
    )
    assert node.reason(node.attempt("npx", "vitest", "run"))
