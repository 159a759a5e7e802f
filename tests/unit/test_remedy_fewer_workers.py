"""Where the number of workers stands, and what lessens it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from guard.remedies import fewer_workers
from guard.types import (
    Around,
    Change,
    Refusal,
    Surroundings,
    Telemetry,
)
from tests.unit.by_hand import diagnosis, outcome


def proposed(*argv: str, cpus: int = 8, **given: Any) -> Any:
    found = diagnosis("out_of_memory", "make: *** [a.o] Killed", source="telemetry:oom_kill")
    return fewer_workers.propose(found, outcome(*argv, **given), Surroundings(cpus=cpus))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("make -j8", "make -j4"),
        ("make -j 8 all", "make -j 4 all"),
        ("make --jobs=8", "make --jobs=4"),
        ("make -j", "make -j16"),
        ("ninja -j 3 -C out", "ninja -j 1 -C out"),
        ("cmake --build . --parallel 6", "cmake --build . --parallel 3"),
        ("ctest --parallel 6", "ctest --parallel 3"),
        ("cargo test -j4 -- --test-threads=8", "cargo test -j4 -- --test-threads=4"),
        ("go test -p=4 -parallel 8 ./...", "go test -p=4 -parallel 4 ./..."),
        ("python -m pytest -n auto -q", "python -m pytest -n 4 -q"),
        ("pytest -n8", "pytest -n4"),
        ("pytest --numprocesses=logical", "pytest --numprocesses=4"),
        ("npx jest --maxWorkers=50%", "npx jest --maxWorkers=2"),
        ("npx vitest --maxWorkers 4", "npx vitest --maxWorkers 2"),
        ("mvn -T 1C verify", "mvn -T 4 verify"),
        ("mvn -T4 verify", "mvn -T2 verify"),
        ("./gradlew test -Dorg.gradle.workers.max=4", "./gradlew test -Dorg.gradle.workers.max=2"),
        ("./gradlew test --max-workers 4", "./gradlew test --max-workers 2"),
        ("dotnet build -maxcpucount:8", "dotnet build -maxcpucount:4"),
        ("msbuild /m:8 x.sln", "msbuild /m:4 x.sln"),
        ("bazel build --jobs=200 //...", "bazel build --jobs=16 //..."),
        ("xargs -P 4 cc", "xargs -P 2 cc"),
    ],
)
def test_argv(before: str, after: str) -> None:
    change = proposed(*before.split())
    assert change.argv == tuple(after.split())
    assert change.cpus is None


@pytest.mark.parametrize("command", ["python train.py", "make all", "mvn verify", "pytest", "head -n 8 x", "mkdir -p 8"])
def test_what_is_serial_or_unknown_is_left(command: str) -> None:
    assert proposed(*command.split()) is None


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("CARGO_BUILD_JOBS", "cargo build"),
        ("CMAKE_BUILD_PARALLEL_LEVEL", "cmake --build ."),
        ("CTEST_PARALLEL_LEVEL", "ctest"),
        ("GOMAXPROCS", "go build"),
        ("PYTEST_XDIST_AUTO_NUM_WORKERS", "pytest"),
    ],
)
def test_inherited_variables_are_halved(name: str, command: str) -> None:
    assert proposed(*command.split(), env={name: "6"}).env[name] == "3"


def test_makeflags_keep_what_else_they_say() -> None:
    assert proposed("make", env={"MAKEFLAGS": "k -j6 --no-print-directory"}).env == {
        "MAKEFLAGS": "k -j3 --no-print-directory"
    }


@pytest.mark.parametrize("command", ["ninja", "cargo build", "go test ./...", "./gradlew build"])
def test_tools_that_count_cpus_get_fewer(command: str) -> None:
    assert proposed(*command.split()).cpus == 4
    assert proposed(*command.split(), number=2).cpus == 2
    assert isinstance(proposed(*command.split(), cpus=1), Refusal)


def test_a_count_of_cpus_in_a_script_is_seen() -> None:
    assert proposed(script="make -j$(nproc)").cpus == 4
    assert proposed(script="make -j $(nproc)").cpus == 4
    assert proposed(script="./build $(getconf _NPROCESSORS_ONLN)").cpus == 4


def test_a_number_in_a_script_is_made_smaller_there() -> None:
    change = proposed(script="cd x && make -j8 all")
    assert change.argv[-1] == "cd x && make -j4 all"
    assert change.env == {}
    assert change.cpus is None
    assert "the script's own flag" in change.summary


def test_a_number_in_a_script_is_made_smaller_again() -> None:
    found = diagnosis("out_of_memory", "make: *** [a.o] Killed", source="telemetry:oom_kill")
    first = outcome(script="make -j8 all")
    ran = replace(first.command, argv=proposed(script="make -j8 all").argv)
    second = fewer_workers.propose(found, replace(first, number=2, command=ran), Surroundings(cpus=8))
    assert isinstance(second, Change)
    assert second.argv is not None
    assert second.argv[-1] == "make -j2 all"


def test_a_number_in_a_file_stays_and_makes_load_limit_holds(tmp_path: Path) -> None:
    (tmp_path / "build.sh").write_text("cd x && make -j8 all\n")
    change = proposed(script="sh build.sh", cwd=tmp_path)
    assert change.argv is None
    assert change.env["MAKEFLAGS"] == Around(after="-l1")
    assert [Path(action.target).name for action in change.actions] == ["make"]
    assert "MAKEFLAGS" in change.summary
    env = {"MAKEFLAGS": "-l1", "PATH": f"{change.env['PATH'].before}/usr/bin"}
    again = proposed(script="sh build.sh", cwd=tmp_path, env=env, cpus=1, number=2)
    assert (again.env.keys(), again.details["old_workers"], again.details["new_workers"]) == ({"PATH"}, 4, 2)
    assert isinstance(proposed(script="sh build.sh", cwd=tmp_path, env=env, cpus=1, number=4), Refusal)


def test_a_number_in_a_file_that_no_variable_overrides_is_changed_by_a_stand_in(tmp_path: Path) -> None:
    (tmp_path / "build.sh").write_text("ninja -j8\n")
    change = proposed(script="sh build.sh", cwd=tmp_path, cpus=1)
    assert change.argv is None
    assert change.env.keys() == {"PATH"}
    assert "fewer workers" in change.actions[0].data["text"]


def test_a_python_that_a_file_starts_for_pytest_is_stood_in_for(tmp_path: Path) -> None:
    (tmp_path / "ci.sh").write_text("python3 -m pytest -n 4\n")
    change = proposed(script="sh ci.sh", cwd=tmp_path)
    assert [Path(action.target).name for action in change.actions] == ["pytest", "python3"]


def test_make_says_itself_that_it_ran_in_parallel(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("JOBS ?= 4\nall:\n\t$(MAKE) -j$(JOBS) four\n")
    assert not isinstance(proposed("make", cwd=tmp_path, cpus=1), Change)
    waits = b"make[1]: *** [Makefile:7: c] Killed\nmake[1]: *** Waiting for unfinished jobs....\n"
    assert proposed("make", cwd=tmp_path, cpus=1, log=waits).env["MAKEFLAGS"] == Around(after="-l1")


def test_a_number_in_a_makefile(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("all:\n\t$(MAKE) -j6 -C src\n")
    assert proposed("make", cwd=tmp_path).env["MAKEFLAGS"] == Around(after="-l1")


def test_a_number_in_pytests_own_settings(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\naddopts = "-q -n auto"\n')
    assert proposed("pytest", cwd=tmp_path).env["PYTEST_ADDOPTS"] == Around(after=" -n 4")


def test_one_worker_already() -> None:
    assert isinstance(proposed("make", "-j1"), Refusal)


def test_a_limit_that_workers_do_not_share_is_left() -> None:
    def limit(said: str) -> Any:
        return fewer_workers.propose(diagnosis("resource_limit", said), outcome("make", "-j8"), Surroundings(cpus=8))

    assert limit("system limit for number of file watchers reached") is None
    assert limit("fork: Resource temporarily unavailable") is not None


@pytest.mark.parametrize(("killed", "left"), [(None, 3), (1, 3), (3, 3), (4, 2), (5, 1), (9, 1)])
def test_where_the_kernel_killed_most_only_those_that_fitted_run_next(killed: int | None, left: int) -> None:
    change = proposed("cargo", "build", "-j6", telemetry=Telemetry(oom_kills=killed))
    assert change.argv == ("cargo", "build", f"-j{left}")
    assert change.details["new_workers"] == left
