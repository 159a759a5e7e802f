"""Texts of a row → moments and days."""

from __future__ import annotations

from datetime import date, datetime, timezone

_LAST_YEAR = 9000


def seconds_between(begin: str, end: str) -> float | None:
    """From one moment to another; None where one of them cannot be read."""
    try:
        return (_moment(end) - _moment(begin)).total_seconds()
    except (ValueError, OverflowError):
        return None


def _moment(text: str) -> datetime:
    """A moment as rows write it; Python 3.10 reads no `Z`."""
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo is not None else found.replace(tzinfo=timezone.utc)


def day(text: str) -> date | None:
    """The date of a row; None for one that no calendar holds with its neighbours."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.year < _LAST_YEAR else None


def within(at: str, since: str | None, until: str | None) -> bool:
    """Whether a moment lies in what was asked for; `since` is included, `until` is not."""
    return (since is None or at >= since) and (until is None or at < until)
