"""Where temporary files go when their file system is full."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from guard.remedies import move_temp
from guard.remedies.space import full_disk
from guard.types import (
    Change,
    Mount,
    Refusal,
    Surroundings,
)
from tests.unit.by_hand import diagnosis, outcome

MB = 1 << 20


@pytest.fixture
def two_disks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two folders that look like two file systems: what lies below `small` has another device number."""
    for name in ("small", "large", "large/job"):
        (tmp_path / name).mkdir()

    def device(path: str | Path) -> int | None:
        path = Path(path)
        return None if not path.exists() else 7 if (tmp_path / "small") in (path, *path.parents) else 8

    monkeypatch.setattr(full_disk, "device_of", device)
    monkeypatch.setattr(move_temp, "device_of", device)
    return tmp_path


def around(root: Path, free: int = 9000 * MB) -> Surroundings:
    return Surroundings(
        temp=str(root / "small"),
        workspace=str(root / "large/job"),
        cwd=str(root / "large/job"),
        env={"RUNNER_TEMP": str(root / "large")},
        mounts=(Mount(str(root / "small"), 0, 64 * MB, 900, 1000), Mount(str(root / "large"), free, 9999 * MB, 10**6, 10**6)),
    )


def test_moves_to_the_place_with_room_and_cleans_up(two_disks: Path) -> None:
    here = around(two_disks)
    change = move_temp.propose(diagnosis("disk_full", "write error: No space left on device"), outcome(), here)
    assert isinstance(change, Change)
    assert Path(str(change.temp_dir)).parent == two_disks / "large"
    applied = move_temp.apply(change, here)
    assert not applied.error
    folder = Path(str(change.temp_dir))
    assert folder.stat().st_mode & 0o777 == 0o700
    (folder / "x").mkdir()
    (folder / "x/link").symlink_to(two_disks / "small")
    move_temp.undo(applied, here)
    assert not folder.exists()
    assert (two_disks / "small").is_dir()


@pytest.mark.parametrize(("total_mb", "moves"), [(64, True), (2048, True), (4096, False)])
def test_a_small_place_apart_is_suspected_where_nothing_is_full_any_more(two_disks: Path, total_mb: int, moves: bool) -> None:
    here = around(two_disks)
    empty = Mount(str(two_disks / "small"), (total_mb - 4) * MB, total_mb * MB, 900, 1000)
    here = replace(here, mounts=(empty, here.mounts[1]))
    change = move_temp.propose(diagnosis("disk_full", "OSError: [Errno 28] No space left on device"), outcome(), here)
    assert isinstance(change, Change) == moves
    if moves:
        assert change.success_probability == 0.5
        assert Path(str(change.temp_dir)).parent == two_disks / "large"
    at_home = replace(here, cwd=str(two_disks / "small"), workspace=str(two_disks / "small"))
    assert move_temp.propose(diagnosis("disk_full", "No space left on device"), outcome(), at_home) is None


def test_no_place_with_room_is_refused(two_disks: Path) -> None:
    answer = move_temp.propose(diagnosis("disk_full"), outcome(), around(two_disks, free=10 * MB))
    assert isinstance(answer, Refusal)


def test_another_disk_that_is_full_is_not_our_business(two_disks: Path) -> None:
    here = around(two_disks)
    there = str(two_disks / "large")
    assert move_temp.propose(diagnosis("disk_full"), outcome(env={"TMPDIR": there}), here) is None
    assert move_temp.propose(diagnosis("out_of_memory"), outcome(), here) is None


def test_a_folder_that_stands_there_already_is_an_error_and_stays(two_disks: Path) -> None:
    here = around(two_disks)
    change = move_temp.propose(diagnosis("disk_full"), outcome(), here)
    assert isinstance(change, Change)
    Path(str(change.temp_dir)).mkdir()
    applied = move_temp.apply(change, here)
    assert applied.error
    move_temp.undo(applied, here)
    assert Path(str(change.temp_dir)).is_dir()


def test_undo_leaves_what_was_put_in_its_place(two_disks: Path) -> None:
    here = around(two_disks)
    change = move_temp.propose(diagnosis("disk_full"), outcome(), here)
    assert isinstance(change, Change)
    applied = move_temp.apply(change, here)
    folder = Path(str(change.temp_dir))
    folder.rename(folder.with_name("aside"))
    target = two_disks / "target"
    target.mkdir()
    (target / "kept").write_text("")
    os.symlink(target, folder)
    move_temp.undo(applied, here)
    assert (target / "kept").exists()
