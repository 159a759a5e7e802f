"""What a report shows: sums, odds and durations of one selection, and of all that was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from guard.report.posterior import Odds

STATUSES = ("passed", "healed", "failed", "interrupted")


@dataclass(frozen=True)
class Durations:
    """A set of durations in seconds; None where there are none."""

    count: int = 0
    total_s: float = 0.0
    median_s: float | None = None
    p90_s: float | None = None


@dataclass(frozen=True)
class Cause:
    """One label: how many runs failed first by it, and how they ended."""

    label: str
    family: str
    healed: int
    red: int
    lost_s: float
    """Time of the red runs, and what the healed ones spent before their green attempt."""
    distinct: int
    """Different failures (fingerprints) under this label."""

    @property
    def runs(self) -> int:
        """Runs with this cause."""
        return self.healed + self.red


@dataclass(frozen=True)
class RemedyOdds:
    """One remedy: how often it was tried, and how likely it heals."""

    remedy: str
    odds: Odds


@dataclass(frozen=True)
class FlakyTest:
    """A test that failed and passed on the same code, with what it cost."""

    project: str
    framework: str
    name: str
    runs: int
    """Those whose record names it: it failed, or it passed in a run that failed or healed."""
    fails: int
    passed_on_rerun: int
    lost_minutes: float
    last_seen: str
    """When it last failed."""
    flaky: Odds
    """Of the commits on which it failed: on how many it passed too."""


@dataclass(frozen=True)
class Step:
    """One bar of the trend: a day, a week, a month or a year."""

    begin: str
    runs: Mapping[str, int]
    rescued_s: float
    wasted_s: float


@dataclass(frozen=True)
class View:
    """Everything about one selection: all, one project, or one branch of it."""

    project: str | None
    branch: str | None
    runs: Mapping[str, int]
    heal: Odds
    """Of the runs whose first attempt failed: how many healed."""
    healed_after: Durations
    """From the start of a run that healed to its green."""
    fixed_after: Durations
    """From the start of a red run to the end of the next green one of its command and branch."""
    still_red: int
    """Commands whose last word is red."""
    rescued_s: float
    wasted_s: float
    causes: tuple[Cause, ...]
    steps: tuple[Step, ...]
    remedies: tuple[RemedyOdds, ...] = ()
    flaky: tuple[FlakyTest, ...] = ()
    flaky_count: int = 0

    @property
    def total(self) -> int:
        """All runs."""
        return sum(self.runs.values())


@dataclass(frozen=True)
class Trends:
    """What was asked for, and what the history says."""

    since: str | None
    until: str | None
    project: str | None
    branch: str | None
    first: str | None
    """The start of the first run in it; None without runs."""
    last: str | None
    step: str
    """day, week, month or year."""
    views: tuple[View, ...]
    """First the whole, then branches of several projects, then each project, each followed by its branches."""
    left_out_views: int
    projects: tuple[View, ...]
    """The largest projects, each by itself."""
    others: View | None
    """All further projects together."""
    price_per_minute: float
    currency: str

    @property
    def whole(self) -> View:
        """The view of all that was asked for."""
        return self.views[0]

    @property
    def only_project(self) -> str | None:
        """The project, where all runs are of one."""
        return self.projects[0].project if len(self.projects) == 1 else self.project

    def money(self, seconds: float) -> float:
        """What that much time costs."""
        return seconds / 60 * self.price_per_minute
