"""Where guard keeps what it fetched: which places count, and that nothing is taken that others may have written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from guard.delivery import private_folders
from guard.delivery.private_folders import MARK, finished, name, places, requirements


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A finished folder in the runner's tool cache."""
    folder = tmp_path / name("classifier")
    folder.mkdir(parents=True, mode=0o700)
    for one in private_folders.below(tmp_path, folder):
        one.chmod(0o700)
    (folder / MARK).touch()
    return folder


def test_the_tool_cache_comes_first_and_only_absolute_places_count() -> None:
    env = {"RUNNER_TOOL_CACHE": "/opt/tools", "PIPEGUARD_CACHE": "/cache", "HOME": "/home/me"}
    assert places(env) == (Path("/opt/tools"), Path("/cache"), Path("/home/me/.cache"))
    assert places({"RUNNER_TOOL_CACHE": "tools", "PIPEGUARD_CACHE": "/", "HOME": ""}) == ()
    assert places({"XDG_CACHE_HOME": "/x", "HOME": "/home/me"}) == (Path("/x"),)


def test_the_name_tells_version_python_machine_and_pins() -> None:
    assert re.fullmatch(r"pipeguard/\d[\w.]*-[a-z]+-3\d+-[\w.-]+/classifier-[0-9a-f]{12}", name("classifier"))
    assert name("classifier").rsplit("-", 1)[1] != name("settings").rsplit("-", 1)[1]


def test_a_finished_folder_is_found(kept: Path, tmp_path: Path) -> None:
    assert finished("classifier", {"RUNNER_TOOL_CACHE": str(tmp_path)}) == kept
    assert finished("settings", {"RUNNER_TOOL_CACHE": str(tmp_path)}) is None


def test_one_that_was_not_finished_is_not(kept: Path, tmp_path: Path) -> None:
    (kept / MARK).unlink()
    assert finished("classifier", {"RUNNER_TOOL_CACHE": str(tmp_path)}) is None


@pytest.mark.parametrize("level", [0, 1, 2])
def test_one_that_others_may_write_is_not(kept: Path, tmp_path: Path, level: int) -> None:
    private_folders.below(tmp_path, kept)[level].chmod(0o775)
    assert finished("classifier", {"RUNNER_TOOL_CACHE": str(tmp_path)}) is None


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_link_in_its_place_is_not_followed(kept: Path, tmp_path: Path, level: int) -> None:
    one = private_folders.below(tmp_path, kept)[level]
    aside = tmp_path / "aside"
    one.rename(aside)
    one.symlink_to(aside)
    assert finished("classifier", {"RUNNER_TOOL_CACHE": str(tmp_path)}) is None


@pytest.mark.parametrize(("purpose", "package"), [("classifier", "onnxruntime"), ("settings", "pyyaml")])
def test_every_package_is_pinned_with_hashes_and_from_no_place_of_ours(purpose: str, package: str) -> None:
    text = requirements(purpose).decode()
    entries = re.split(r"\n(?=[a-z])", "\n" + text)[1:]
    assert any(entry.startswith(f"{package}==") for entry in entries)
    for entry in entries:
        assert re.match(r"[a-z0-9-]+==[\w.]+", entry)
        assert entry.count("--hash=sha256:") >= 1
    assert "://" not in text
    assert "--index" not in text
