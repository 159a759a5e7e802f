"""A damaged jar in the real Gradle's cache, with a repository of our own on this machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.remedies.attempted import need
from tests.remedies.caches.maven_repository import JARS, serving

pytestmark = pytest.mark.tools

BUILD = """apply plugin: "java"
repositories {{ maven {{ url "{}" }} }}
dependencies {{ compile "g:aone:1", "g:btwo:1" }}
"""


@pytest.fixture
def repository() -> Iterator[str]:
    with serving() as address:
        yield address


def test_a_cut_jar(bench: Any, repository: str, tree: Any) -> None:
    need("gradle", "javac")
    home = bench.home / ".gradle"
    bench.env |= {"HOME": str(bench.home), "GRADLE_USER_HOME": str(home)}
    (bench.workspace / "build.gradle").write_text(BUILD.format(repository))
    (bench.workspace / "src/main/java").mkdir(parents=True)
    (bench.workspace / "src/main/java/X.java").write_text("class X {}\n")
    (home / "init.d").mkdir(parents=True)
    (home / "init.d/own.gradle").write_text("// kept\n")

    def build() -> Any:
        shutil.rmtree(bench.workspace / "build", ignore_errors=True)
        return bench.run("gradle", "--no-daemon", "compileJava")

    first = build()
    assert first.code == 0, first.text
    (jar,) = home.rglob("aone-1.jar")
    jar.write_bytes(JARS["aone"][:1000])
    failed = build()
    assert failed.code == 1, failed.text
    before = tree(home / "caches/modules-2/files-2.1")
    # javac prints this line, and Maven's builds do so as often.
    change = bench.purge(failed.diagnosis(r"error reading .*aone-1\.jar", tool="maven"), failed)
    assert change.details["entries"] == ["caches/modules-2/files-2.1/g/aone/1"]
    left = tree(home / "caches/modules-2/files-2.1")
    assert {name for name in before if name not in left} == {name for name in before if "/aone/" in name}
    assert (home / "init.d/own.gradle").is_file()
    again = build()
    assert again.code == 0, again.text
    (jar,) = home.rglob("aone-1.jar")
    assert jar.read_bytes() == JARS["aone"]
