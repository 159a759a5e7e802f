"""Trends → the short table that `guard report` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from guard.report.amounts import clean, count, duration, minutes, money, percent, span
from guard.report.markdown_trends import interval, rate
from guard.report.trends.values import Trends

_MOST = 5
_NAME = 48


def lines(trends: Trends) -> Iterator[str]:
    """A screen at most."""
    whole = trends.whole
    when = f", {span(trends.first, trends.last)}" if trends.first and trends.last else ""
    runs = whole.runs
    yield f"{count(whole.total, 'run')}{when}: {runs['passed']:,} passed at once, {runs['healed']:,} healed, {runs['failed']:,} red, {runs['interrupted']:,} interrupted"
    heal = whole.heal
    if heal.trials:
        yield f"heal rate        {rate(heal)} ({heal.successes:,} of {heal.trials:,}; 95 % range {interval(heal)})"
    for name, found in (("healed", whole.healed_after), ("red", whole.fixed_after)):
        if found.count:
            yield f"time to green    {name}: median {duration(found.median_s)}, nine of ten within {duration(found.p90_s)}"
    yield (
        f"rescued          {minutes(whole.rescued_s)} ({money(trends.money(whole.rescued_s), trends.currency)}) "
        f"against {minutes(whole.wasted_s)} ({money(trends.money(whole.wasted_s), trends.currency)}) wasted"
    )
    if whole.still_red:
        yield f"red right now    {count(whole.still_red, 'command')}"
    yield from _block("cause", ("runs", "healed", "red", "lost"), [(one.label, f"{one.runs:,}", f"{one.healed:,}", f"{one.red:,}", minutes(one.lost_s)) for one in whole.causes])
    yield from _block("remedy", ("tried", "healed", "odds", "95 %"), [(one.remedy, f"{one.odds.trials:,}", f"{one.odds.successes:,}", percent(one.odds.probability), interval(one.odds)) for one in whole.remedies])
    yield from _block("flaky test", ("lost", "failed", "rerun", "flaky"), [(one.name, f"{one.lost_minutes:,.1f} min", f"{one.fails:,}", f"{one.passed_on_rerun:,}", percent(one.flaky.probability)) for one in whole.flaky])


def _block(first: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if not rows:
        return
    yield ""
    yield f"{first:<{_NAME}}" + "".join(f"{one:>10}" for one in head)
    for row in rows[:_MOST]:
        yield f"{_tail(row[0]):<{_NAME}}" + "".join(f"{one:>10}" for one in row[1:])
    if len(rows) > _MOST:
        yield f"… and {len(rows) - _MOST:,} more"


def _tail(name: str) -> str:
    """The end of a name that is too long: there it differs from its neighbours."""
    shown = clean(name, 4000)
    return shown if len(shown) < _NAME else "…" + shown[-(_NAME - 2) :]
