"""Narrowed runs of JUnit by the real Gradle, with the JUnit that Debian ships."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.remedies.attempted import need

pytestmark = pytest.mark.tools

JARS = ("/usr/share/java/junit4.jar", "/usr/share/java/hamcrest-core.jar")
BUILD = f"""apply plugin: "java"
dependencies {{ testCompile files({", ".join(f'"{jar}"' for jar in JARS)}) }}
"""
TESTS = """package demo;
import org.junit.Test;
import static org.junit.Assert.assertTrue;
public class FlakyTest {
  @Test public void flaky() { assertTrue(new java.io.File("marker").exists()); }
  @Test public void steady() { }
}
"""


def test_the_failed_class_runs_again(make_bench: Callable[..., Any], tmp_path: Path) -> None:
    need("gradle", "javac")
    if not all(Path(jar).exists() for jar in JARS):
        pytest.skip("no JUnit 4 in /usr/share/java")
    bench = make_bench(tmp_path)
    bench.env = {**bench.env, "GRADLE_USER_HOME": str(tmp_path / "home")}
    bench.write("build.gradle", BUILD)
    bench.write("src/test/java/demo/FlakyTest.java", TESTS)
    bench.write("src/test/java/demo/OtherTest.java", TESTS.replace("FlakyTest", "OtherTest").replace('assertTrue(new java.io.File("marker").exists())', ""))
    first = bench.attempt("gradle", "--no-daemon", "--offline", "test")
    assert "3 tests completed, 1 failed" in bench.text(first) or "4 tests completed, 1 failed" in bench.text(first), bench.text(first)
    change = bench.change(first)
    bench.write("marker", "")
    second = bench.again(first, change)
    assert second.passed, bench.text(second)
    assert bench.verified(change, second), bench.text(second)
