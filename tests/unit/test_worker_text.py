"""Numbers of workers in the text of a script."""

from __future__ import annotations

import pytest

from guard.remedies.workers.text import lowered


@pytest.mark.parametrize(
    ("script", "lower"),
    [
        ("make -j8 all", "make -j2 all"),
        ("set -x\ncd build && make -j 16\necho done", "set -x\ncd build && make -j 2\necho done"),
        ("sudo -E env CI=1 make --jobs=8", "sudo -E env CI=1 make --jobs=2"),
        ("python3 -m pytest -n 4 tests | tail -n 20", "python3 -m pytest -n 2 tests | tail -n 20"),
        ("cargo build -j6; cargo test -j6 -- --test-threads=4", "cargo build -j2; cargo test -j2 -- --test-threads=2"),
        ("npx jest --maxWorkers 6 --ci", "npx jest --maxWorkers 2 --ci"),
        ('ninja -j12 "all"', 'ninja -j2 "all"'),
        ("go test -p 8 -parallel 8 ./...", "go test -p 2 -parallel 2 ./..."),
    ],
)
def test_made_smaller_where_they_stand(script: str, lower: str) -> None:
    assert lowered(script, 2) == lower


@pytest.mark.parametrize(
    "script",
    [
        "make -j1",
        "make -j2",
        "echo make -j8",
        "# make -j8",
        "head -n 40 log; pytest -q",
        "tail -j8 make.log",
        "make -j$(nproc)",
        "make VERSION=-j8x",
        "cargo build --jobsize=80",
        "cut -f 3 jobs | sort -n 9",
    ],
)
def test_all_else_stays_as_it_is(script: str) -> None:
    assert lowered(script, 2) == script
