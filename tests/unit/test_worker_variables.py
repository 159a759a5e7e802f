"""Task runners of JavaScript are told their number of workers by flag and by variable."""

from __future__ import annotations

import pytest

from guard.remedies import fewer_workers
from guard.types import Change, Surroundings
from tests.unit.by_hand import diagnosis, outcome


@pytest.mark.parametrize(
    ("words", "argv", "env"),
    [
        (("turbo", "run", "build", "--concurrency=8"), ("turbo", "run", "build", "--concurrency=4"), {"TURBO_CONCURRENCY": "4"}),
        (("npx", "turbo", "run", "build"), None, {"TURBO_CONCURRENCY": "2"}),
        (("nx", "run-many", "-t", "build", "--parallel=6"), ("nx", "run-many", "-t", "build", "--parallel=3"), {"NX_PARALLEL": "3"}),
        (("nx", "run-many", "-t", "build"), None, {"NX_PARALLEL": "2"}),
        (("lerna", "run", "build", "--concurrency", "4"), ("lerna", "run", "build", "--concurrency", "2"), {}),
        (("deno", "test", "--parallel"), None, {"DENO_JOBS": "2"}),
    ],
)
def test_half_of_the_workers(words: tuple[str, ...], argv: tuple[str, ...] | None, env: dict[str, str]) -> None:
    change = fewer_workers.propose(diagnosis("out_of_memory", "Killed"), outcome(*words), Surroundings(cpus=4))
    assert isinstance(change, Change)
    assert change.argv == argv
    assert dict(change.env) == env
