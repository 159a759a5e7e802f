"""Numbers of workers that the real tools then keep to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from guard.remedies import fewer_workers
from guard.types import (
    Change,
    Diagnosis,
    Evidence,
    Outcome,
    Surroundings,
)
from tests.remedies.attempted import attempt, need, said

pytestmark = pytest.mark.tools


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
