"""One view of the trends → its section of the page: tiles, charts with their numbers, tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape

from guard.report import svg
from guard.report.amounts import NONE, axis_day, clean, count, day, duration, minutes, money, percent
from guard.report.posterior import Odds
from guard.report.svg import Frame, Series
from guard.report.trends.values import STATUSES, Trends, View

_WORDS = {"passed": "passed at once", "healed": "healed", "failed": "red", "interrupted": "interrupted"}
_MOST_ROWS = 10
_MOST_TESTS = 20
# Widths of a whole card, of half a card, and of a phone.
_WHOLE, _HALF, _PHONE = 900, 430, 330


def section(view: View, name: str, trends: Trends, index: str = "") -> str:
    """The section with the id `name`; `index` is put before its end."""
    whole = view is trends.whole
    attributes = "".join(
        f' data-{key}="{escape(clean(value))}"'
        for key, value in (("project", view.project), ("branch", view.branch))
        if value is not None
    )
    heading = "" if whole else f'<h2 class="selection">{escape(title(view))}</h2><p class="small"><a href="#">Show everything</a></p>'
    body = _body(view, name, trends) if view.total else '<p class="lead">No runs yet.</p>'
    return f'<section class="view{" whole" if whole else ""}" id="{name}"{attributes}>{heading}{body}{index}</section>'


def title(view: View) -> str:
    """`shop, branch main`; of several projects `all projects, branch main`."""
    parts = ["all projects" if view.project is None else _named(view.project)]
    if view.branch is not None:
        parts.append(f"branch {_named(view.branch)}")
    return ", ".join(parts)


def index(views: Sequence[View], names: Sequence[str], trends: Trends) -> str:
    """The table of projects and branches, each leading to its view; "" where there is only one."""
    if not views:
        return ""
    rows = [
        [
            f'<a href="#{name}">{escape(title(view))}</a>', f"{view.total:,}", f"{view.runs['healed']:,}",
            f"{view.runs['failed']:,}", _rate(view.heal), duration(view.healed_after.median_s), minutes(view.rescued_s),
        ]
        for view, name in zip(views, names, strict=True)
    ]  # fmt: skip
    head = ("Project and branch", "Runs", "Healed", "Red", "Heal rate", "Healed in (median)", "Rescued")
    more = (
        f'<p class="small muted">{count(trends.left_out_views, "smaller one")} counted above, without a row here: '
        "<code>--project</code> and <code>--branch</code> show any.</p>"
        if trends.left_out_views
        else ""
    )
    return _card("Projects and branches", "", _table(head, rows) + more)


def _body(view: View, name: str, trends: Trends) -> str:
    parts = [f'<p class="lead">{escape(lead(view))}</p>', _tiles(view, trends), _runs_chart(view, name, trends), _minutes_chart(view, name, trends)]
    pair = [_causes(view, name), _remedies(view, name)]
    parts.append(f'<div class="pair">{"".join(pair)}</div>')
    if view.branch is None:
        parts.append(_flaky(view, trends))
    return "".join(parts)


def lead(view: View) -> str:
    """The view in one or two sentences."""
    began_red = view.heal.trials
    if not began_red:
        return f"All {count(view.total, 'run')} passed at their first attempt or were interrupted."
    sentence = f"{count(began_red, 'run')} began red; {count(view.heal.successes)} of them healed without anyone's help."
    if view.still_red:
        sentence += f" {count(view.still_red, 'command is', 'commands are')} red right now."
    return sentence


def _tiles(view: View, trends: Trends) -> str:
    fixed = view.fixed_after
    tiles = [
        (
            "Heal rate",
            _rate(view.heal),
            f"{view.heal.successes:,} of {view.heal.trials:,}; {_range(view.heal)}" if view.heal.trials else "nothing to heal",
        ),
        ("Time to green, healed", duration(view.healed_after.median_s), _spread(view.healed_after.p90_s, view.healed_after.count, "run")),
        ("Time to green, red", duration(fixed.median_s), _spread(fixed.p90_s, fixed.count, "time")),
        ("Rescued", minutes(view.rescued_s), f"{money(trends.money(view.rescued_s), trends.currency)} against {money(trends.money(view.wasted_s), trends.currency)} ({minutes(view.wasted_s)}) wasted"),
    ]  # fmt: skip
    return '<ul class="tiles">' + "".join(
        f"<li><span>{escape(head)}</span><b>{escape(figure)}</b><span>{_together(note)}</span></li>" for head, figure, note in tiles
    ) + "</ul>"  # fmt: skip


def _spread(p90_s: float | None, number: int, word: str) -> str:
    return f"median of {count(number, word)}; nine of ten within {duration(p90_s)}" if number else "not seen yet"


def _runs_chart(view: View, name: str, trends: Trends) -> str:
    labels = [day(step.begin) for step in view.steps]
    series = [Series(_WORDS[one], f"s-{one}", [step.runs[one] for step in view.steps]) for one in STATUSES]
    series = [one for one in series if sum(one.values)]
    said = ", ".join(f"{sum(one.values):,} {one.name}" for one in series)
    heading = f"Runs by {trends.step}"
    charts = _both(_WHOLE, name, "runs", heading, f"{said}, from {labels[0]} to {labels[-1]}." if labels else said, lambda frame: svg.columns(frame, _axis(view, trends), series, ""))
    rows = [
        [escape(label), *(f"{step.runs[one]:,}" for one in STATUSES)]
        for label, step in zip(labels, view.steps, strict=True)
    ]
    table = _details(f"Numbers by {trends.step}", _table((trends.step.capitalize(), *(_WORDS[one].capitalize() for one in STATUSES)), rows))
    return _card(heading, "", f"<figure>{charts}{_legend(series)}</figure>{table}")


def _minutes_chart(view: View, name: str, trends: Trends) -> str:
    labels = [day(step.begin) for step in view.steps]
    up = Series("rescued", "s-healed", [step.rescued_s / 60 for step in view.steps])
    down = Series("wasted", "s-failed", [step.wasted_s / 60 for step in view.steps])
    if not sum(up.values) + sum(down.values):
        return ""
    said = f"{minutes(view.rescued_s)} rescued, {minutes(view.wasted_s)} wasted."
    charts = _both(_WHOLE, name, "minutes", "Minutes rescued and wasted", said, lambda frame: svg.opposed(frame, _axis(view, trends), up, down, "min", 200))
    rows = [
        [escape(label), f"{step.rescued_s / 60:,.1f}", f"{step.wasted_s / 60:,.1f}", *(escape(money(trends.money(one), trends.currency)) for one in (step.rescued_s, step.wasted_s))]
        for label, step in zip(labels, view.steps, strict=True)
    ]
    head = (trends.step.capitalize(), "Rescued, min", "Wasted, min", "Rescued", "Wasted")
    table = _details(f"Numbers by {trends.step}", _table(head, rows))
    return _card("Minutes rescued and wasted", "Rescued above the line, wasted below it.", f"<figure>{charts}{_legend([up, down])}</figure>{table}")


def _axis(view: View, trends: Trends) -> list[str]:
    return [axis_day(step.begin, trends.step) for step in view.steps]


def _causes(view: View, name: str) -> str:
    causes = view.causes[:_MOST_ROWS]
    if not causes:
        return ""
    series = [
        Series("healed", "s-healed", [one.healed for one in causes]),
        Series("stayed red", "s-failed", [one.red for one in causes]),
    ]
    said = "; ".join(f"{one.label}: {one.healed} healed, {one.red} red" for one in causes)
    labels = [one.label for one in causes]
    notes = [count(one.runs, "run") for one in causes]
    charts = _both(_HALF, name, "causes", "Why runs began red", said, lambda frame: svg.bars(frame, labels, series, notes))
    rows = [
        [escape(clean(one.label)), f"{one.runs:,}", f"{one.healed:,}", f"{one.red:,}", f"{one.distinct:,}", minutes(one.lost_s)]
        for one in view.causes
    ]
    table = _details("Numbers", _table(("Cause", "Runs", "Healed", "Red", "Different", "Lost"), rows))
    return _card("Why runs began red", _more(len(view.causes), _MOST_ROWS, "causes"), f"<figure>{charts}{_legend(series)}</figure>{table}")


def _remedies(view: View, name: str) -> str:
    if view.branch is not None or not view.remedies:
        return ""
    remedies = view.remedies[:_MOST_ROWS]
    points = [(one.odds.probability, one.odds.low, one.odds.high) for one in remedies]
    notes = [f"{one.odds.successes:,} of {one.odds.trials:,}" for one in remedies]
    said = "; ".join(f"{one.remedy}: {percent(one.odds.probability)}, {_range(one.odds)}" for one in remedies)
    labels = [one.remedy for one in remedies]
    charts = _both(_HALF, name, "remedies", "What helps", said, lambda frame: svg.ranges(frame, labels, points, notes))
    rows = [
        [escape(clean(one.remedy)), f"{one.odds.trials:,}", f"{one.odds.successes:,}", percent(one.odds.probability), _interval(one.odds)]
        for one in view.remedies
    ]
    table = _details("Numbers", _table(("Remedy", "Tried", "Healed", "Odds", "95 %"), rows))
    return _card("What helps", "How likely each remedy heals, with its 95 % range.", f"<figure>{charts}</figure>{table}")


def _flaky(view: View, trends: Trends) -> str:
    if not view.flaky:
        return ""
    several = len({one.project for one in view.flaky}) > 1
    rows = [
        [
            escape(clean(one.name)) + (f'<br><span class="muted small">{escape(clean(one.project))}</span>' if several else ""),
            f"{one.lost_minutes:,.1f}", f"{one.fails:,} of {one.runs:,}", f"{one.passed_on_rerun:,}",
            f"{percent(one.flaky.probability)} ({_interval(one.flaky)})", escape(day(one.last_seen)),
        ]
        for one in view.flaky[:_MOST_TESTS]
    ]  # fmt: skip
    head = ("Test", "Minutes lost", "Failed, of runs seen", "Passed on rerun", "Flaky (95 %)", "Last seen")
    cost = sum(one.lost_minutes for one in view.flaky)
    note = (
        f"{count(view.flaky_count, 'test')} failed and passed on the same code and cost {minutes(cost * 60)} "
        f"({money(trends.money(cost * 60), trends.currency)}). {_more(view.flaky_count, _MOST_TESTS, 'tests')}"
    )
    return _card("Flaky tests", note, _table(head, rows))


def _both(width: int, name: str, chart: str, heading: str, said: str, draw: Callable[[Frame], str]) -> str:
    """A chart at the width of its card and at that of a phone: text stays readable on both, one of them is shown."""
    return "".join(
        draw(Frame(f"{name}-{chart}-{css}", heading, clean(said, 1000), wide, css))
        for css, wide in (("wide", width), ("narrow", _PHONE))
    )


def _card(heading: str, note: str, body: str) -> str:
    said = f'<p class="small muted">{escape(note)}</p>' if note else ""
    return f'<div class="card"><h2>{escape(heading)}</h2>{said}{body}</div>'


def _legend(series: Sequence[Series]) -> str:
    return '<ul class="legend">' + "".join(f'<li><i class="{one.css}"></i>{escape(one.name)}</li>' for one in series) + "</ul>"


def _details(heading: str, table: str) -> str:
    return f"<details><summary>{escape(heading)}</summary>{table}</details>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table that scrolls by itself where it is too wide; cells are HTML, already escaped."""
    top = "".join(f'<th scope="col">{escape(one)}</th>' for one in head)
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>' for row in rows
    )
    return f'<div class="scroll" tabindex="0"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _rate(odds: Odds) -> str:
    return percent(odds.successes / odds.trials) if odds.trials else NONE


def _range(odds: Odds) -> str:
    return f"95 % range {_interval(odds)}"


def _interval(odds: Odds) -> str:
    return f"{odds.low * 100:.0f}–{odds.high * 100:.0f} %"


def _named(text: str | None) -> str:
    return clean(text) if text else "(none)"


def _more(found: int, shown: int, word: str) -> str:
    return f"The first {shown} of {found:,} {word}." if found > shown else ""


def _together(text: str) -> str:
    """Escaped, and no line begins with a unit."""
    return re.sub(r"(?<=\d) (?=%|min|h\b|s\b|days)", "&nbsp;", escape(text))
