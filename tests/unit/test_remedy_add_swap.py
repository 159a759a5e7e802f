"""Whether swap may be added, where and how much; nothing is turned on here."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.remedies import add_swap
from guard.types import Allow, Change, Refusal, Surroundings, Telemetry
from tests.unit.by_hand import diagnosis, outcome

MB = 1 << 20
OOM = diagnosis("out_of_memory", "Killed")
HERE = Surroundings(root=True, allow=Allow(swap=True), memory_total_bytes=2048 * MB, workspace="/w")


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
