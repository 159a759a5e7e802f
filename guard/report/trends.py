"""Rows of a history → trends: pure functions; what the pages, tables and metrics of `guard report` show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from typing import NamedTuple

from guard.report.posterior import Odds, odds
from guard.report.trend_rows import RunLike, TestLike, TrialLike
from guard.types import LABELS

STATUSES = ("passed", "healed", "failed", "interrupted")
MOST_PROJECTS = 8
MOST_BRANCHES = 5
"""Of each project: what has a view of its own on a page; all count in the sums."""
MOST_SERIES = 50
"""Projects that metrics tell apart."""
_MOST_STEPS = 92
_STEPS = {"day": 1, "week": 7, "month": 31}
_LAST_YEAR = 9000


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


@dataclass
class _Cell:
    """The sums of one branch of one project; sums of cells make every view."""

    runs: Counter[str] = field(default_factory=Counter)
    by_day: Counter[tuple[str, str]] = field(default_factory=Counter)
    rescued: Counter[str] = field(default_factory=Counter)
    wasted: Counter[str] = field(default_factory=Counter)
    causes: Counter[tuple[str, bool]] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    fingerprints: set[tuple[str, str]] = field(default_factory=set)
    healed_after: list[float] = field(default_factory=list)
    fixed_after: list[float] = field(default_factory=list)
    still_red: int = 0

    def add(self, row: RunLike) -> None:
        status, day = row.status, row.day
        self.runs[status] += 1
        self.by_day[day, status] += 1
        if row.rescued_s:
            self.rescued[day] += row.rescued_s  # type: ignore[assignment]  # a Counter of seconds
        if row.wasted_s:
            self.wasted[day] += row.wasted_s  # type: ignore[assignment]
        if status not in ("healed", "failed"):
            return
        label = row.corrected_label or row.label or "unknown"
        self.causes[label, status == "healed"] += 1
        self.lost[label] += row.wasted_s if status == "healed" else row.duration_s  # type: ignore[assignment]
        if row.fingerprint:
            self.fingerprints.add((label, row.fingerprint))
        if status == "healed":
            self.healed_after.append(row.duration_s)

    def take(self, other: _Cell) -> None:
        for mine, theirs in (
            (self.runs, other.runs), (self.rescued, other.rescued), (self.wasted, other.wasted), (self.lost, other.lost),
        ):  # fmt: skip
            mine.update(theirs)
        self.by_day.update(other.by_day)
        self.causes.update(other.causes)
        self.fingerprints |= other.fingerprints
        self.healed_after += other.healed_after
        self.fixed_after += other.fixed_after
        self.still_red += other.still_red


def trends(
    rows: Iterable[RunLike],
    trials: Iterable[TrialLike] = (),
    tests: Iterable[TestLike] = (),
    *,
    since: str | None = None,
    until: str | None = None,
    project: str | None = None,
    branch: str | None = None,
    price_per_minute: float = 0.0,
    currency: str = "",
) -> Trends:
    """The trends of `rows`, which the store has already filtered; trials and tests are filtered here."""
    cells: dict[tuple[str, str], _Cell] = {}
    spells = _RedSpells()
    first: str | None = None
    last: str | None = None
    days: set[str] = set()
    for row in rows:
        place = (row.project, row.branch)
        cell = cells.get(place)
        if cell is None:
            cell = cells[place] = _Cell()
        cell.add(row)
        spells.add(row)
        days.add(row.day)
        at = row.started_at
        first = at if first is None or at < first else first
        last = at if last is None or at > last else last
    spells.settle(cells)
    calendar = _Calendar(days)
    tried = _trials_by_project(trials, since, until, project)
    seen = _flaky_by_project(tests, since, until, project)
    views = _Views(cells, calendar, tried, seen)
    pages = views.pages()
    return Trends(
        since=since,
        until=until,
        project=project,
        branch=branch,
        first=first,
        last=last,
        step=calendar.step,
        views=pages,
        left_out_views=views.count - len(pages),
        projects=views.projects,
        others=views.others,
        price_per_minute=price_per_minute,
        currency=currency,
    )


class _Views:
    """Cells → views: of the whole, of each project, of its branches."""

    def __init__(
        self,
        cells: Mapping[tuple[str, str], _Cell],
        calendar: _Calendar,
        tried: Mapping[str, Counter[tuple[str, bool]]],
        seen: Mapping[str, list[FlakyTest]],
    ) -> None:
        self.cells, self.calendar, self.tried, self.seen = cells, calendar, tried, seen
        self.branches: dict[str, list[str]] = {}
        by_project: dict[str, _Cell] = {}
        for (owner, branch), cell in cells.items():
            self.branches.setdefault(owner, []).append(branch)
            by_project.setdefault(owner, _Cell()).take(cell)
        ranked = sorted(by_project, key=lambda owner: (-by_project[owner].runs.total(), owner))
        self.projects = tuple(self._of(by_project[owner], owner, None, [owner]) for owner in ranked[:MOST_SERIES])
        self.others = self._sum(None, [by_project[owner] for owner in ranked[MOST_SERIES:]], ranked[MOST_SERIES:])
        # Remedies and tests may have been kept longer than the runs.
        everyone = [*ranked, *({*tried, *seen} - {*ranked})]
        self.whole = self._sum(None, list(by_project.values()), everyone) or self._of(_Cell(), None, None, everyone)
        self.shared = self._shared()
        several = [owner for owner in self.branches if len(self.branches[owner]) > 1]
        self.count = 1 + len(self.shared) + (len(ranked) if len(ranked) > 1 else 0) + sum(len(self.branches[owner]) for owner in several)

    def _shared(self) -> list[tuple[str, _Cell]]:
        """Branches that several projects have, each over all of them, the largest first."""
        owners: dict[str, list[str]] = {}
        for owner, names in self.branches.items():
            for name in names:
                owners.setdefault(name, []).append(owner)
        found = []
        for name, many in owners.items():
            if len(many) > 1:
                total = _Cell()
                for owner in many:
                    total.take(self.cells[owner, name])
                found.append((name, total))
        return sorted(found, key=lambda one: (-one[1].runs.total(), one[0]))

    def pages(self) -> tuple[View, ...]:
        """First the whole and its largest branches, then the largest projects, each followed by its largest branches."""
        found = [self.whole]
        found += [self._of(cell, None, name, []) for name, cell in self.shared[:MOST_BRANCHES]]
        for view in self.projects[:MOST_PROJECTS]:
            owner = view.project or ""
            if len(self.projects) > 1:
                found.append(view)
            names = sorted(self.branches[owner], key=lambda name: (-self.cells[owner, name].runs.total(), name))
            if len(names) > 1:
                found += [self._of(self.cells[owner, name], owner, name, []) for name in names[:MOST_BRANCHES]]
        return tuple(found)

    def _sum(self, project: str | None, cells: Sequence[_Cell], owners: Sequence[str]) -> View | None:
        if not cells:
            return None
        total = _Cell()
        for cell in cells:
            total.take(cell)
        return self._of(total, project, None, owners)

    def _of(self, cell: _Cell, project: str | None, branch: str | None, owners: Sequence[str]) -> View:
        tried = Counter[tuple[str, bool]]()
        for owner in owners:
            tried.update(self.tried.get(owner, {}))
        flaky = [test for owner in owners for test in self.seen.get(owner, ())]
        return _view(cell, project, branch, self.calendar, tried, flaky)


def _view(
    cell: _Cell,
    project: str | None,
    branch: str | None,
    calendar: _Calendar,
    tried: Counter[tuple[str, bool]],
    flaky: Sequence[FlakyTest],
) -> View:
    labels = {label for label, _ in cell.causes}
    distinct = Counter(label for label, _ in cell.fingerprints)
    causes = [
        Cause(
            label, LABELS.get(label, "unknown"), cell.causes[label, True], cell.causes[label, False],
            float(cell.lost[label]), distinct[label],
        )
        for label in labels
    ]  # fmt: skip
    remedies = [
        RemedyOdds(name, odds(tried[name, True], tried[name, True] + tried[name, False]))
        for name in {name for name, _ in tried}
    ]
    healed, failed = cell.runs["healed"], cell.runs["failed"]
    return View(
        project=project,
        branch=branch,
        runs={status: cell.runs[status] for status in STATUSES},
        heal=odds(healed, healed + failed),
        healed_after=durations(cell.healed_after),
        fixed_after=durations(cell.fixed_after),
        still_red=cell.still_red,
        rescued_s=float(sum(cell.rescued.values())),
        wasted_s=float(sum(cell.wasted.values())),
        causes=tuple(sorted(causes, key=lambda one: (-one.runs, -one.lost_s, one.label))),
        steps=calendar.steps(cell),
        remedies=tuple(sorted(remedies, key=lambda one: (-one.odds.trials, one.remedy))),
        flaky=tuple(sorted(flaky, key=_costliest)),
        flaky_count=len(flaky),
    )


def durations(values: Sequence[float]) -> Durations:
    """Count, sum, median and 90th percentile."""
    if not values:
        return Durations()
    ordered = sorted(values)
    return Durations(len(ordered), sum(ordered), quantile(ordered, 0.5), quantile(ordered, 0.9))


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value at that share of sorted values, between two neighbours where it falls between them."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


class _RedSpells:
    """From a command's first red run to its next green one: what people waited for.

    Of a first-time pass a history knows the program only. So a pass ends the spell of every command of that
    program, except one that fails later on the same commit: there it was another step that passed.
    """

    def __init__(self) -> None:
        self.ends: dict[tuple[str, str, str], list[_End]] = {}

    def add(self, row: RunLike) -> None:
        if row.status != "interrupted":
            program = row.command.split(" ", 1)[0]
            self.ends.setdefault((row.project, row.branch, program), []).append(
                _End(row.started_at, row.status, row.command, row.commit, row.duration_s)
            )

    def settle(self, cells: Mapping[tuple[str, str], _Cell]) -> None:
        for (project, branch, _), ends in self.ends.items():
            # The store's order need not be that of time: jobs run side by side and arrive when they end.
            ends.sort()
            last_red = {(one.command, one.commit): one.at for one in ends if one.status == "failed"}
            red_since: dict[str, str] = {}
            cell = cells[project, branch]
            for one in ends:
                if one.status == "failed":
                    red_since.setdefault(one.command, one.at)
                    continue
                for command in [command for command in red_since if one.ends(command, last_red)]:
                    waited = _seconds_between(red_since.pop(command), one.at)
                    if waited is not None:
                        cell.fixed_after.append(waited + one.duration_s)
            cell.still_red += len(red_since)


class _End(NamedTuple):
    at: str
    status: str
    command: str
    commit: str
    duration_s: float

    def ends(self, command: str, last_red: Mapping[tuple[str, str], str]) -> bool:
        """Whether this green run ends the red spell of `command`."""
        if self.status == "healed":
            return self.command == command
        return not self.commit or last_red.get((command, self.commit), "") <= self.at


def _seconds_between(begin: str, end: str) -> float | None:
    try:
        return (_moment(end) - _moment(begin)).total_seconds()
    except (ValueError, OverflowError):
        return None


def _moment(text: str) -> datetime:
    """A moment as rows write it; Python 3.10 reads no `Z`."""
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo is not None else found.replace(tzinfo=timezone.utc)


class _Calendar:
    """The steps between the first day and the last, the empty ones included."""

    def __init__(self, days: Iterable[str]) -> None:
        known = sorted(day for day in map(_day, days) if day is not None)
        self.step = "day"
        self.begins: list[date] = []
        if not known:
            return
        first, last = known[0], known[-1]
        span = (last - first).days + 1
        self.step = next((name for name, days in _STEPS.items() if span <= _MOST_STEPS * days), "year")
        at = self._begin(first)
        while at <= last:
            self.begins.append(at)
            at = self._next(at)

    def _begin(self, day: date) -> date:
        if self.step == "week":
            return day - timedelta(days=day.weekday())
        if self.step == "year":
            return day.replace(month=1, day=1)
        return day.replace(day=1) if self.step == "month" else day

    def _next(self, day: date) -> date:
        if self.step in ("month", "year"):
            return self._begin(day + timedelta(days=32 if self.step == "month" else 370))
        return day + timedelta(days=7 if self.step == "week" else 1)

    def steps(self, cell: _Cell) -> tuple[Step, ...]:
        runs = {begin: dict.fromkeys(STATUSES, 0) for begin in self.begins}
        rescued, wasted = dict.fromkeys(self.begins, 0.0), dict.fromkeys(self.begins, 0.0)
        for (text, status), count in cell.by_day.items():
            day = _day(text)
            if day is not None and status in STATUSES:
                runs[self._begin(day)][status] += count
        for sums, parts in ((rescued, cell.rescued), (wasted, cell.wasted)):
            for text, seconds in parts.items():
                day = _day(text)
                if day is not None:
                    sums[self._begin(day)] += seconds
        return tuple(Step(at.isoformat(), runs[at], rescued[at], wasted[at]) for at in self.begins)


def _day(text: str) -> date | None:
    """The date of a row; None for one that no calendar holds with its neighbours."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.year < _LAST_YEAR else None


def _within(at: str, since: str | None, until: str | None) -> bool:
    return (since is None or at >= since) and (until is None or at < until)


def _trials_by_project(
    trials: Iterable[TrialLike], since: str | None, until: str | None, project: str | None
) -> dict[str, Counter[tuple[str, bool]]]:
    found: dict[str, Counter[tuple[str, bool]]] = {}
    for one in trials:
        if _within(one.at, since, until) and project in (None, one.project):
            found.setdefault(one.project, Counter())[one.remedy, bool(one.healed)] += 1
    return found


@dataclass
class _TestSums:
    runs: int = 0
    fails: int = 0
    reruns: int = 0
    minutes: float = 0.0
    last: str = ""
    failed_on: set[str] = field(default_factory=set)
    passed_on: set[str] = field(default_factory=set)
    both: int = 0
    """Failures without a known commit that passed on a re-run."""


def _flaky_by_project(
    tests: Iterable[TestLike], since: str | None, until: str | None, project: str | None
) -> dict[str, list[FlakyTest]]:
    """Tests that failed and passed on one commit: a failure that stays is a broken test, not a flaky one."""
    sums: dict[tuple[str, str, str], _TestSums] = {}
    for one in tests:
        if not _within(one.at, since, until) or project not in (None, one.project):
            continue
        seen = sums.setdefault((one.project, one.framework, one.name), _TestSums())
        seen.runs += 1
        seen.minutes += one.minutes
        rerun = one.outcome == "passed_on_rerun"
        seen.reruns += rerun
        if rerun or one.outcome == "failed":
            seen.fails += 1
            seen.failed_on.add(one.commit)
            seen.last = max(seen.last, one.at)
        if rerun or one.outcome == "passed":
            seen.passed_on.add(one.commit)
        seen.both += rerun and not one.commit
    found: dict[str, list[FlakyTest]] = {}
    for (owner, framework, name), seen in sums.items():
        changed = len((seen.failed_on & seen.passed_on) - {""}) + bool(seen.both)
        if changed:
            of = len(seen.failed_on - {""}) + ("" in seen.failed_on)
            found.setdefault(owner, []).append(
                FlakyTest(
                    owner, framework, name, seen.runs, seen.fails, seen.reruns, seen.minutes, seen.last,
                    odds(changed, max(of, changed)),
                )
            )  # fmt: skip
    return {owner: sorted(many, key=_costliest) for owner, many in found.items()}


def _costliest(test: FlakyTest) -> tuple[float, int, str, str]:
    return (-test.lost_minutes, -test.fails, test.project, test.name)


def renamed(trends: Trends, name: Callable[[str], str]) -> Trends:
    """The trends with every name of a project, branch or test put through `name` (a masker)."""

    def of(view: View) -> View:
        return replace(
            view,
            project=None if view.project is None else name(view.project),
            branch=None if view.branch is None else name(view.branch),
            flaky=tuple(replace(test, project=name(test.project), name=name(test.name)) for test in view.flaky),
        )

    return replace(
        trends,
        views=tuple(of(view) for view in trends.views),
        projects=tuple(of(view) for view in trends.projects),
        others=None if trends.others is None else of(trends.others),
    )
