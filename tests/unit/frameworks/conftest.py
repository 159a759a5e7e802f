"""Outcomes made by hand for the tests of frameworks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from guard.types import Command, LogWindow, Outcome, Surroundings, Telemetry

Make = Callable[..., Outcome]


@pytest.fixture
def outcome(tmp_path: Path) -> Make:
    """Makes the outcome of `argv` that printed `text` in `tmp_path`."""

    def make(
        text: str,
        *argv: str,
        code: int = 1,
        script: str | None = None,
        env: dict[str, str] | None = None,
        dropped: int = 0,
        number: int = 1,
    ) -> Outcome:
        words = ("bash", "-e", "-c", script) if script is not None else argv
        return Outcome(
            command=Command(argv=words, script=script, cwd=str(tmp_path), env=env or {}),
            number=number,
            exit_code=code,
            signal=None,
            ended="exited",
            duration_s=1.0,
            window=LogWindow(head=text.encode(), dropped_bytes=dropped),
            telemetry=Telemetry(),
            started_at="2001-01-01T00:00:00+00:00",
        )

    return make


@pytest.fixture
def here(tmp_path: Path) -> Surroundings:
    return Surroundings(cwd=str(tmp_path), workspace=str(tmp_path))
