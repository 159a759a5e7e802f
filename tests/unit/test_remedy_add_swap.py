"""Whether swap may be added, where and how much; nothing is turned on here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from guard.remedies import add_swap
from guard.types import Allow, Change, Refusal, Surroundings, Telemetry
from tests.unit.by_hand import diagnosis, outcome

MB = 1 << 20
OOM = diagnosis("out_of_memory", "Killed")
_SWAP_LIMIT = add_swap._swap_limit
HERE = Surroundings(root=True, allow=Allow(swap=True), memory_total_bytes=2048 * MB, workspace="/w")


@pytest.fixture
def real_limit() -> Callable[[], str]:
    return _SWAP_LIMIT


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(add_swap, "_capabilities", lambda: 1 << 21)
    monkeypatch.setattr(add_swap, "_swap_limit", lambda: "max")
    monkeypatch.setattr(add_swap, "_places", lambda here: iter([("/var/tmp", 10_000 * MB)]))
    monkeypatch.setattr(add_swap, "_ours", lambda table: ())


def proposed(here: Surroundings = HERE, peak: int = 3000 * MB) -> Change | Refusal | None:
    return add_swap.propose(OOM, outcome("make", telemetry=Telemetry(peak_rss_bytes=peak)), here)


def test_as_much_as_was_needed() -> None:
    change = proposed()
    assert isinstance(change, Change)
    assert change.details["bytes"] == 3000 * MB
    assert change.actions[0].target.startswith("/var/tmp/.pipeguard-swap-")


def test_twice_the_cgroups_limit_not_half_the_machine() -> None:
    change = proposed(replace(HERE, memory_total_bytes=64_000 * MB, memory_limit_bytes=700 * MB), peak=690 * MB)
    assert isinstance(change, Change)
    assert change.details["bytes"] == 1400 * MB


@pytest.mark.parametrize(
    ("version", "files", "said"),
    [
        (2, {"memory.swap.max": "0\n"}, "0"),
        (2, {"memory.swap.max": "max\n"}, "max"),
        (1, {"memory.memsw.limit_in_bytes": "209715200\n", "memory.limit_in_bytes": "209715200\n", "memory.swappiness": "60\n"}, "0"),
        (1, {"memory.memsw.limit_in_bytes": "9223372036854771712\n", "memory.limit_in_bytes": "209715200\n", "memory.swappiness": "60\n"}, ""),
        (1, {"memory.memsw.limit_in_bytes": "9223372036854771712\n", "memory.limit_in_bytes": "209715200\n", "memory.swappiness": "0\n"}, "0"),
        (1, {"memory.limit_in_bytes": "9223372036854771712\n", "memory.swappiness": "0\n"}, ""),
        (1, {}, ""),
    ],
)
def test_what_the_cgroup_says_of_swap(real_limit: Callable[[], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: int, files: dict[str, str], said: str) -> None:
    folder = tmp_path / ("memory/job" if version == 1 else "job")
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    told = {"/proc/self/cgroup": "9:cpu:/job\n4:memory:/job\n" if version == 1 else "0::/job\n"}
    monkeypatch.setattr(add_swap, "_CGROUPS", str(tmp_path))
    monkeypatch.setattr(add_swap, "_text", lambda path: told.get(path) or (Path(path).read_text() if Path(path).exists() else ""))
    assert real_limit() == said


def test_never_more_than_half_of_the_disk() -> None:
    change = proposed(peak=60_000 * MB)
    assert isinstance(change, Change)
    assert change.details["bytes"] == 5000 * MB


def test_nothing_without_leave() -> None:
    assert proposed(Surroundings(root=True)) is None


def test_each_obstacle_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def reason(here: Surroundings = HERE) -> str:
        answer = proposed(here)
        assert isinstance(answer, Refusal)
        return answer.reason

    assert "sudo" in reason(Surroundings(root=False, allow=Allow(swap=True)))
    monkeypatch.setattr(add_swap, "_places", lambda here: iter([("/var/tmp", 1200 * MB)]))
    assert "to spare" in reason()
    monkeypatch.setattr(add_swap, "_swap_limit", lambda: "0")
    assert "cgroup" in reason()
    monkeypatch.setattr(add_swap, "_capabilities", lambda: (1 << 21) - 1)
    assert "CAP_SYS_ADMIN" in reason()


def test_a_file_system_is_known_by_its_device() -> None:
    rows = "28 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n30 28 0:25 / /tmp rw - tmpfs tmpfs rw\nbroken\n"
    assert add_swap._kinds(rows) == {(254, 0): "ext4", (0, 25): "tmpfs"}


def test_a_foreign_file_is_never_removed(tmp_path: Path) -> None:
    from guard.types import Applied

    for name in ("precious", ".pipeguard-swap-1-1"):
        file = tmp_path / name
        file.write_text("kept")
        add_swap.undo(Applied(Change("add_swap", "x"), undo={"file": str(file), "inode": "1", "sudo": ""}), HERE)
        assert file.read_text() == "kept"
