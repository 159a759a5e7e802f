"""Real runs: after healing, or after a remedy that failed half-way, the machine is as it was and the build's own result stands."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from guard.remedies import REMEDIES, fewer_workers, look_closer, raise_heap, raise_limit
from guard.types import Change, Surroundings
from tests.unit.by_hand import diagnosis, outcome

pytestmark = pytest.mark.tools

HIDDEN = "echo 'ERROR: Could not find a version that satisfies the requirement a (from versions: none)'; echo 'ERROR: No matching distribution found for a'; exit 9"


def tree(root: Path) -> dict[str, Any]:
    """Each path below → mode and content."""
    return {
        str(path.relative_to(root)): (path.lstat().st_mode, os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None)
        for path in sorted(root.rglob("*"))
    }


def state() -> tuple[Any, ...]:
    limits = tuple(resource.getrlimit(limit) for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC, resource.RLIMIT_CORE))
    swaps = Path("/proc/swaps").read_text() if Path("/proc/swaps").exists() else ""
    return dict(os.environ), limits, os.sched_getaffinity(0), os.getcwd(), swaps


def guarded(cwd: Path, script: str, **env: str) -> tuple[int, str, dict[str, Any]]:
    result = cwd.parent / "result.json"
    words = (sys.executable, "-m", "guard", "run", "--result-file", str(result), "-c", script)
    done = subprocess.run(
        words, cwd=cwd, env={**os.environ, **env}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100, check=False
    )
    return done.returncode, done.stderr, json.loads(result.read_text())


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    (tmp_path / "temp").mkdir()
    (tmp_path / "work/kept.txt").write_text("kept")
    return tmp_path


def test_a_whole_run_leaves_the_temporary_folder_as_it_was(here: Path) -> None:
    before = tree(here / "temp"), tree(here / "work"), state()
    code, said, run = guarded(here / "work", f"test \"$PIPEGUARD_ATTEMPT\" = 2 || {{ : pip install a; {HIDDEN}; }}", TMPDIR=str(here / "temp"))
    assert (code, run["healed_by"]) == (0, ["look_closer", "wait"]), said
    assert (tree(here / "temp"), tree(here / "work"), state()) == before


def test_a_remedy_that_cannot_begin_says_so_and_the_builds_code_stands(here: Path) -> None:
    code, said, run = guarded(here / "work", f": pip install a; {HIDDEN}", TMPDIR=str(here / "gone"))
    assert (code, run["status"], len(run["attempts"])) == (9, "failed", 1)
    assert "look_closer failed" in said
    assert tree(here / "work").keys() == {"kept.txt"}


def test_a_killed_guard_leaves_nothing_running_behind_a_remedy(here: Path) -> None:
    """Told to stop while it waits: what the remedy made is gone, as after a run to the end."""
    process = subprocess.Popen(
        (sys.executable, "-m", "guard", "run", "-c", f": pip install a; {HIDDEN}"), cwd=here / "work",
        env={**os.environ, "TMPDIR": str(here / "temp")}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    for line in process.stderr:
        if "did: made" in line:
            process.terminate()
            break
    process.communicate(timeout=60)
    assert process.returncode in (143, 9)
    assert tree(here / "temp") == {}


def proposed(name: str, here: Path, around: Surroundings) -> Any:
    if name == "look_closer":
        failed = replace(outcome("curl", "-sf", "http://files.example/a"), exit_code=22)
        return look_closer.propose(diagnosis("unknown"), failed, around)
    return Change("move_temp", "x", temp_dir=str(here / f"temp/.pipeguard-tmp-{os.getpid()}-1"))


@pytest.mark.parametrize("name", ["move_temp", "look_closer"])
def test_apply_then_undo_is_nothing(here: Path, name: str) -> None:
    around = Surroundings(temp=str(here / "temp"), home=str(here), cwd=str(here / "work"), workspace=str(here / "work"))
    remedy, change = REMEDIES[name], proposed(name, here, around)
    assert isinstance(change, Change)
    before = tree(here), state()
    applied = remedy.apply(change, around)
    assert not applied.error
    assert tree(here) != before[0]
    remedy.undo(applied, around)
    assert (tree(here), state()) == before
    # Once more, and for what was never done: neither is an error.
    remedy.undo(applied, around)
    remedy.undo(type(applied)(change), around)
    assert (tree(here), state()) == before


@pytest.mark.parametrize("remedy", [raise_heap, raise_limit, fewer_workers], ids=lambda one: one.NAME)
def test_what_only_the_attempt_is_given_changes_nothing_here(here: Path, remedy: Any) -> None:
    assert REMEDIES[remedy.NAME] is remedy
    before = tree(here), state()
    applied = remedy.apply(Change(remedy.NAME, "x", env={"A": "b"}, rlimits={"RLIMIT_NOFILE": 64}, cpus=1), Surroundings())
    remedy.undo(applied, Surroundings())
    assert (tree(here), state()) == before
