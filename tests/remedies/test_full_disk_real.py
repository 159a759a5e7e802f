"""A file system that is really full: freed, or left for another."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from guard.remedies import free_disk, move_temp
from guard.types import (
    Allow,
    Change,
    Mount,
    Outcome,
    Surroundings,
    Telemetry,
)
from tests.remedies.attempted import attempt, diagnosis, need, said

pytestmark = pytest.mark.tools


MB = 1 << 20


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    place = tmp_path / "small"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,nr_inodes=300", "tmpfs", place], check=False, capture_output=True)
    if made.returncode:
        pytest.skip("tmpfs cannot be mounted here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def mount_of(path: Path) -> Mount:
    status = os.statvfs(path)
    return Mount(str(path), status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize, status.f_favail, status.f_files)


def seen(outcome: Outcome, *places: Path) -> Outcome:
    return replace(outcome, telemetry=Telemetry(disks_after=tuple(mount_of(place) for place in places)))


def test_free_disk_by_bytes(small: Path, tmp_path: Path) -> None:
    for name in ("scratch/old", "kept"):
        (small / name).mkdir(parents=True)
    (small / "scratch/old/a").write_bytes(bytes(12 * MB))
    (small / "kept/b").write_bytes(bytes(1 * MB))
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "c").write_text("")
    (small / "scratch/old/link").symlink_to(outside)
    script = f"dd if=/dev/zero of={small}/out bs=1M count=6"
    first = seen(attempt(cwd=tmp_path, script=script), small, tmp_path)
    assert first.exit_code == 1
    here = Surroundings(
        cwd=str(tmp_path),
        workspace=str(tmp_path / "job"),
        home=str(tmp_path / "home"),
        mounts=(mount_of(small), mount_of(tmp_path)),
        allow=Allow(reclaim=(), delete=(str(small / "scratch"),)),
    )
    found = diagnosis("disk_full", first, "No space left on device")
    change = free_disk.propose(found, first, here)
    assert isinstance(change, Change), change
    applied = free_disk.apply(change, here)
    assert not applied.error
    assert "MB" in applied.done[0]
    assert (small / "kept/b").exists()
    assert (outside / "c").exists()
    assert attempt(cwd=tmp_path, script=script).exit_code == 0


def test_free_disk_by_inodes(small: Path, tmp_path: Path) -> None:
    (small / "scratch/many").mkdir(parents=True)
    for number in range(290):
        (small / f"scratch/many/{number}").touch()
    script = f"for i in {{1..50}}; do touch {small}/new$i; done"
    first = seen(attempt(cwd=tmp_path, script=script), small, tmp_path)
    assert first.exit_code == 1
    here = Surroundings(workspace="/nowhere", allow=Allow(reclaim=(), delete=(str(small / "scratch"),)))
    change = free_disk.propose(diagnosis("disk_full", first, "No space left on device"), first, here)
    assert isinstance(change, Change), change
    assert "inodes" in change.summary
    assert not free_disk.apply(change, here).error
    assert attempt(cwd=tmp_path, script=script).exit_code == 0


def test_another_file_system_is_never_cleared(small: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (scratch / "a").write_bytes(bytes(2 * MB))
    first = seen(attempt(cwd=tmp_path, script=f"dd if=/dev/zero of={small}/out bs=1M count=20"), small, tmp_path)
    here = Surroundings(workspace="/nowhere", allow=Allow(reclaim=(), delete=(str(scratch),)))
    found = diagnosis("disk_full", first, "No space left on device")
    assert not isinstance(free_disk.propose(found, first, here), Change)


def test_move_temp(small: Path, tmp_path: Path) -> None:
    need("sort")
    script = "seq 100000 | sort -S 1M | tail -1; dd if=/dev/zero of=$(mktemp) bs=1M count=20; ls -d $TMPDIR"
    env = {"TMPDIR": str(small)}
    first = attempt(cwd=tmp_path, script=script, env=env)
    assert first.exit_code == 1
    first = seen(first, small, tmp_path)
    here = Surroundings(
        temp=str(small), workspace=str(tmp_path), cwd=str(tmp_path), env={"RUNNER_TEMP": str(tmp_path)},
        mounts=(mount_of(small), mount_of(tmp_path)),
    )  # fmt: skip
    change = move_temp.propose(diagnosis("disk_full", first, "No space left on device"), first, here)
    assert isinstance(change, Change), change
    applied = move_temp.apply(change, here)
    assert not applied.error
    second = attempt(cwd=tmp_path, script=script, env=env, change=change)
    assert second.exit_code == 0, said(second)
    assert str(change.temp_dir) in said(second)
    move_temp.undo(applied, here)
    assert not Path(str(change.temp_dir)).exists()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["small"]
