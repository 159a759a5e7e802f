"""What files take on disk, and what of it comes free: links are not followed, shared files give nothing."""

from __future__ import annotations

import os
from pathlib import Path

from guard.remedies.space.sizes import holds, size_of


def test_links_are_not_followed(tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(b"x" * 500_000)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(big)
    (tmp_path / "to_folder").symlink_to(tmp_path)
    assert size_of(big) >= 500_000
    assert size_of(folder) < 100_000
    assert size_of(tmp_path / "to_folder") < 100_000


def test_what_is_not_there_takes_nothing(tmp_path: Path) -> None:
    assert size_of(tmp_path / "none") == 0
    assert holds(tmp_path / "none", tmp_path.stat().st_dev) == (0, 0)


def test_a_file_with_another_hard_link_takes_room_and_gives_none(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 500_000)
    os.link(file, tmp_path / "other")
    assert size_of(file) >= 500_000
    assert holds(file, file.stat().st_dev) == (0, 0)


def test_folders_count_and_another_file_system_does_not(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/file").write_bytes(b"x" * 5000)
    device = tmp_path.stat().st_dev
    size, inodes = holds(tmp_path / "a", device)
    assert size >= 5000
    assert inodes == 3
    assert holds(tmp_path / "a", device + 1) == (0, 0)
