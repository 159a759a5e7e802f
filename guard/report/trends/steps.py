"""Days → the bars of a trend: the steps between the first day and the last, the empty ones included."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from guard.report.trends.cell import Cell
from guard.report.trends.moments import day as date_of
from guard.report.trends.values import STATUSES, Step

_MOST_STEPS = 92
_STEPS = {"day": 1, "week": 7, "month": 31}


class Calendar:
    """Which step suits the days: a day, a week, a month or a year, so that a chart has a hundred bars at most."""

    def __init__(self, days: Iterable[str]) -> None:
        """`days` as rows have them, in any order; those that no calendar has are left out."""
        known = sorted(day for day in map(date_of, days) if day is not None)
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

    def steps(self, cell: Cell) -> tuple[Step, ...]:
        """The bars of one cell."""
        runs = {begin: dict.fromkeys(STATUSES, 0) for begin in self.begins}
        rescued, wasted = dict.fromkeys(self.begins, 0.0), dict.fromkeys(self.begins, 0.0)
        for (text, status), count in cell.by_day.items():
            day = date_of(text)
            if day is not None and status in STATUSES:
                runs[self._begin(day)][status] += count
        for sums, parts in ((rescued, cell.rescued), (wasted, cell.wasted)):
            for text, seconds in parts.items():
                day = date_of(text)
                if day is not None:
                    sums[self._begin(day)] += seconds
        return tuple(Step(at.isoformat(), runs[at], rescued[at], wasted[at]) for at in self.begins)
