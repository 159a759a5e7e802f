"""What a history can be asked: runs, trials of remedies and tests, one frozen row each; whatever keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol


@dataclass(frozen=True)
class RunRow:
    """One `guard run` as it is remembered; all text masked."""

    id: str
    started_at: str
    """UTC, ISO 8601."""
    day: str
    """`2026-01-31`, the day of `started_at` in UTC."""
    project: str
    branch: str
    commit: str
    platform: str
    command: str
    """One string; of a first-time pass the program's name only."""
    status: str
    """passed, healed, failed or interrupted."""
    exit_code: int
    duration_s: float
    attempts: int
    rescued_s: float
    wasted_s: float
    label: str = ""
    """Of the first failed attempt; "" where none failed."""
    family: str = ""
    probability: float = 0.0
    source: str = ""
    fingerprint: str = ""
    healed_by: tuple[str, ...] = ()
    remedies_tried: tuple[str, ...] = ()
    """Each once, in the order in which they came."""
    corrected_label: str = ""
    """What a person said with `guard feedback`; "" where nobody did."""


class Trial(NamedTuple):
    """One remedy on one failure in one run, and whether the run's next attempts passed that failure."""

    remedy: str
    label: str
    fingerprint: str
    project: str
    healed: bool
    at: str
    """UTC, ISO 8601."""


@dataclass(frozen=True)
class TestRow:
    """One test in one run: in which it failed, or passed by the framework's own record."""

    __test__ = False
    """It is no test class, whatever its name begins with."""

    framework: str
    name: str
    project: str
    commit: str
    at: str
    """UTC, ISO 8601."""
    outcome: str
    """passed, failed or passed_on_rerun (failed and passed at the same commit, in the same run)."""
    minutes: float
    """Minutes that the run lost to it: its share of the failed attempt and of running again."""


class Store(Protocol):
    """What reports read. Times are compared as UTC, ISO 8601; `since` is included, `until` is not."""

    def rows(
        self, since: str | None = None, until: str | None = None, project: str | None = None, branch: str | None = None
    ) -> Iterator[RunRow]:
        """The runs in the order in which they began, streamed."""

    def remedy_trials(self) -> Iterator[Trial]:
        """Every trial of a remedy, oldest first."""

    def tests(self) -> Iterator[TestRow]:
        """Every remembered run of a test, oldest first."""

    def close(self) -> None:
        """Let go of file or connection."""


def open_store(setting: str, *, read_only: bool = True) -> Store | None:
    """The store of a `history.store` setting (`sqlite:PATH`, `postgresql://…`).

    None: `off`, or nothing is there to be read. Takes in first what passing runs left in the spool, where it may
    write. Raises GuardError for what the user must mend: no driver, no server, a newer store.
    """
    from guard.errors import GuardError
    from guard.history.opening import open_store as opened
    from guard.history.sqlite import Damaged

    try:
        return opened(setting, read_only=read_only, taking_in=True)
    except Damaged as damage:
        raise GuardError(f"the history is damaged ({damage})", "the next `guard run` sets it aside and begins anew") from damage
