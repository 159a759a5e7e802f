"""Docker's store, by a client that is played: which steps are run, in which order, and when it stops. No daemon can be had here."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from guard.remedies import free_disk
from guard.remedies.space import docker_space
from guard.types import Allow, Change, Mount, Refusal, Surroundings
from tests.unit.by_hand import diagnosis, outcome

MB = 1 << 20


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Surroundings]:
    client = tmp_path / "docker"
    client.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/told\ntest -z "$FAILS" || exit 1\nrm -f "{tmp_path}/$1-$3"\n')
    client.chmod(0o755)
    (tmp_path / "store").mkdir()
    listener = socket.socket(socket.AF_UNIX)
    place = f"/tmp/guard-test-{os.getpid()}.sock"
    listener.bind(place)
    monkeypatch.setattr(docker_space, "STORE", str(tmp_path / "store"))
    monkeypatch.setattr(docker_space, "SOCKET", place)
    mounts = (Mount(str(tmp_path), 0, 1000 * MB, 10**6, 10**6),)
    yield Surroundings(tools={"docker": str(client)}, allow=Allow(reclaim=("docker",)), env=dict(os.environ), mounts=mounts, home="/nowhere")
    listener.close()
    Path(place).unlink()


def proposed(machine: Surroundings, tmp_path: Path) -> Change | Refusal | None:
    return free_disk.propose(diagnosis("disk_full", f"no space left on device: {tmp_path}"), outcome("docker", "build", "."), machine)


def told(tmp_path: Path) -> list[str]:
    return (tmp_path / "told").read_text().splitlines()


@pytest.mark.parametrize(
    ("gains", "steps"),
    [
        ((900, 900, 900), ["builder prune --force"]),
        ((0, 900, 900), ["builder prune --force", "image prune --force"]),
        ((0, 0, 900), ["builder prune --force", "image prune --force", "image prune --all --force"]),
        ((0, 0, 0), ["builder prune --force", "image prune --force", "image prune --all --force"]),
    ],
)
def test_the_least_that_is_enough(machine: Surroundings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gains: tuple[int, ...], steps: list[str]) -> None:
    change = proposed(machine, tmp_path)
    assert isinstance(change, Change)
    free = iter((0, *gains))
    monkeypatch.setattr(free_disk, "_free", lambda place: (next(free) * MB, 0))
    applied = free_disk.apply(change, machine)
    assert not applied.error
    assert told(tmp_path) == steps
    assert "volume" not in (tmp_path / "told").read_text()


def test_a_daemon_that_does_not_answer_is_said(machine: Surroundings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change = proposed(machine, tmp_path)
    assert isinstance(change, Change)
    monkeypatch.setitem(machine.env, "FAILS", "1")  # type: ignore[arg-type]
    assert "docker builder prune" in free_disk.apply(change, machine).error


def test_only_with_leave_and_only_a_local_daemon(machine: Surroundings, tmp_path: Path) -> None:
    from dataclasses import replace

    for other in (
        replace(machine, allow=Allow(reclaim=())),
        replace(machine, allow=Allow(reclaim=("docker",), delete=None)),
        replace(machine, env={**machine.env, "DOCKER_HOST": "tcp://192.0.2.1:2375"}),
        replace(machine, tools={}),
    ):
        assert isinstance(proposed(other, tmp_path), Refusal)
