"""What is deleted to make room, and what never is."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.remedies import free_disk
from guard.remedies.free_disk import _Candidate, smallest_sufficient
from guard.remedies.space.reclaimable import Reclaimable
from guard.types import (
    Action,
    Allow,
    Change,
    Mount,
    Refusal,
    Surroundings,
    Telemetry,
)
from tests.unit.by_hand import diagnosis, outcome

MB = 1 << 20


def around(root: Path, delete: tuple[str, ...] | None = ("scratch",), full: bool = True) -> Surroundings:
    """A workspace with source, a folder that may be emptied, and a home with a cache of pip and one of Maven."""
    for name in ("job/scratch/old", "job/src", "home/.cache/pip/http/a", "home/.m2/repository/org/own", "outside"):
        (root / name).mkdir(parents=True, exist_ok=True)
    files = ("job/scratch/old/big", "job/src/big", "home/.cache/pip/http/a/big", "home/.m2/repository/org/own/big", "outside/big")
    for name in files:
        (root / name).write_bytes(os.urandom(3 * MB))
    link = root / "job/scratch/link"
    if not link.is_symlink():
        link.symlink_to(root / "outside")
    free = 0 if full else 900 * MB
    return Surroundings(
        cwd=str(root / "job"),
        workspace=str(root / "job"),
        home=str(root / "home"),
        temp=str(root / "outside"),
        env={"HOME": str(root / "home")},
        mounts=(Mount(str(root), free, 1000 * MB, 10**6, 10**6),),
        allow=Allow(delete=None if delete is None else tuple(str(root / "job" / one) for one in delete)),
    )


def tree(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}


def test_deletes_what_is_allowed_and_nothing_else(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    here = around(root)
    before = tree(root)
    change = free_disk.propose(diagnosis("disk_full", "No space left on device"), outcome(), here)
    assert isinstance(change, Change)
    assert tree(root) == before
    applied = free_disk.apply(change, here)
    assert not applied.error
    gone = before - tree(root)
    assert gone
    assert all(name.startswith(("job/scratch/", "home/.cache/pip/")) for name in gone)
    assert (root / "outside/big").exists()
    assert applied.done


def test_a_policy_that_forbids_deletion(tmp_path: Path) -> None:
    answer = free_disk.propose(diagnosis("disk_full"), outcome(), around(tmp_path, delete=None))
    assert isinstance(answer, Refusal)


def test_a_disk_that_nothing_shows_to_be_full(tmp_path: Path) -> None:
    answer = free_disk.propose(diagnosis("disk_full"), outcome(), around(tmp_path, full=False))
    assert isinstance(answer, Refusal)


def test_nothing_to_delete_names_the_setting(tmp_path: Path) -> None:
    here = replace(around(tmp_path, delete=()), allow=Allow(reclaim=(), delete=()))
    answer = free_disk.propose(diagnosis("disk_full"), outcome(), here)
    assert isinstance(answer, Refusal)
    assert "delete" in answer.reason


def test_other_labels_are_left(tmp_path: Path) -> None:
    assert free_disk.propose(diagnosis("out_of_memory"), outcome(), around(tmp_path)) is None


@pytest.mark.parametrize("folder", [".", "..", "../home", "src/../.."])
def test_folders_that_hold_the_job_are_never_emptied(tmp_path: Path, folder: str) -> None:
    root = tmp_path.resolve()
    here = around(root, delete=(folder,))
    here = replace(here, allow=replace(here.allow, reclaim=(), delete=(os.path.normpath(str(root / "job" / folder)),)))
    assert isinstance(free_disk.propose(diagnosis("disk_full"), outcome(), here), Refusal)


def test_a_listed_folder_that_became_a_link_is_left(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    here = replace(around(root), allow=Allow(reclaim=(), delete=(str(root / "job/scratch"),)))
    change = free_disk.propose(diagnosis("disk_full"), outcome(), here)
    assert isinstance(change, Change)
    (root / "job/scratch").rename(root / "job/aside")
    (root / "job/scratch").symlink_to(root / "outside")
    (root / "outside/old").mkdir()
    applied = free_disk.apply(change, here)
    assert applied.error
    assert (root / "outside/old").exists()


def test_a_forged_action_is_not_obeyed(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    here = around(root)
    for target, names in ((root / "outside", ["big"]), (root / "job/scratch", ["../src/big"]), (root / "job", ["src"])):
        data = {"what": "x", "root": str(target), "entries": json.dumps(names), "mount": str(root)}
        applied = free_disk.apply(Change("free_disk", "x", actions=(Action("delete", str(target), data),)), here)
        assert applied.error
    assert (root / "outside/big").exists()
    assert (root / "job/src/big").exists()


def test_the_smallest_that_is_enough_goes_first() -> None:
    def sizes(enough: int, *found: int) -> list[int]:
        things = [_Candidate(Reclaimable(str(size), Path("/x"), ()), size) for size in found]
        return [one.gives for one in smallest_sufficient(things, enough, lambda one: one.gives)]

    assert sizes(10, 50, 12, 3) == [12]
    assert sizes(10, 4, 8, 3) == [8, 4]
    assert sizes(10, 1, 2) == [2, 1]
    assert sizes(10) == []


PLACES = st.sampled_from(["{r}/outside", "{r}/job/src/big", "{r}/home", "/", "/etc/passwd", "{r}/job/scratch/../src", "~", ""])
WORDS = st.one_of(PLACES, st.text(max_size=60), PLACES.map(lambda place: f"cannot write {place}: No space left on device"))


@settings(max_examples=25, deadline=None)
@given(lines=st.lists(WORDS, max_size=4), path=WORDS, temp=WORDS, inodes=st.booleans())
def test_whatever_the_log_says_only_allowed_roots_lose_anything(
    lines: list[str], path: str, temp: str, inodes: bool
) -> None:
    with tempfile.TemporaryDirectory() as made:
        root = Path(made).resolve()
        here = around(root)
        before = tree(root)
        found = diagnosis("disk_full", *(line.replace("{r}", str(root)) for line in lines), path=path.replace("{r}", str(root)))
        after = Mount(str(root), 5 * MB if inodes else 0, 1000 * MB, 0 if inodes else 10**6, 10**6)
        ended = outcome(env={"TMPDIR": temp.replace("{r}", str(root))}, telemetry=Telemetry(disks_after=(after,)))
        change = free_disk.propose(found, ended, here)
        if isinstance(change, Change):
            free_disk.apply(change, here)
        gone = before - tree(root)
        assert all(name.startswith(("job/scratch/", "home/.cache/pip/")) for name in gone), gone
