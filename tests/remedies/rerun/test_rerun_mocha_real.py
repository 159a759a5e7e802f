"""Narrowed runs of the real Mocha."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.tools

FLAKY = """
const assert = require('assert'), fs = require('fs');
describe('outer (x) $(touch owned)', () => { describe("in 'ner", () => {
  it('flaky -x: yes|no', () => assert(fs.existsSync('marker')));
  it('ok', () => {});
  it.skip('skipped', () => {});
}); });
it('-top level', () => assert(fs.existsSync('marker')));
"""


def project(node: Any, more: str = "") -> None:
    node.write("package.json", '{"name": "p", "scripts": {"test": "mocha"}}')
    node.write("test/a.js", FLAKY + more)


@pytest.mark.parametrize("words", [("npx", "mocha"), ("npm", "test")])
def test_flaky_tests_heal(node: Any, words: tuple[str, ...]) -> None:
    project(node)
    first = node.attempt(*words)
    assert first.exit_code == 2
    change = node.change(first)
    assert set(change.details["must_run"]) == {
        "-top level",
        "outer (x) $(touch owned) in 'ner flaky -x: yes|no",
    }
    node.write("marker", "")
    second = node.again(first, change)
    assert second.passed, node.text(second)
    assert node.verified(change, second), node.text(second)
    assert not (node.cwd / "owned").exists()


def test_broken_stays_red(node: Any) -> None:
    project(node)
    first = node.attempt("npx", "mocha")
    change = node.change(first, "test_failure")
    second = node.again(first, change)
    assert second.exit_code == 2
    assert not node.verified(change, second)


@pytest.mark.parametrize("words", [("--bail",), ("-b",), ("--grep", "flaky"), ("-R", "json")])
def test_options_that_leave_tests_out_are_refused(node: Any, words: tuple[str, ...]) -> None:
    project(node)
    assert node.reason(node.attempt("npx", "mocha", *words))


def test_settings_hooks_and_suites_that_stop_are_refused(node: Any) -> None:
    project(node)
    node.write(".mocharc.json", '{"bail": true}')
    assert node.reason(node.attempt("npx", "mocha"))
    (node.cwd / ".mocharc.json").unlink()
    project(node, "describe('h', () => { before(() => { throw new Error('x'); }); it('never', () => {}); });")
    assert "hook" in node.reason(node.attempt("npx", "mocha"))
    project(
        node, "describe('s', function () { this.bail(true); it('n', () => assert(0)); it('m', () => {}); });"
    )
    assert node.reason(node.attempt("npx", "mocha"))


def test_no_test_selected_is_not_green(node: Any) -> None:
    project(node)
    first = node.attempt("npx", "mocha")
    change = node.change(first)
    node.write("test/a.js", "it('other', () => {});")
    second = node.again(first, change)
    assert not second.passed
    assert not node.verified(change, second)
