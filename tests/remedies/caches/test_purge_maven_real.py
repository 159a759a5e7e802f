"""A damaged jar in Maven's local repository on the real Maven: fetched again from where this machine gets it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

HERE = Path.home() / ".m2/repository"
JAR = "junit/junit/3.8.2/junit-3.8.2.jar"
pytestmark = [
    pytest.mark.tools,
    pytest.mark.skipif(shutil.which("mvn") is None, reason="no mvn"),
    pytest.mark.skipif(not (HERE / JAR).is_file(), reason="this machine has no filled local repository"),
]

POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>demo</groupId><artifactId>one</artifactId><version>1</version>
<properties><maven.compiler.source>11</maven.compiler.source><maven.compiler.target>11</maven.compiler.target>
<project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>
<dependencies><dependency><groupId>junit</groupId><artifactId>junit</artifactId><version>3.8.2</version></dependency></dependencies>
</project>"""


def test_a_cut_jar(bench: Any, tmp_path: Path) -> None:
    repository = tmp_path / "m2"
    shutil.copytree(HERE, repository, symlinks=True)
    (bench.workspace / "pom.xml").write_text(POM)
    source = bench.workspace / "src/main/java/demo/One.java"
    source.parent.mkdir(parents=True)
    source.write_text("package demo;\nclass One extends junit.framework.TestCase {}\n")
    words = ("mvn", "-B", "-ntp", f"-Dmaven.repo.local={repository}", "compiler:compile")
    first = bench.run(*words)
    if first.code:
        pytest.skip("Maven cannot compile here: " + first.text[-300:])
    jar = repository / JAR
    jar.write_bytes(jar.read_bytes()[:5000])
    shutil.rmtree(bench.workspace / "target")
    failed = bench.run(*words)
    assert failed.code != 0
    others = sorted(path for path in repository.rglob("*.jar") if path != jar)
    change = bench.purge(failed.diagnosis(r"ERROR.*junit-3\.8\.2\.jar", tool="javac"), failed)
    assert change.details["entries"] == ["junit/junit/3.8.2"]
    assert not jar.exists()
    assert sorted(repository.rglob("*.jar")) == others
    again = bench.run(*words)
    if "Could not transfer" in again.text:
        pytest.skip("no connection to fetch it again")
    assert again.code == 0, again.text
