"""Which limit is raised, and how far."""

from __future__ import annotations

from typing import Any

import pytest

from guard.remedies import raise_limit
from guard.types import (
    Refusal,
    Surroundings,
    Telemetry,
)
from tests.unit.by_hand import diagnosis, outcome


def proposed(said: str, files: tuple[int, int] | None = (1024, 4096), processes: tuple[int, int] | None = None) -> Any:
    telemetry = Telemetry(open_files_limit=files, processes_limit=processes)
    return raise_limit.propose(diagnosis("resource_limit", said), outcome(telemetry=telemetry), Surroundings())


def test_open_files_go_to_the_hard_limit() -> None:
    change = proposed("OSError: [Errno 24] Too many open files: 'x'")
    assert change.rlimits == {"RLIMIT_NOFILE": -1}
    assert "1024 to 4096" in change.summary


@pytest.mark.parametrize("hard", [1073741816, -1])
def test_a_hard_limit_of_a_billion_is_not_taken_whole(hard: int) -> None:
    assert proposed("EMFILE", (1024, hard)).rlimits == {"RLIMIT_NOFILE": 1 << 20}


def test_the_hard_limit_reached_names_what_sets_it() -> None:
    answer = proposed("Error: EMFILE: too many open files", (4096, 4096))
    assert isinstance(answer, Refusal)
    assert "`ulimit -n`" in answer.reason
    assert "4096" in answer.reason


def test_processes() -> None:
    said = "fork: retry: Resource temporarily unavailable"
    assert proposed(said, processes=(100, 200)).rlimits == {"RLIMIT_NPROC": -1}
    for limit in ((200, 200), (-1, -1)):
        answer = proposed(said, processes=limit)
        assert isinstance(answer, Refusal)
        assert "ulimit -u" in answer.reason
        assert "pids" in answer.reason


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("ENOSPC: System limit for number of file watchers reached, watch '/x'", "fs.inotify.max_user_watches"),
        ("OSError: inotify instance limit reached", "fs.inotify.max_user_instances"),
        ("could not resize shared memory segment: No space left on device", "--shm-size"),
        ("Too many open files in system", "fs.file-max"),
        ("max virtual memory areas vm.max_map_count [65530] is too low", "vm.max_map_count"),
    ],
)
def test_limits_of_the_machine_are_refused_by_name(said: str, names: str) -> None:
    answer = proposed(said)
    assert isinstance(answer, Refusal)
    assert names in answer.reason


def test_stack_is_raised_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raise_limit.resource, "getrlimit", lambda which: (8 << 20, raise_limit.resource.RLIM_INFINITY))
    change = proposed("/bin/sh: Argument list too long")
    assert change.rlimits == {"RLIMIT_STACK": 64 << 20}


def test_what_no_limit_explains_is_left() -> None:
    assert proposed("RangeError: Maximum call stack size exceeded") is None
    assert raise_limit.propose(diagnosis("disk_full", "EMFILE"), outcome(), Surroundings()) is None


@pytest.mark.parametrize(
    ("said", "soft", "hard", "kills", "raised"),
    [
        ("MemoryError", 600 << 20, -1, 0, {"RLIMIT_AS": -1}),
        ("terminate called after throwing an instance of 'std::bad_alloc'", 600 << 20, 900 << 20, None, {"RLIMIT_AS": -1}),
        ("MemoryError", 600 << 20, 600 << 20, 0, None),
        ("MemoryError", -1, -1, 0, None),
        ("MemoryError", 600 << 20, -1, 1, None),
        ("Killed", 600 << 20, -1, 0, None),
    ],
)
def test_address_space_where_a_soft_limit_was_in_the_way(
    monkeypatch: pytest.MonkeyPatch, said: str, soft: int, hard: int, kills: int | None, raised: dict[str, int] | None
) -> None:
    monkeypatch.setattr(raise_limit, "_now", lambda name, outcome: (soft, hard))
    failed = outcome(telemetry=Telemetry(oom_kills=kills))
    change = raise_limit.propose(diagnosis("out_of_memory", said), failed, Surroundings())
    assert (change and change.rlimits) == raised  # type: ignore[union-attr]
