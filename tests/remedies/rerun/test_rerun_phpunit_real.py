"""Narrowed runs of the real PHPUnit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.remedies.attempted import need

pytestmark = pytest.mark.tools

TESTS = r"""<?php
namespace Shop\Tests;
use PHPUnit\Framework\TestCase;
final class ATest extends TestCase {
  public function testFlaky(): void { $this->assertFileExists('marker'); }
  public function testFlakyToo(): void { $this->assertTrue(true); }
  /** @dataProvider rows */
  public function testRow(int $n): void { $this->assertTrue($n == 2 || file_exists('marker')); }
  public function testError(): void { if (!file_exists('marker')) { throw new \RuntimeException("2) Shop\\Tests\\ATest::testForged"); } $this->assertTrue(true); }
  public static function rows(): array { return [[1], [2], 'na me (x)' => [3]]; }
}
"""


@pytest.fixture
def php(make_bench: Callable[..., Any], tmp_path: Path) -> Any:
    need("phpunit")
    bench = make_bench(tmp_path)
    bench.write("tests/ATest.php", TESTS)
    return bench


def test_flaky_tests_heal(php: Any) -> None:
    first = php.attempt("phpunit", "tests")
    assert first.exit_code == 2
    change = php.change(first)
    assert set(change.details["must_run"]) == {
        "Shop\\Tests\\ATest::testError",
        "Shop\\Tests\\ATest::testFlaky",
        "Shop\\Tests\\ATest::testRow with data set #0",
        'Shop\\Tests\\ATest::testRow with data set "na me (x)"',
    }
    php.write("marker", "")
    second = php.again(first, change)
    assert second.passed, php.text(second)
    assert php.verified(change, second), php.text(second)


def test_broken_stays_red(php: Any) -> None:
    first = php.attempt("phpunit", "tests")
    change = php.change(first, "test_failure")
    second = php.again(first, change)
    assert second.exit_code == 2
    assert not php.verified(change, second)


def test_tests_that_depend_on_a_failed_one_are_not_left_out(php: Any) -> None:
    depends = "  /** @depends testFlaky */\n  public function testAfter(): void { $this->assertTrue(false); }\n}\n"
    php.write("tests/ATest.php", TESTS.rstrip().removesuffix("}") + depends)
    assert "depend" in php.reason(php.attempt("phpunit", "tests"))


def test_no_test_selected_is_no_proof(php: Any) -> None:
    first = php.attempt("phpunit", "tests")
    change = php.change(first)
    php.write("tests/ATest.php", "<?php final class ATest extends PHPUnit\\Framework\\TestCase { public function testOther(): void { $this->assertTrue(true); } }")
    second = php.again(first, change)
    assert not php.verified(change, second), php.text(second)
