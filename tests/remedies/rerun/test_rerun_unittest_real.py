"""Narrowed runs of the real unittest."""

from __future__ import annotations

import sys
from typing import Any

import pytest

pytestmark = pytest.mark.tools

FLAKY = """
import os, unittest
class TestA(unittest.TestCase):
    def test_ok(self): pass
    def test_flaky(self): self.assertTrue(os.path.exists("marker"))
    def test_flaky_longer(self): pass
    def test_sub(self):
        for i in range(3):
            with self.subTest("a (b)", i=i): self.assertTrue(i == 0 or os.path.exists("marker"))
    @unittest.skip("never")
    def test_skipped(self): pass
"""


@pytest.mark.parametrize(
    "words", [(), ("discover", "-s", "tests"), ("discover", "-s", "tests", "-v"), ("tests.test_a",)]
)
def test_flaky_tests_heal(bench: Any, words: tuple[str, ...]) -> None:
    bench.write("tests/__init__.py", "")
    bench.write("tests/test_a.py", FLAKY)
    first = bench.attempt(sys.executable, "-m", "unittest", *words)
    change = bench.change(first)
    assert len(change.details["must_run"]) == 2
    bench.write("marker", "")
    second = bench.again(first, change)
    assert second.passed, bench.text(second)
    assert "Ran 2 tests" in bench.text(second)
    assert bench.verified(change, second), bench.text(second)


def test_broken_stays_red_and_zero_tests_are_not_green(bench: Any) -> None:
    bench.write("test_a.py", FLAKY)
    first = bench.attempt(sys.executable, "-m", "unittest")
    change = bench.change(first, "test_failure")
    second = bench.again(first, change)
    assert second.exit_code == 1
    assert not bench.verified(change, second)
    bench.write("test_a.py", FLAKY.replace("TestA", "TestB"))
    assert not bench.verified(change, bench.again(first, change))


@pytest.mark.parametrize(
    "body",
    [
        "import nowhere_to_be_found",
        "import unittest\nclass B(unittest.TestCase):\n    @classmethod\n    def setUpClass(cls): 1 / 0\n    def test_b(self): pass",
        "import unittest\ndef setUpModule(): 1 / 0\nclass B(unittest.TestCase):\n    def test_b(self): pass",
        "import os, unittest\nclass Z(unittest.TestCase):\n    def test_z(self): os._exit(1)",
    ],
)
def test_what_leaves_tests_out_is_refused(bench: Any, body: str) -> None:
    bench.write("test_a.py", FLAKY)
    bench.write("test_b.py", body)
    assert bench.reason(bench.attempt(sys.executable, "-m", "unittest"))


def test_failfast_is_refused(bench: Any) -> None:
    bench.write("test_a.py", FLAKY)
    assert bench.reason(bench.attempt(sys.executable, "-m", "unittest", "-f"))
    assert bench.reason(bench.attempt(sys.executable, "-m", "unittest", "-vf"))
