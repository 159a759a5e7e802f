"""Narrowed runs of the real Maven with Surefire and JUnit 5."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

pytestmark = [pytest.mark.tools, pytest.mark.skipif(shutil.which("mvn") is None, reason="no mvn")]

JUNIT = """<dependency><groupId>org.junit.jupiter</groupId><artifactId>junit-jupiter</artifactId>
<version>5.10.2</version><scope>test</scope></dependency>"""

HEAD = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>"""

SETTINGS = """<properties><maven.compiler.source>{java}</maven.compiler.source>
<maven.compiler.target>{java}</maven.compiler.target>
<project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>"""

PLUGIN = """<build><plugins><plugin><groupId>org.apache.maven.plugins</groupId>
<artifactId>maven-surefire-plugin</artifactId><version>3.2.5</version>{more}</plugin></plugins></build>"""

FLAKY = """package demo;
import static org.junit.jupiter.api.Assertions.*;
import org.junit.jupiter.api.*;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
class FlakyTest {
  static boolean there() { return new java.io.File("marker").exists(); }
  @Test void steady() {}
  @ParameterizedTest @ValueSource(strings = {"a b", "c[1],#*"}) void odd(String s) { assertTrue(there() || s.equals("a b")); }
  @Nested class Inner { @Test void deep() { assertTrue(there()); } }
}
"""

OK = """package demo;
class OkTest { @org.junit.jupiter.api.Test void ok() {} }
"""

MVN = ("mvn", "-B", "-ntp", "-o", "test")


def pom(more: str = "") -> str:
    return (
        f"{HEAD}<groupId>demo</groupId><artifactId>one</artifactId><version>1</version>{SETTINGS.format(java=11)}"
        f"<dependencies>{JUNIT}</dependencies>{PLUGIN.format(more=more)}</project>"
    )


def project(bench: Any, more: str = "") -> None:
    bench.write("pom.xml", pom(more))
    bench.write("src/test/java/demo/FlakyTest.java", FLAKY)
    bench.write("src/test/java/demo/OkTest.java", OK)


def first_attempt(bench: Any, *words: str) -> Any:
    """Offline where the local repository has all, else once with the network."""
    first = bench.attempt(*MVN, *words)
    if "offline mode" in bench.text(first):
        first = bench.attempt(*(word for word in MVN if word != "-o"), *words)
    if "Could not transfer" in bench.text(first) or "Could not resolve" in bench.text(first):
        pytest.skip("Maven could not fetch its plugins")
    return first


def test_flaky_class_heals_nested_and_parametrised_included(bench: Any) -> None:
    project(bench)
    first = first_attempt(bench)
    change = bench.change(first)
    assert set(change.details["must_run"]) == {"demo.FlakyTest$Inner#deep", "demo.FlakyTest#odd(String)[2]"}
    assert change.argv[-1] == "-Dtest=FlakyTest"
    bench.write("marker", "")
    second = bench.again(first, change)
    assert second.passed, bench.text(second)
    assert bench.verified(change, second), bench.text(second)
    assert "OkTest" not in bench.text(second)


def test_broken_stays_red_and_no_test_is_not_green(bench: Any) -> None:
    project(bench)
    first = first_attempt(bench)
    change = bench.change(first, "test_failure")
    second = bench.again(first, change)
    assert second.exit_code == 1
    assert not bench.verified(change, second)
    (bench.cwd / "src/test/java/demo/FlakyTest.java").unlink()
    shutil.rmtree(bench.cwd / "target")
    third = bench.again(first, change)
    assert not third.passed


def test_stopping_early_is_refused(bench: Any) -> None:
    project(bench, "<configuration><skipAfterFailureCount>1</skipAfterFailureCount></configuration>")
    assert bench.reason(first_attempt(bench))


def test_a_second_execution_that_never_ran_is_not_verified(bench: Any) -> None:
    project(
        bench,
        "<executions><execution><id>default-test</id><configuration><excludes><exclude>**/OkTest</exclude></excludes></configuration></execution>"
        "<execution><id>more</id><phase>test</phase><goals><goal>test</goal></goals>"
        "<configuration><includes><include>**/OkTest</include></includes></configuration></execution></executions>",
    )
    first = first_attempt(bench)
    change = bench.change(first)
    bench.write("marker", "")
    second = bench.again(first, change)
    assert not (second.passed and bench.verified(change, second))


def modules(bench: Any) -> None:
    bench.write(
        "pom.xml",
        f"{HEAD}<groupId>demo</groupId><artifactId>all</artifactId><version>1</version><packaging>pom</packaging>"
        f"<modules><module>one</module><module>two</module></modules>{SETTINGS.format(java=11)}"
        f"<dependencies>{JUNIT}</dependencies>{PLUGIN.format(more='')}</project>",
    )
    for name, text in (("one", FLAKY), ("two", OK)):
        bench.write(
            f"{name}/pom.xml",
            f"{HEAD}<parent><groupId>demo</groupId><artifactId>all</artifactId><version>1</version></parent>"
            f"<artifactId>{name}</artifactId></project>",
        )
        bench.write(f"{name}/src/test/java/demo/{'FlakyTest' if text is FLAKY else 'OkTest'}.java", text)


def test_several_modules(bench: Any) -> None:
    modules(bench)
    first = first_attempt(bench)
    assert "left out the modules" in bench.reason(first)
    first = first_attempt(bench, "-fae")
    change = bench.change(first)
    bench.write("one/marker", "")
    second = bench.again(first, change)
    assert second.passed, bench.text(second)
    assert bench.verified(change, second), bench.text(second)
