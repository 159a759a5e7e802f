"""Rows of a history → trends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from guard.report.trends.cell import Cell
from guard.report.trends.flaky import flaky_by_project
from guard.report.trends.moments import within
from guard.report.trends.red_spells import RedSpells
from guard.report.trends.rows import RunLike, TestLike, TrialLike
from guard.report.trends.steps import Calendar
from guard.report.trends.values import Trends, View
from guard.report.trends.views import Views


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
    cells: dict[tuple[str, str], Cell] = {}
    spells = RedSpells()
    first: str | None = None
    last: str | None = None
    days: set[str] = set()
    for row in rows:
        place = (row.project, row.branch)
        cell = cells.get(place)
        if cell is None:
            cell = cells[place] = Cell()
        cell.add(row)
        spells.add(row)
        days.add(row.day)
        at = row.started_at
        first = at if first is None or at < first else first
        last = at if last is None or at > last else last
    spells.settle(cells)
    calendar = Calendar(days)
    tried = _trials_by_project(trials, since, until, project)
    seen = flaky_by_project(tests, since, until, project)
    views = Views(cells, calendar, tried, seen)
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


def _trials_by_project(
    trials: Iterable[TrialLike], since: str | None, until: str | None, project: str | None
) -> dict[str, Counter[tuple[str, bool]]]:
    found: dict[str, Counter[tuple[str, bool]]] = {}
    for one in trials:
        if within(one.at, since, until) and project in (None, one.project):
            found.setdefault(one.project, Counter())[one.remedy, bool(one.healed)] += 1
    return found


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
