"""`--since` and `--until`: what is a moment, and what is not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timezone

import pytest

from guard.commands.report import moment
from guard.errors import GuardError

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=timezone.utc)


@pytest.fixture(autouse=True)
def _zone() -> Iterator[None]:
    yield
    time.tzset()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-11-24", "2026-11-24T00:00:00+00:00"),
        ("2026-11-24T08:00Z", "2026-11-24T08:00:00+00:00"),
        ("2026-11-24T08:00+02:00", "2026-11-24T06:00:00+00:00"),
        ("2026-11-24T08:00", "2026-11-24T08:00:00+00:00"),
        ("24h", "2026-11-23T10:00:00+00:00"),
        ("7d", "2026-11-17T10:00:00+00:00"),
        ("2w", "2026-11-10T10:00:00+00:00"),
        (None, None),
    ],
)
def test_moments(text: str | None, found: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    assert moment(text, "--since", NOW) == found


@pytest.mark.parametrize("text", ["", "yesterday", "7", "d", "2026-02-30", "-1d", "2026-11-24 25:00"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(GuardError, match="--since"):
        moment(text, "--since", NOW)
