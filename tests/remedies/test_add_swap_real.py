"""Real swap: on during the attempts, off and gone afterwards, also when the last attempt is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from guard.remedies import add_swap
from guard.types import Allow, Applied, Change, Surroundings, Telemetry
from tests.remedies.attempted import need
from tests.unit.by_hand import diagnosis, outcome

pytestmark = pytest.mark.tools


def swaps() -> str:
    return Path("/proc/swaps").read_text()


@pytest.fixture
def here() -> Surroundings:
    if os.geteuid() != 0:
        pytest.skip("swap needs root")
    env = dict(os.environ)
    return Surroundings(root=True, allow=Allow(swap=True), temp="/var/tmp", memory_total_bytes=1 << 30, env=env)


def added(here: Surroundings) -> tuple[Change, Applied]:
    change = add_swap.propose(diagnosis("out_of_memory", "Killed"), outcome("make", telemetry=Telemetry(peak_rss_bytes=1 << 20)), here)
    if not isinstance(change, Change):
        pytest.skip(str(change))
    applied = add_swap.apply(change, here)
    if "not permitted" in applied.error:
        pytest.skip(applied.error)
    return change, applied


def test_swap_is_there_and_gone(here: Surroundings) -> None:
    before = swaps()
    change, applied = added(here)
    file = Path(change.actions[0].target)
    try:
        assert not applied.error
        assert str(file) in swaps()
        assert file.stat().st_mode & 0o777 == 0o600
        # A second is not added to the first.
        assert add_swap.propose(diagnosis("out_of_memory", "Killed"), outcome("make"), here) is None
    finally:
        add_swap.undo(applied, here)
    assert swaps() == before
    assert not file.exists()


def test_what_cannot_be_turned_on_leaves_no_file(here: Surroundings, tmp_path: Path) -> None:
    need("mkswap")
    change, applied = added(here)
    add_swap.undo(applied, here)
    for name in ("mkswap", "swapon"):
        (tmp_path / name).write_text("#!/bin/sh\necho refused >&2\nexit 3\n")
        (tmp_path / name).chmod(0o755)
    broken = replace(here, env={"PATH": str(tmp_path)})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(add_swap, "_SBIN", str(tmp_path))
        failed = add_swap.apply(change, broken)
    assert "refused" in failed.error
    assert not Path(change.actions[0].target).exists()


def test_what_a_killed_guard_left_is_taken_away_by_the_next(here: Surroundings) -> None:
    change, applied = added(here)
    add_swap.undo(applied, here)
    gone = subprocess.Popen(("true",))
    gone.wait()
    file = change.actions[0].target
    left = str(Path(file).with_name(f"{add_swap.PREFIX}{gone.pid}-1"))
    made = replace(change, actions=(replace(change.actions[0], target=left),))
    assert not add_swap.apply(made, here).error
    assert left in swaps()
    applied = add_swap.apply(change, here)
    try:
        assert left not in swaps()
        assert not Path(left).exists()
        assert any("killed" in line for line in applied.done)
    finally:
        add_swap.undo(applied, here)
    assert add_swap.PREFIX not in swaps()


@pytest.fixture
def small_cgroup() -> Iterator[Path]:
    """A memory cgroup of 160 MB whose swap is not limited."""
    if os.geteuid() != 0:
        pytest.skip("a cgroup needs root")
    v1 = Path("/sys/fs/cgroup/memory")
    folder = (v1 if v1.is_dir() else Path("/sys/fs/cgroup")) / f"pipeguard-swap-{os.getpid()}"
    try:
        folder.mkdir()
        (folder / ("memory.limit_in_bytes" if v1.is_dir() else "memory.max")).write_text("160M")
    except OSError as error:
        pytest.skip(f"no memory cgroup can be made here: {error}")
    yield folder
    folder.rmdir()


def test_what_the_kernel_killed_for_memory_passes_with_swap(here: Surroundings, small_cgroup: Path, tmp_path: Path) -> None:
    _, applied = added(here)  # skips where swap cannot be had
    add_swap.undo(applied, here)
    (tmp_path / ".pipeguard.yml").write_text("allow: {swap: on}\n")
    (tmp_path / "index.py").write_text("held = [bytearray(b'1' * (10 << 20)) for _ in range(30)]\nprint(sum(map(len, held)) >> 20, 'MB')\n")
    result = tmp_path / "result.json"
    words = [sys.executable, "-m", "guard", "run", "--result-file", str(result), "--", sys.executable, "index.py"]
    inside = ("sh", "-c", f'echo $$ > {small_cgroup}/cgroup.procs && exec "$@"', "sh", *words)
    before = swaps()
    done = subprocess.run(inside, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    run = json.loads(result.read_text())
    first = run["attempts"][0]
    assert first["telemetry"]["oom_kills"] >= 1, done.stderr
    assert (run["status"], run["healed_by"], done.returncode) == ("healed", ["add_swap"], 0), done.stderr
    assert done.stdout == "300 MB\n"
    assert swaps() == before
