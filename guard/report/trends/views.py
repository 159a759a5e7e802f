"""Cells → views: of the whole, of each project, of its branches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from guard.report.posterior import odds
from guard.report.trends.cell import Cell
from guard.report.trends.flaky import costliest
from guard.report.trends.quantiles import durations
from guard.report.trends.steps import Calendar
from guard.report.trends.values import STATUSES, Cause, FlakyTest, RemedyOdds, View
from guard.types import LABELS

MOST_PROJECTS = 8
MOST_BRANCHES = 5
"""Of each project: what has a view of its own on a page; all count in the sums."""
MOST_SERIES = 50
"""Projects that metrics tell apart."""


class Views:
    """All views of what was asked for."""

    def __init__(
        self,
        cells: Mapping[tuple[str, str], Cell],
        calendar: Calendar,
        tried: Mapping[str, Counter[tuple[str, bool]]],
        seen: Mapping[str, list[FlakyTest]],
    ) -> None:
        """Cells by (project, branch); by project `tried`: trials of (remedy, healed), `seen`: flaky tests."""
        self.cells, self.calendar, self.tried, self.seen = cells, calendar, tried, seen
        self.branches: dict[str, list[str]] = {}
        by_project: dict[str, Cell] = {}
        for (owner, branch), cell in cells.items():
            self.branches.setdefault(owner, []).append(branch)
            by_project.setdefault(owner, Cell()).take(cell)
        ranked = sorted(by_project, key=lambda owner: (-by_project[owner].runs.total(), owner))
        self.projects = tuple(self._of(by_project[owner], owner, None, [owner]) for owner in ranked[:MOST_SERIES])
        self.others = self._sum(None, [by_project[owner] for owner in ranked[MOST_SERIES:]], ranked[MOST_SERIES:])
        # Remedies and tests may have been kept longer than the runs.
        everyone = [*ranked, *({*tried, *seen} - {*ranked})]
        self.whole = self._sum(None, list(by_project.values()), everyone) or self._of(Cell(), None, None, everyone)
        self.shared = self._shared()
        several = [owner for owner in self.branches if len(self.branches[owner]) > 1]
        self.count = 1 + len(self.shared) + (len(ranked) if len(ranked) > 1 else 0) + sum(len(self.branches[owner]) for owner in several)

    def _shared(self) -> list[tuple[str, Cell]]:
        """Branches that several projects have, each over all of them, the largest first."""
        owners: dict[str, list[str]] = {}
        for owner, names in self.branches.items():
            for name in names:
                owners.setdefault(name, []).append(owner)
        found = []
        for name, many in owners.items():
            if len(many) > 1:
                total = Cell()
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

    def _sum(self, project: str | None, cells: Sequence[Cell], owners: Sequence[str]) -> View | None:
        if not cells:
            return None
        total = Cell()
        for cell in cells:
            total.take(cell)
        return self._of(total, project, None, owners)

    def _of(self, cell: Cell, project: str | None, branch: str | None, owners: Sequence[str]) -> View:
        tried = Counter[tuple[str, bool]]()
        for owner in owners:
            tried.update(self.tried.get(owner, {}))
        flaky = [test for owner in owners for test in self.seen.get(owner, ())]
        return _view(cell, project, branch, self.calendar, tried, flaky)


def _view(
    cell: Cell,
    project: str | None,
    branch: str | None,
    calendar: Calendar,
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
        flaky=tuple(sorted(flaky, key=costliest)),
        flaky_count=len(flaky),
    )
