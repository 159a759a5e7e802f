"""Kotlin's daemon under a real Maven: with too small a heap it ends as it begins, and the next attempt does without it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.remedies.attempted import need
from tests.remedies.build_tools import fetched, guarded

pytestmark = [pytest.mark.tools, pytest.mark.slow, pytest.mark.timeout(900)]

VERSION = "2.2.20"
POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>d</groupId>
<artifactId>k</artifactId><version>1</version>
<properties><kotlin.compiler.daemon>true</kotlin.compiler.daemon><kotlin.compiler.incremental>true</kotlin.compiler.incremental></properties>
<dependencies><dependency><groupId>org.jetbrains.kotlin</groupId><artifactId>kotlin-stdlib</artifactId><version>{VERSION}</version></dependency></dependencies>
<build><sourceDirectory>src</sourceDirectory><plugins><plugin><groupId>org.jetbrains.kotlin</groupId><artifactId>kotlin-maven-plugin</artifactId>
<version>{VERSION}</version><executions><execution><goals><goal>compile</goal></goals></execution></executions></plugin></plugins></build></project>
"""


def test_maven_compiles_without_kotlins_daemon(tmp_path: Path) -> None:
    need("mvn", "java")
    (tmp_path / "src").mkdir()
    (tmp_path / "src/A.kt").write_text("fun f(x: Int) = x + 1\n")
    (tmp_path / "pom.xml").write_text(POM)
    if not (Path.home() / f".m2/repository/org/jetbrains/kotlin/kotlin-build-tools-impl/{VERSION}").is_dir():
        fetched("no kotlin-maven-plugin in Maven's repository", tmp_path, "mvn", "-q", "-B", "compile")
        shutil.rmtree(tmp_path / "target")
    run = guarded(tmp_path, "mvn", "-o", "-B", "-ntp", "compile", "-Dkotlin.daemon.jvm.options=Xmx40m", f"-Dkotlin.daemon.custom.run.files.path.for.tests={tmp_path}")
    assert run["status"] == "healed", run["text"]
    assert "restart_daemon" in run["healed_by"]
    assert run["attempts"][0]["diagnosis"]["label"] == "infrastructure"
    assert list((tmp_path / "target/classes").glob("*.class"))
