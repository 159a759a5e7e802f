"""Heaps that really overflow, and do not with the change."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from guard.remedies import raise_heap
from guard.types import (
    Change,
    Outcome,
    Surroundings,
)
from tests.remedies.attempted import attempt, diagnosis, need, said

pytestmark = pytest.mark.tools


MB = 1 << 20
HERE = Surroundings(home="/nowhere", memory_total_bytes=8192 * MB, memory_available_bytes=3000 * MB)
OOM_JS = "const a=[]; for(let i=0;i<1.2e6;i++) a.push({i, s:'x'+i}); console.log('built', a.length)"
OOM_JAVA = """
import java.util.*;
public class Fill { public static void main(String[] a) {
  List<byte[]> kept = new ArrayList<>(); for (int i = 0; i < 120; i++) kept.add(new byte[1 << 20]);
  System.out.println("built " + kept.size()); } }
"""


def healed(first: Outcome, needle: str, cwd: Path, **given: Any) -> Outcome:
    assert first.exit_code != 0
    change = raise_heap.propose(diagnosis("out_of_memory", first, needle), first, HERE)
    assert isinstance(change, Change), change
    return attempt(*first.command.argv, cwd=cwd, change=change, **given)


@pytest.mark.parametrize("place", ["argv", "variable", "script", "npm"])
def test_node(tmp_path: Path, place: str) -> None:
    need("node", "npm")
    (tmp_path / "build.js").write_text(OOM_JS)
    (tmp_path / "package.json").write_text('{"scripts": {"build": "node build.js"}}')
    env = {"NODE_OPTIONS": "--no-warnings --max-old-space-size=40"} if place in ("variable", "npm") else {}
    script = "node '--max-old-space-size=40' build.js" if place == "script" else None
    argv = {"argv": ("node", "--max-old-space-size=40", "build.js"), "npm": ("npm", "run", "build")}.get(place, ("node", "build.js"))
    first = attempt(*argv, cwd=tmp_path, env=env, script=script)
    second = healed(first, "JavaScript heap out of memory", tmp_path, env=env)
    assert second.exit_code == 0, said(second)
    assert "built 1200000" in said(second)


BEHIND = {
    "package.json": ({"package.json": '{"scripts": {"build": "node --max-old-space-size=40 build.js"}}'}, "npm run build"),
    "variable": ({"package.json": '{"scripts": {"build": "NODE_OPTIONS=\'--no-warnings --max_old_space_size=40\' node build.js"}}'}, "npm run build"),
    "npmrc of home": ({"home/.npmrc": "node-options=--max-old-space-size=40", "package.json": '{"scripts": {"build": "node build.js"}}'}, "npm run build"),
    "two scripts deep": ({"ci.sh": "sh tools/build.sh\n", "tools/build.sh": "exec node --max-old-space-size=40 build.js one 'two  three' ''\n"}, "sh ci.sh"),
    "shebang": ({"build": "#!/usr/bin/env -S node --max-old-space-size=40\nrequire('./build.js')\n"}, "./build"),
    "make": ({"Makefile": "export NODE_OPTIONS := --max-old-space-size=40\nall:\n\tnode build.js\n"}, "make"),
}


@pytest.mark.parametrize("place", BEHIND)
def test_node_whose_heap_a_file_of_the_user_sets(tmp_path: Path, place: str) -> None:
    need("node", "npm", "make")
    files, command = BEHIND[place]
    for name, text in {**files, "build.js": f"{OOM_JS}; console.log(process.argv.slice(2))"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "temp").mkdir()
    here = replace(HERE, temp=str(tmp_path / "temp"))
    env = {"HOME": str(tmp_path / "home")}
    first = attempt(*command.split(), cwd=tmp_path, env=env)
    change = raise_heap.propose(diagnosis("out_of_memory", first, "JavaScript heap out of memory"), first, here)
    assert isinstance(change, Change), change
    applied = raise_heap.apply(change, here)
    second = attempt(*command.split(), cwd=tmp_path, env=env, change=change)
    assert second.exit_code == 0, said(second)
    assert "built 1200000" in said(second)
    assert "two  three" in said(second) or place != "two scripts deep"
    raise_heap.undo(applied, here)
    assert list((tmp_path / "temp").iterdir()) == []
    assert all((tmp_path / name).read_text() == text for name, text in files.items())


@pytest.mark.parametrize("place", ["argv", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "script"])
def test_java(tmp_path: Path, place: str) -> None:
    need("java", "javac")
    (tmp_path / "Fill.java").write_text(OOM_JAVA)
    subprocess.run(["javac", "Fill.java"], cwd=tmp_path, check=True)
    env = {place: "-ea -Xmx24m"} if place.endswith("OPTIONS") else {}
    script = "java -Xmx24m Fill | cat" if place == "script" else None
    argv = ("java", "-Xmx24m", "Fill") if place == "argv" else ("java", "Fill")
    first = attempt(*argv, cwd=tmp_path, env=env, script=f"set -o pipefail; {script}" if script else None)
    second = healed(first, "Java heap space", tmp_path, env=env)
    assert second.exit_code == 0, said(second)
    assert "built 120" in said(second)


CLASSES_JAVA = """import java.lang.reflect.InvocationHandler; import java.lang.reflect.Proxy; import java.net.URL; import java.net.URLClassLoader; import java.util.*;
public class Classes { public static void main(String[] args) throws Exception {
  new Throwable("what prints an error is loaded before there is no room for it").printStackTrace(System.out);
  List<Object> kept = new ArrayList<>(); InvocationHandler none = (p, m, a) -> null;
  for (int i = 0; i < 4000; i++) {
    ClassLoader loader = new URLClassLoader(new URL[0], Classes.class.getClassLoader());
    kept.add(Proxy.newProxyInstance(loader, new Class<?>[] {Runnable.class}, none)); }
  System.out.println("built " + kept.size()); } }
"""


def test_metaspace(tmp_path: Path) -> None:
    need("javac")
    (tmp_path / "Classes.java").write_text(CLASSES_JAVA)
    subprocess.run(["javac", "Classes.java"], cwd=tmp_path, check=True)
    first = attempt("java", "-XX:MaxMetaspaceSize=16m", "-cp", ".", "Classes", cwd=tmp_path)
    second = healed(first, "Metaspace", tmp_path)
    assert second.exit_code == 0, said(second)
    assert "built 4000" in said(second)


def test_maven_by_its_own_variable_over_jvm_config(tmp_path: Path) -> None:
    need("mvn")
    (tmp_path / ".mvn").mkdir()
    (tmp_path / ".mvn/jvm.config").write_text("-Xmx6m")
    (tmp_path / "pom.xml").write_text(
        "<project><modelVersion>4.0.0</modelVersion><groupId>g</groupId><artifactId>a</artifactId><version>1</version>"
        "<packaging>pom</packaging></project>"
    )
    first = attempt("mvn", "-o", "-B", "validate", cwd=tmp_path)
    if first.exit_code == 0:
        pytest.skip("this Maven starts in a heap of 6 MB")
    assert "OutOfMemory" in said(first) or "Java heap space" in said(first), said(first)
    needle = "Java heap space" if "Java heap space" in said(first) else "OutOfMemory"
    second = healed(first, needle, tmp_path)
    assert second.exit_code == 0, said(second)
    assert (tmp_path / ".mvn/jvm.config").read_text() == "-Xmx6m"


GROW_PHP = "<?php\n$rows = [];\nfor ($n = 0; $n < 60; $n++) { $rows[] = str_repeat('r', 1 << 20); }\necho 'built ', count($rows), \"\\n\";\n"


@pytest.mark.parametrize("place", ["argv", "ini", "scan-dir", "script"])
def test_php_gets_more_memory_and_the_file_that_says_so_is_gone_afterwards(place: str, tmp_path: Path) -> None:
    need("php")
    temp = tmp_path / "temp"
    for name in ("temp", "conf", "more"):
        (tmp_path / name).mkdir()
    (tmp_path / "grow.php").write_text(GROW_PHP)
    (tmp_path / "conf/php.ini").write_text("memory_limit=32M\n")
    (tmp_path / "more/own.ini").write_text("precision=9\n")
    env = {"argv": {}, "ini": {"PHPRC": str(tmp_path / "conf")}}.get(
        place, {"PHPRC": str(tmp_path / "conf"), "PHP_INI_SCAN_DIR": str(tmp_path / "more")}
    )
    (tmp_path / "grow.sh").write_text("php -d memory_limit=32M grow.php\n")
    argvs = {"argv": ("php", "-d", "memory_limit=32M", "grow.php"), "script": ("sh", "grow.sh")}
    words = argvs.get(place, ("php", "grow.php"))
    first = attempt(*words, cwd=tmp_path, env=env)
    assert first.exit_code == 255
    here = replace(HERE, temp=str(temp))
    change = raise_heap.propose(diagnosis("out_of_memory", first, "Allowed memory size"), first, here)
    assert isinstance(change, Change)
    assert change.details == {"runtime": "php", "old_mb": 32, "new_mb": 1024}
    applied = raise_heap.apply(change, here)
    assert not applied.error
    second = attempt(*words, cwd=tmp_path, env=env, change=change)
    assert (second.exit_code, said(second)) == (0, "built 60\n")
    if place == "scan-dir":
        both = attempt("php", "-r", "echo ini_get('precision'), ' ', ini_get('memory_limit');", cwd=tmp_path, env=env, change=change)
        assert said(both) == "9 1024M"
    raise_heap.undo(applied, here)
    assert list(temp.iterdir()) == []
