"""A soft limit that a real program runs into, raised."""

from __future__ import annotations

import resource
from dataclasses import replace
from pathlib import Path

import pytest

from guard.remedies import raise_limit
from guard.types import (
    Change,
    Surroundings,
    Telemetry,
)
from tests.remedies.attempted import attempt, diagnosis, need, said

pytestmark = pytest.mark.tools


OPEN = "import tempfile; kept = [tempfile.TemporaryFile() for _ in range(200)]; print('opened')"


def test_open_files(tmp_path: Path) -> None:
    need("python3")
    script = f'ulimit -S -n 64; exec python3 -c "{OPEN}"'
    low = attempt(cwd=tmp_path, script=script)
    assert low.exit_code == 1
    found = diagnosis("resource_limit", low, "Too many open files")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    seen = replace(low, telemetry=Telemetry(open_files_limit=(64, -1 if hard == resource.RLIM_INFINITY else hard)))
    change = raise_limit.propose(found, seen, Surroundings())
    assert isinstance(change, Change)
    old = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, old[1]))
    try:
        assert attempt("python3", "-c", OPEN, cwd=tmp_path).exit_code == 1
        second = attempt("python3", "-c", OPEN, cwd=tmp_path, change=change)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, old)
    assert second.exit_code == 0, said(second)


def test_arguments_fill_a_quarter_of_the_stack(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    if hard != resource.RLIM_INFINITY or soft == resource.RLIM_INFINITY or soft > 16 << 20:
        pytest.skip("needs a soft stack limit below the hard one")
    # Each argument is below the 128 KB that a single one may have.
    script = "x=$(printf 'a%.0s' {1..100000}); a=(); for i in {1..40}; do a+=($x); done; /bin/true ${a[@]}"
    first = attempt(cwd=tmp_path, script=script)
    change = raise_limit.propose(diagnosis("resource_limit", first, "Argument list too long"), first, Surroundings())
    assert isinstance(change, Change)
    assert attempt(cwd=tmp_path, script=script, change=change).exit_code == 0
