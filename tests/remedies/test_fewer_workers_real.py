"""Numbers of workers that the real tools then keep to."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from guard.types import Command, LogWindow, Outcome, Telemetry
from tests.remedies.attempted import attempt, need, said
from tests.remedies.workers import counter, halved, lessened, most_at_once

pytestmark = pytest.mark.tools


def makefile(cwd: Path) -> None:
    counter(cwd)
    (cwd / "Makefile").write_text("all: a b c d e f\na b c d e f:\n\t@python3 count.py\n")


@pytest.mark.parametrize("argv", [("make", "-j4"), ("make", "-j", "4"), ("make", "--jobs=4")])
def test_make_by_argv(tmp_path: Path, argv: tuple[str, ...]) -> None:
    need("make", "python3")
    makefile(tmp_path)
    halved(tmp_path, *argv)


@pytest.mark.parametrize("script", ["sh start.sh", "make -j", "make -f Top.mk"])
def test_make_in_a_script_or_makefile_by_its_limit_of_load(tmp_path: Path, script: str) -> None:
    need("make", "python3")
    makefile(tmp_path)
    (tmp_path / "Makefile").write_text((tmp_path / "Makefile").read_text())
    (tmp_path / "Top.mk").write_text("all:\n\t$(MAKE) -j6 -f Makefile\n")
    (tmp_path / "start.sh").write_text("make -j6\n")
    before, first = most_at_once(tmp_path, script=script)
    change = lessened(first, 8)
    assert change.argv is None
    after, _ = most_at_once(tmp_path, script=script, change=change)
    # An idle machine lets a second one begin before its load is seen.
    assert before >= 5
    assert after < before


@pytest.mark.parametrize("script", ["set -e\nmake -j6", "make --jobs=6 2>&1 | cat"])
def test_make_in_the_text_of_a_script_by_its_own_flag(tmp_path: Path, script: str) -> None:
    need("make", "python3")
    makefile(tmp_path)
    before, first = most_at_once(tmp_path, script=script)
    change = lessened(first, 8)
    after, _ = most_at_once(tmp_path, script=script, change=change)
    assert before >= 5
    assert after <= 3


def test_make_with_nproc_by_affinity(tmp_path: Path) -> None:
    need("make", "python3", "nproc")
    cpus = len(os.sched_getaffinity(0))
    if cpus < 2:
        pytest.skip("one CPU")
    makefile(tmp_path)
    _, first = most_at_once(tmp_path, script="make -j$(nproc)")
    after, _ = most_at_once(tmp_path, script="make -j$(nproc)", change=lessened(first, cpus))
    assert after <= cpus // 2


def test_pytest_xdist_by_argv_and_by_variable(tmp_path: Path) -> None:
    pytest.importorskip("xdist")
    import sys

    (tmp_path / "test_x.py").write_text("def test_x(): pass\n")
    for argv in ((sys.executable, "-m", "pytest", "-n", "4"), (sys.executable, "-m", "pytest", "-n", "auto")):
        first = attempt(*argv, cwd=tmp_path)
        second = attempt(*argv, cwd=tmp_path, change=lessened(first, 4))
        assert "2 workers" in said(second) or "created: 2/2" in said(second), said(second)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -n 4\n")
    first = attempt(sys.executable, "-m", "pytest", cwd=tmp_path)
    assert "4 workers" in said(first)
    second = attempt(sys.executable, "-m", "pytest", cwd=tmp_path, change=lessened(first, 4))
    assert "2 workers" in said(second), said(second)


def test_programs_that_count_cpus_see_fewer(tmp_path: Path) -> None:
    need("node")
    cpus = len(os.sched_getaffinity(0))
    if cpus < 2:
        pytest.skip("one CPU")
    script = "echo $(nproc); node -p 'os.availableParallelism()'"
    first = attempt(cwd=tmp_path, script=script)
    second = attempt(cwd=tmp_path, script=script, change=lessened(first, cpus))
    assert said(second).split() == [str(cpus // 2)] * 2


@pytest.mark.parametrize("argv", [("ninja", "-j4"), ("cmake", "--build", ".", "--parallel", "4")])
def test_ninja_by_argv(tmp_path: Path, argv: tuple[str, ...]) -> None:
    need("ninja", "cmake", "python3")
    ninja(tmp_path)
    assert halved(tmp_path, *argv).cpus is None


def ninja(cwd: Path) -> None:
    counter(cwd)
    edges = "".join(f"build {name}: count\n" for name in "abcdef")
    (cwd / "build.ninja").write_text(f"rule count\n  command = python3 count.py\n{edges}")
    # As much of a cache as `cmake --build` needs.
    (cwd / "CMakeCache.txt").write_text(f"CMAKE_GENERATOR:INTERNAL=Ninja\nCMAKE_PROJECT_NAME:STATIC=p\nCMAKE_HOME_DIRECTORY:INTERNAL={cwd}\nCMAKE_MAKE_PROGRAM:FILEPATH=ninja\n")


def test_cmake_by_its_variable(tmp_path: Path) -> None:
    need("ninja", "cmake", "python3")
    ninja(tmp_path)
    change = halved(tmp_path, "cmake", "--build", ".", env={"CMAKE_BUILD_PARALLEL_LEVEL": "4"})
    assert change.env == {"CMAKE_BUILD_PARALLEL_LEVEL": "2"}


def test_ninja_by_affinity(tmp_path: Path) -> None:
    """Ninja starts one or two more than it counts CPUs: of two CPUs three, of one two."""
    need("ninja", "python3")
    cpus = len(os.sched_getaffinity(0))
    if cpus < 2:
        pytest.skip("one CPU")
    ninja(tmp_path)
    before, first = most_at_once(tmp_path, "ninja")
    after, _ = most_at_once(tmp_path, "ninja", change=lessened(first, cpus))
    assert after < before


@pytest.mark.parametrize(("argv", "env"), [(("ctest", "-j4"), {}), (("ctest",), {"CTEST_PARALLEL_LEVEL": "4"})])
def test_ctest(tmp_path: Path, argv: tuple[str, ...], env: dict[str, str]) -> None:
    need("ctest", "python3")
    counter(tmp_path)
    (tmp_path / "CTestTestfile.cmake").write_text("".join(f'add_test({name} "python3" "count.py")\n' for name in "abcdef"))
    halved(tmp_path, *argv, env=env)


@pytest.mark.parametrize("argv", [("-P4",)])
def test_xargs(tmp_path: Path, argv: tuple[str, ...]) -> None:
    need("xargs", "python3")
    counter(tmp_path)
    (tmp_path / "names").write_text("0.4\n" * 6)
    halved(tmp_path, "xargs", *argv, "-a", "names", "-n1", "python3", "count.py")


@pytest.mark.parametrize(("words", "env"), [(("-j4",), {}), ((), {"CARGO_BUILD_JOBS": "4"})])
def test_cargo(tmp_path: Path, words: tuple[str, ...], env: dict[str, str]) -> None:
    need("cargo", "python3")
    count = counter(tmp_path)
    wrapper = tmp_path / "rustc.sh"
    # Cargo asks the compiler for its version first.
    wrapper.write_text(f'#!/bin/sh\ncase "$*" in *--crate-name?[a-d]\\ *) python3 {count} 0.8;; esac\nexec "$@"\n')
    wrapper.chmod(0o755)
    (tmp_path / "Cargo.toml").write_text('[workspace]\nresolver = "2"\nmembers = ["a", "b", "c", "d"]\n')
    for name in "abcd":
        (tmp_path / name / "src").mkdir(parents=True)
        (tmp_path / name / "Cargo.toml").write_text(f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n')
        (tmp_path / name / "src/lib.rs").write_text("")
    halved(tmp_path, "cargo", "check", "--offline", *words, env={**env, "RUSTC_WRAPPER": str(wrapper)})


def go_packages(cwd: Path) -> None:
    count = counter(cwd)
    (cwd / "go.mod").write_text("module p\n\ngo 1.19\n")
    body = f'exec.Command("python3", "{count}", "1").Run()'
    for name in "abcd":
        (cwd / name).mkdir()
        tests = "".join(f"func Test{letter}(t *testing.T) {{ t.Parallel(); {body} }}\n" for letter in ("ABCD" if name == "a" else "A"))
        (cwd / name / "x_test.go").write_text(f'package {name}\n\nimport (\n\t"os/exec"\n\t"testing"\n)\n\n{tests}')


@pytest.mark.parametrize(
    "argv",
    [
        ("go", "test", "-count=1", "-vet=off", "-p", "4", "-parallel=1", "./..."),
        ("go", "test", "-count=1", "-vet=off", "-parallel", "4", "./a"),
    ],
)
def test_go_by_argv(tmp_path: Path, argv: tuple[str, ...]) -> None:
    need("go", "python3")
    go_packages(tmp_path)
    env = {"GOTOOLCHAIN": "local"}
    # Compiled once, so that the packages' tests begin together.
    assert attempt("go", "test", "-vet=off", "-run=^$", "./...", cwd=tmp_path, env=env).exit_code == 0
    halved(tmp_path, *argv, env=env)


def test_go_that_counts_cpus(tmp_path: Path) -> None:
    need("go", "python3")
    cpus = len(os.sched_getaffinity(0))
    if cpus < 2:
        pytest.skip("one CPU")
    go_packages(tmp_path)
    argv, env = ("go", "test", "-count=1", "-vet=off", "./a", "./b"), {"GOTOOLCHAIN": "local"}
    assert attempt("go", "test", "-vet=off", "-run=^$", "./...", cwd=tmp_path, env=env).exit_code == 0
    before, first = most_at_once(tmp_path, *argv, env=env)
    change = lessened(first, cpus)
    after, _ = most_at_once(tmp_path, *argv, env=env, change=change)
    assert after < before
    assert after <= cpus // 2


POM = "<project><modelVersion>4.0.0</modelVersion><groupId>g</groupId><artifactId>{}</artifactId><version>1</version>{}</project>"


@pytest.mark.parametrize(("words", "now"), [(("-T4",), 4), (("-T", "2C"), None)])
def test_maven(tmp_path: Path, words: tuple[str, ...], now: int | None) -> None:
    need("mvn")
    modules = "".join(f"<module>{name}</module>" for name in "abcd")
    (tmp_path / "pom.xml").write_text(POM.format("all", f"<packaging>pom</packaging><modules>{modules}</modules>"))
    for name in "abcd":
        (tmp_path / name).mkdir()
        (tmp_path / name / "pom.xml").write_text(POM.format(name, "<packaging>pom</packaging>"))
    argv = ("mvn", "-B", "-o", *words, "validate")
    cpus = len(os.sched_getaffinity(0))
    first = attempt(*argv, cwd=tmp_path)
    assert f"with a thread count of {now or 2 * cpus}" in said(first), said(first)
    second = attempt(*argv, cwd=tmp_path, change=lessened(first, cpus))
    assert second.exit_code == 0, said(second)
    fewer = (now or 2 * cpus) // 2
    # With one thread Maven says nothing.
    assert f"with a thread count of {fewer}" in said(second) or fewer == 1, said(second)


@pytest.mark.parametrize("told", ["--max-workers", "-D", "gradle.properties"])
def test_gradle(tmp_path: Path, told: str) -> None:
    need("gradle")
    (tmp_path / "build.gradle").write_text('task show { doLast { println "workers: ${gradle.startParameter.maxWorkerCount}" } }\n')
    (tmp_path / "gradle.properties").write_text("org.gradle.workers.max=4\n")
    words = {"--max-workers": ("--max-workers=4",), "-D": ("-Dorg.gradle.workers.max=4",)}.get(told, ())
    argv = ("gradle", "--no-daemon", "--offline", "-q", *words, "show")
    env = {"GRADLE_USER_HOME": str(tmp_path / "home")}
    first = Outcome(Command(argv, cwd=str(tmp_path), env=env), 1, 137, 9, "signalled", 1.0, LogWindow(), Telemetry())
    if not words:
        # Only here is it no matter of course; Gradle takes seconds to start.
        first = attempt(*argv, cwd=tmp_path, env=env)
        assert "workers: 4" in said(first), said(first)
    second = attempt(*argv, cwd=tmp_path, env=env, change=lessened(first, 4))
    assert "workers: 2" in said(second), said(second)


def node_project(root: Path, framework: str) -> Path:
    """A folder below the installed frameworks with six test files that count."""
    cwd = Path(tempfile.mkdtemp(dir=root))
    count = counter(cwd)
    (cwd / "package.json").write_text('{"name": "p", "private": true}')
    run = f"execFileSync('python3', ['{count}', '1'])"
    imports = {
        "jest": "const { execFileSync } = require('child_process');",
        "vitest": "import { test } from 'vitest'; import { execFileSync } from 'child_process';",
    }[framework]
    ending = {"jest": "js", "vitest": "mjs"}[framework]
    for name in "abcdef":
        (cwd / f"{name}.test.{ending}").write_text(f"{imports}\ntest('x', () => {{ {run} }}, 60000);\n")
    return cwd


@pytest.mark.parametrize(
    ("framework", "words"),
    [
        ("jest", ("--maxWorkers=4",)),
        ("vitest", ("run", "--maxWorkers=4")),
    ],
)
def test_node_frameworks(node_root: Path, framework: str, words: tuple[str, ...]) -> None:
    need("npx", "python3")
    cwd = node_project(node_root, framework)
    halved(cwd, "npx", framework, *words, env={"CI": "1"})
