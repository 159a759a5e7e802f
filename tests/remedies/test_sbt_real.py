"""A real sbt: too small a heap, a damaged jar in Coursier's cache, a flaky test that runs alone."""

from __future__ import annotations

import os
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.remedies.attempted import need
from tests.remedies.build_tools import fetched, guarded, healed

# Each start of sbt takes some 15 s on an idle machine.
pytestmark = [pytest.mark.tools, pytest.mark.slow, pytest.mark.timeout(900)]

BUILD = """autoScalaLibrary := false
crossPaths := false
libraryDependencies += "com.github.sbt" % "junit-interface" % "0.13.3" % Test
"""
FLAKY = """package demo;
import org.junit.*;
public class FlakyTest {
  @Test public void ok() {}
  @Test public void flaky() throws Exception {
    boolean seen = !new java.io.File("marker").createNewFile();
    if (!seen) throw new java.util.concurrent.TimeoutException("timed out waiting for the server");
  }
}
"""
OK = "package demo;\npublic class OkTest { @org.junit.Test public void fine() {} }\n"


@pytest.fixture(scope="module")
def launcher() -> Path:
    """sbt's launcher, where it was fetched into Maven's repository before; it fetches the rest itself."""
    need("java", "mvn")
    jars = ".m2/repository/org/scala-sbt/sbt-launch/1.9.*/sbt-launch-1.9.*.jar"
    if not list(Path.home().glob(jars)):
        fetched("no sbt-launch in Maven's repository", Path.home(), "mvn", "-q", "-B", "dependency:get", "-Dartifact=org.scala-sbt:sbt-launch:1.9.9")
    return sorted(Path.home().glob(jars))[-1]


@pytest.fixture
def sbt(launcher: Path, tmp_path: Path) -> tuple[Path, str]:
    """A project, and a start script as sbt's own: SBT_OPTS to the JVM, the words to the launcher."""
    for name, text in (
        ("project/build.properties", f"sbt.version={launcher.parent.name}\n"),
        ("build.sbt", BUILD),
        ("src/test/java/demo/FlakyTest.java", FLAKY),
        ("src/test/java/demo/OkTest.java", OK),
        ("bin/sbt", f'#!/bin/sh\nexec java ${{SBT_OPTS:--Xmx700m}} -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dsbt.supershell=false -Dsbt.color=false -jar {launcher} "$@"\n'),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "bin/sbt").chmod(0o755)
    return tmp_path, str(tmp_path / "bin/sbt")


def test_the_failed_suite_runs_alone_and_the_reports_stay_whole(sbt: tuple[Path, str]) -> None:
    folder, program = sbt
    run = guarded(folder, program, "test")
    if "Error downloading" in run["text"] or "unresolved" in run["text"]:
        pytest.skip("no registry")
    healed(run, "rerun_failed_tests", "flaky_test")
    assert run["attempts"][0]["plan"]["remedies"][0]["details"]["must_run"] == ["demo.FlakyTest#flaky"]
    assert "demo.OkTest" not in run["text"].partition("guard: attempt 2")[2]
    reports = {path.name: ET.parse(path).getroot() for path in (folder / "target/test-reports").glob("*.xml")}
    assert set(reports) == {"TEST-demo.FlakyTest.xml", "TEST-demo.OkTest.xml"}
    flaky = [case.get("name") for root in reports.values() for case in root.iter("testcase") if case.find("flakyFailure") is not None or case.find("flakyError") is not None]
    assert flaky == ["flaky"]


def test_a_damaged_jar_in_coursiers_cache_is_fetched_again(sbt: tuple[Path, str]) -> None:
    folder, program = sbt
    (folder / "marker").touch()
    cache = folder / "coursier"
    whole = Path(os.environ.get("COURSIER_CACHE") or Path.home() / ".cache/coursier/v1")
    jars = "http*/**/junit/junit/*/junit-4*.jar"
    if not list(whole.glob(jars)):
        fetched("sbt has fetched nothing yet", folder, program, "update")
        for known in ("target", "project/target"):  # where each jar was found is written down there
            shutil.rmtree(folder / known)
    jar = cache / sorted(whole.glob(jars))[-1].relative_to(whole)
    shutil.copytree(whole, cache)
    jar.write_bytes(jar.read_bytes()[:3000])
    env = {"COURSIER_CACHE": str(cache)}
    run = guarded(folder, program, "test", env=env)
    healed(run, "purge_cache", "corrupt_artifact")
    assert run["attempts"][0]["plan"]["remedies"][0]["details"]["cache"] == "coursier"


def test_the_heap_of_sbt_grows(sbt: tuple[Path, str]) -> None:
    folder, program = sbt
    (folder / "marker").touch()
    run = guarded(folder, program, "test", env={"SBT_OPTS": "-Xmx26m"})
    healed(run, "raise_heap", "out_of_memory")
