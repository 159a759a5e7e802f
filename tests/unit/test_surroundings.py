"""The look at the machine: CPUs, file systems, tools; a cgroup or a mount table is a folder of the test's own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from guard import cpus, mounts
from guard.surroundings import look_around
from guard.types import Allow


def tree(folder: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(folder)


@pytest.mark.parametrize(
    ("own", "files", "expected"),
    [
        ("0::/a/b\n", {"a/b/cpu.max": "150000 100000\n"}, 1.5),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "50000 100000\n"}, 0.5),
        ("0::/a/b\n", {"a/b/cpu.max": "400000 100000\n", "a/cpu.max": "200000 100000\n"}, 2.0),
        ("0::/not/visible\n", {"cpu.max": "300000 100000\n"}, 3.0),
        ("0::/\n", {"cpu.max": "max 100000\n"}, None),
        ("0::/../..\n", {"cpu.max": "100000 100000\n"}, 1.0),
        ("4:cpu,cpuacct:/d/x\n", {"cpu/d/x/cpu.cfs_quota_us": "-1\n", "cpu/d/x/cpu.cfs_period_us": "100000\n"}, None),
        ("4:cpu,cpuacct:/d/x\n", {"cpu/d/cpu.cfs_quota_us": "250000\n", "cpu/d/cpu.cfs_period_us": "100000\n"}, 2.5),
        ("4:cpuset:/d\n", {"cpu/d/cpu.cfs_quota_us": "250000\n", "cpu/d/cpu.cfs_period_us": "100000\n"}, None),
        ("4:cpu:/\n0::/s\n", {"unified/s/cpu.max": "100000 100000\n"}, 1.0),
        ("0::/a\n", {"a/cpu.max": "garbage\n"}, None),
        ("0::/a\n", {"a/cpu.max": "\n"}, None),
        ("0::/a\n", {"a/cpu.max": "100000 0\n"}, None),
        ("nonsense\n", {}, None),
        ("", {}, None),
    ],
)
def test_quota(tmp_path: Path, own: str, files: dict[str, str], expected: float | None) -> None:
    (tmp_path / "own").write_text(own)
    assert cpus.quota(tree(tmp_path / "cgroup", files), str(tmp_path / "own")) == expected


def test_without_cgroups(tmp_path: Path) -> None:
    assert cpus.quota(str(tmp_path / "none"), str(tmp_path / "none")) is None


@pytest.mark.parametrize(("share", "expected"), [(None, 4), (0.2, 1), (1.5, 2), (64.0, 4)])
def test_cpus(monkeypatch: pytest.MonkeyPatch, share: float | None, expected: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(4)), raising=False)
    monkeypatch.setattr(cpus, "quota", lambda: share)
    assert cpus.usable() == expected


def row(point: str) -> str:
    return f"22 27 0:21 / {point} rw,relatime shared:1 - ext4 /dev/vda rw\n"


def test_mount_points_deepest_first(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(row("/") + row("/a\\040b") + row("/a\\040b/c") + "broken\n")
    assert mounts.mount_points(str(table)) == ("/a b/c", "/a b", "/")


def test_one_mount_a_file_system(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(row("/") + row(str(tmp_path)))
    (tmp_path / "x").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "x")
    places = (str(tmp_path / "x"), str(tmp_path), str(tmp_path / "link"), str(tmp_path / "missing"), "")
    (found,) = mounts.of(places, str(table))
    assert found.path == str(tmp_path)
    assert found.total_bytes is not None
    assert found.free_bytes is not None
    assert 0 <= found.free_bytes <= found.total_bytes


def test_without_a_mount_table_the_place_stands_for_it(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "x")
    (found,) = mounts.of((str(tmp_path / "link"),), str(tmp_path / "none"))
    assert found.path == str((tmp_path / "x").resolve())


def test_a_mount_s_device_is_that_of_its_places(tmp_path: Path) -> None:
    (found,) = mounts.of((str(tmp_path),))
    assert os.lstat(found.path).st_dev == tmp_path.stat().st_dev


def test_a_nul_in_a_place() -> None:
    assert mounts.of(("/tmp/\0",)) == ()


def test_tools_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, name, mode in ((first, "git", 0o755), (second, "git", 0o755), (second, "npm", 0o755), (first, "mvn", 0o644)):
        folder.mkdir(exist_ok=True)
        (folder / name).write_text("#!/bin/false\n")
        (folder / name).chmod(mode)
    (first / "cargo").mkdir()
    monkeypatch.chdir(second)
    env = {"PATH": os.pathsep.join((str(first), "", ".", str(second))), "HOME": str(tmp_path)}
    around = look_around(env, str(tmp_path), Allow(), probes=False)
    assert around.tools == {"git": str(first / "git"), "npm": str(second / "npm")}


def test_a_relative_path_entry_finds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "git").write_text("#!/bin/false\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    assert look_around({"PATH": ".", "HOME": str(tmp_path)}, ".", Allow(), probes=False).tools == {}


def test_the_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    below = tmp_path / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    env = {"PATH": "", "HOME": str(tmp_path), "TMPDIR": str(tmp_path), "GITLAB_CI": "true"}
    around = look_around(env, ".", Allow(kill="none"), probes=True)
    assert around.cwd == str(below.resolve())
    assert around.workspace == str(tmp_path.resolve())
    assert (around.platform, around.temp, around.home) == ("gitlab", str(tmp_path), str(tmp_path))
    assert around.allow.kill == "none"
    assert around.probes
    assert around.cpus >= 1
    assert around.mounts
    assert len({os.stat(mount.path).st_dev for mount in around.mounts}) == len(around.mounts)


def test_a_working_directory_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    found = look_around({"PATH": "/usr/bin", "HOME": str(tmp_path)}, os.curdir, Allow(), False)
    assert (found.cwd, found.workspace) == (os.curdir, os.sep)
    assert any(mount.path for mount in found.mounts)
