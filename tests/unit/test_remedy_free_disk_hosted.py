"""Folders of a hosted runner: only there, only what the command does not need, the smallest that is enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from guard.remedies import free_disk
from guard.remedies.space import full_disk, hosted_folders
from guard.remedies.space.hosted_folders import Hosted, unused
from guard.types import Allow, Change, Mount, Refusal, Surroundings
from tests.unit.by_hand import diagnosis, outcome

HOSTED = {"RUNNER_ENVIRONMENT": "github-hosted", "ImageOS": "ubuntu24"}
MB = 1 << 20


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = (tmp_path / "image").resolve()
    sizes = {"android/sdk": 6, "dotnet/sdk": 3, "cache/CodeQL/2.1/x": 2, "cache/go/1.21.1/x64/bin": 1, "cache/go/1.22.3/x64/bin": 1, "cache/Python/3.9.1/x64": 1}
    for name, size in sizes.items():
        (root / name).mkdir(parents=True)
        (root / name / "data").write_bytes(b"x" * size * MB)
    (root / "link").symlink_to(root / "android")
    folders = (
        Hosted("CodeQL", str(root / "cache/CodeQL"), frozenset({"codeql"})),
        Hosted("Android", str(root / "android"), frozenset({"gradle"})),
        Hosted(".NET", str(root / "dotnet"), frozenset({"dotnet"})),
        Hosted("a link", str(root / "link"), frozenset()),
    )
    monkeypatch.setattr(hosted_folders, "FOLDERS", folders)
    monkeypatch.setattr(hosted_folders, "TOOL_CACHE", str(root / "cache"))
    return root


def here(env: Mapping[str, str], reclaim: tuple[str, ...] = ("hosted",), root: bool = True) -> Surroundings:
    return Surroundings(env=env, root=root, allow=Allow(reclaim=reclaim), home="/nowhere")


def names(env: Mapping[str, str], *programs: str) -> set[str]:
    return {what for what, _ in unused(here(env), frozenset(programs))}


def test_nothing_on_a_machine_that_is_somebodys(image: Path) -> None:
    assert names({}) == set()
    assert names({"RUNNER_ENVIRONMENT": "self-hosted", "ImageOS": "ubuntu24"}) == set()
    assert names({"AGENT_ISSELFHOSTED": "1", "ImageOS": "ubuntu24"}) == set()
    assert names({"AGENT_ISSELFHOSTED": "0", "ImageOS": "ubuntu24"}) != set()


def test_what_the_command_needs_and_what_a_step_set_up_stays(image: Path) -> None:
    env = {**HOSTED, "PATH": f"/usr/bin:{image}/cache/go/1.22.3/x64/bin", "GOROOT_1_21_X64": f"{image}/cache/go/1.21.1/x64", "pythonLocation": f"{image}/cache/Python/3.9.1/x64"}
    assert names(env, "gradle") == {"CodeQL", ".NET", "go 1.21.1"}


def full(image: Path, monkeypatch: pytest.MonkeyPatch, free: int = 0) -> Surroundings:
    monkeypatch.setattr(free_disk, "_LEAST", 2 * MB)
    monkeypatch.setattr(full_disk, "device_of", lambda path: image.stat().st_dev)
    return replace(here(HOSTED), mounts=(Mount(str(image), free, 20 * MB, 10**6, 10**6),))


def test_the_smallest_that_is_enough_goes_and_it_is_measured(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    around = full(image, monkeypatch)
    told = diagnosis("disk_full", f"No space left on device: {image}")
    change = free_disk.propose(told, outcome("gradle", "build"), around)
    assert isinstance(change, Change)
    assert [action.target for action in change.actions] == [str(image / "cache/CodeQL")]
    applied = free_disk.apply(change, around)
    assert not applied.error
    assert "MB" in applied.done[0]
    assert not (image / "cache/CodeQL").exists()
    assert (image / "android").is_dir()


def test_what_became_needed_stays(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    around = full(image, monkeypatch)
    change = free_disk.propose(diagnosis("disk_full", str(image)), outcome("make"), around)
    assert isinstance(change, Change)
    later = replace(around, env={})
    assert free_disk.apply(change, later).error
    assert (image / "cache/CodeQL").exists()


def test_without_leave_nothing(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    around = replace(full(image, monkeypatch), allow=Allow(reclaim=()))
    assert isinstance(free_disk.propose(diagnosis("disk_full", str(image)), outcome("make"), around), Refusal)
