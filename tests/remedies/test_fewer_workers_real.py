"""Numbers of workers that the real tools then keep to."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from guard.remedies import fewer_workers
from guard.types import (
    UNSET,
    Around,
    Change,
    Command,
    Diagnosis,
    Evidence,
    LogWindow,
    Outcome,
    Surroundings,
    Telemetry,
)

pytestmark = pytest.mark.tools


def need(*tools: str) -> None:
    for tool in tools:
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not here")


def attempt(
    *argv: str, cwd: Path, script: str | None = None, env: Mapping[str, str] | None = None, change: Change | None = None
) -> Outcome:
    """Run the command once, with a change laid over it by hand."""
    scrubbed = ("NODE_", "npm_", "MAKEFLAGS", "MFLAGS", "JAVA_", "_JAVA", "MAVEN_", "PYTEST_", "PIP_", "GOFLAGS")
    full = {name: value for name, value in os.environ.items() if not name.startswith(scrubbed)} | dict(env or {})
    words = ("bash", "-e", "-c", script) if script is not None else argv
    patches: Mapping[str, Any] = change.env if change is not None else {}
    for name, patch in patches.items():
        if patch is UNSET:
            full.pop(name, None)
        elif isinstance(patch, Around):
            full[name] = f"{patch.before}{full.get(name, '')}{patch.after}"
        else:
            full[name] = patch
    if change is not None:
        words = change.argv or words
        if change.temp_dir is not None:
            full["TMPDIR"] = change.temp_dir

    def prepare() -> None:
        if change is None:
            return
        for name, soft in change.rlimits.items():
            hard = resource.getrlimit(getattr(resource, name))[1]
            resource.setrlimit(getattr(resource, name), (hard if soft < 0 else soft, hard))
        if change.cpus is not None:
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: change.cpus])

    done = subprocess.run(
        words, cwd=cwd, env=full, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=100, check=False, preexec_fn=prepare,
    )  # fmt: skip
    code = done.returncode if done.returncode >= 0 else 128 - done.returncode
    command = Command(argv=tuple(words), script=script, cwd=str(cwd), env=full)
    window = LogWindow(head=done.stdout, total_bytes=len(done.stdout))
    return Outcome(command, 1, code, None, "exited", 1.0, window, Telemetry())


def said(outcome: Outcome) -> str:
    return outcome.window.head.decode("utf-8", "replace")


def diagnosis(label: str, outcome: Outcome, needle: str, **entities: str) -> Diagnosis:
    """A diagnosis that rests on the real line in which the tool said it."""
    lines = [(number, line) for number, line in enumerate(said(outcome).splitlines(), 1) if needle in line]
    assert lines, said(outcome)
    return Diagnosis(label, 0.9, "signature:x", tuple(Evidence(*line) for line in lines[:3]), entities)


COUNT = """
import fcntl, time
def step(by):
    with open('seen', 'a+') as file:
        fcntl.flock(file, fcntl.LOCK_EX); file.seek(0)
        now, most = ([int(x) for x in file.read().split()] or [0, 0])
        now += by; file.seek(0); file.truncate(); file.write(f'{now} {max(now, most)}')
step(1); time.sleep(0.4); step(-1)
"""
KILLED = Diagnosis("out_of_memory", 0.9, "telemetry:oom_kill", (Evidence(1, "make: *** [all] Killed"),))


def most_at_once(cwd: Path, *argv: str, change: Change | None = None, script: str | None = None) -> tuple[int, Outcome]:
    (cwd / "seen").unlink(missing_ok=True)
    outcome = attempt(*argv, cwd=cwd, change=change, script=script)
    assert outcome.exit_code == 0, said(outcome)
    return int((cwd / "seen").read_text().split()[1]), outcome


def lessened(outcome: Outcome, cpus: int) -> Change:
    change = fewer_workers.propose(KILLED, outcome, Surroundings(cpus=cpus))
    assert isinstance(change, Change), change
    return change


def makefile(cwd: Path) -> None:
    (cwd / "count.py").write_text(COUNT)
    (cwd / "Makefile").write_text("all: a b c d e f\na b c d e f:\n\t@python3 count.py\n")


@pytest.mark.parametrize("argv", [("make", "-j4"), ("make", "-j", "4"), ("make", "--jobs=4")])
def test_make_by_argv(tmp_path: Path, argv: tuple[str, ...]) -> None:
    need("make", "python3")
    makefile(tmp_path)
    before, first = most_at_once(tmp_path, *argv)
    after, _ = most_at_once(tmp_path, *argv, change=lessened(first, 8))
    assert (before > 2, after <= 2) == (True, True), (before, after)


@pytest.mark.parametrize("script", ["make -j6", "make -j", "make -f Top.mk"])
def test_make_in_a_script_or_makefile_by_its_limit_of_load(tmp_path: Path, script: str) -> None:
    need("make", "python3")
    makefile(tmp_path)
    (tmp_path / "Makefile").write_text((tmp_path / "Makefile").read_text())
    (tmp_path / "Top.mk").write_text("all:\n\t$(MAKE) -j6 -f Makefile\n")
    before, first = most_at_once(tmp_path, script=script)
    change = lessened(first, 8)
    assert change.argv is None
    after, _ = most_at_once(tmp_path, script=script, change=change)
    # An idle machine lets a second one begin before its load is seen.
    assert before >= 5
    assert after < before


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
