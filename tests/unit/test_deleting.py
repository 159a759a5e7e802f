"""Deletion stays below its root: links, exchanged folders, read-only trees, other hard links, depth."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guard.remedies.deleting import delete_tree


def _tree(root: Path) -> Path:
    (root / "a/b/c").mkdir(parents=True)
    (root / "a/file").write_bytes(b"x" * 5000)
    (root / "a/b/c/file").write_bytes(b"y" * 5000)
    (root / "kept").write_text("kept")
    return root


def test_deletes_the_entry_alone_and_tells_the_bytes(tmp_path: Path) -> None:
    root = _tree(tmp_path / "cache")
    assert delete_tree(root, root / "a/b") >= 5000
    assert (root / "a/file").exists()
    assert (root / "kept").exists()
    assert not (root / "a/b").exists()


def test_deletes_a_file_and_a_missing_one_frees_nothing(tmp_path: Path) -> None:
    root = _tree(tmp_path / "cache")
    assert delete_tree(root, root / "a/file") >= 5000
    assert delete_tree(root, root / "a/file") == 0
    assert delete_tree(root, root / "no/such/thing") == 0


@pytest.mark.parametrize("place", [".", "..", "../other", "a/../../other", "/", "/etc"])
def test_refuses_what_is_not_below_the_root(tmp_path: Path, place: str) -> None:
    root = _tree(tmp_path / "cache")
    other = _tree(tmp_path / "other")
    with pytest.raises(ValueError):
        delete_tree(root, root / place)
    assert (other / "kept").exists()
    assert (root / "kept").exists()


def test_refuses_the_root_of_the_file_system(tmp_path: Path) -> None:
    (tmp_path / "kept").touch()
    with pytest.raises(ValueError):
        delete_tree(Path("/"), tmp_path / "kept")
    assert (tmp_path / "kept").exists()


def test_a_link_goes_and_what_it_points_to_stays(tmp_path: Path) -> None:
    root = _tree(tmp_path / "cache")
    other = _tree(tmp_path / "other")
    (root / "a/b/link").symlink_to(other)
    (root / "link").symlink_to(other)
    delete_tree(root, root / "link")
    delete_tree(root, root / "a")
    assert not (root / "a").exists()
    assert not (root / "link").is_symlink()
    assert (other / "a/b/c/file").exists()


def test_a_folder_exchanged_for_a_link_is_not_entered(tmp_path: Path) -> None:
    root = _tree(tmp_path / "cache")
    other = _tree(tmp_path / "other")
    (root / "in").symlink_to(other)
    with pytest.raises(ValueError):
        delete_tree(root, root / "in/a")
    assert (other / "a/file").exists()


def test_a_root_exchanged_for_a_link_is_not_entered(tmp_path: Path) -> None:
    other = _tree(tmp_path / "other")
    (tmp_path / "cache").symlink_to(other)
    with pytest.raises(ValueError):
        delete_tree(tmp_path / "cache", tmp_path / "cache/a")
    (tmp_path / "above").symlink_to(tmp_path)
    with pytest.raises(ValueError):
        delete_tree(tmp_path / "above/other", tmp_path / "above/other/a")
    assert (other / "a/file").exists()


def test_read_only_folders_are_no_obstacle(tmp_path: Path) -> None:
    root = _tree(tmp_path / "cache")
    os.chmod(root / "a/b/c/file", 0o444)
    for folder in ("a/b/c", "a/b", "a"):
        os.chmod(root / folder, 0o555)
    delete_tree(root, root / "a")
    assert not (root / "a").exists()


def test_a_second_hard_link_is_not_counted(tmp_path: Path) -> None:
    root = tmp_path / "cache"
    root.mkdir()
    (root / "one").write_bytes(b"x" * 100_000)
    os.link(root / "one", tmp_path / "two")
    assert delete_tree(root, root / "one") == 0
    assert (tmp_path / "two").stat().st_size == 100_000


def test_depth_beyond_the_recursion_limit(tmp_path: Path) -> None:
    root = tmp_path / "cache"
    (root / "deep").mkdir(parents=True)
    before = os.getcwd()
    os.chdir(root / "deep")
    try:
        for _ in range(400):
            os.mkdir("d" * 20)
            os.chdir("d" * 20)
    finally:
        os.chdir(before)
    delete_tree(root, root / "deep")
    assert not (root / "deep").exists()


_NAMES = st.text(st.sampled_from("ab./-~\\ *\n"), min_size=1, max_size=30)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=_NAMES)
def test_no_name_leads_out(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    above = tmp_path_factory.mktemp("above")
    root = _tree(above / "cache")
    outside = _tree(above / "a")
    try:
        delete_tree(root, root / name)
    except (ValueError, OSError):
        pass
    assert (outside / "a/b/c/file").exists()
    assert (outside / "kept").exists()
    assert root.is_dir()
