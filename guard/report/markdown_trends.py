"""Trends → Markdown for a wiki, a comment or a job's page; names of projects and tests stand in it as code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from guard.report.amounts import NONE, clean, count, day, duration, minutes, money, percent, span
from guard.report.posterior import Odds
from guard.report.trends.values import STATUSES, Trends

_MOST = 10
_MOST_STEPS = 14


def markdown(trends: Trends) -> str:
    """The whole page, ending with a newline."""
    return "\n".join(_lines(trends)) + "\n"


def _lines(trends: Trends) -> Iterator[str]:
    whole = trends.whole
    yield "## Build health"
    yield ""
    when = f", {span(trends.first, trends.last)}" if trends.first and trends.last else ""
    where = "".join(f", {word} {code(value)}" for word, value in (("project", trends.project), ("branch", trends.branch)) if value)
    yield f"{count(whole.total, 'run')}{when}{where}."
    yield ""
    heal = whole.heal
    yield from _table(
        ("", ""),
        [
            ("Heal rate", f"{rate(heal)}, {heal.successes:,} of {heal.trials:,} ({interval(heal)})" if heal.trials else "nothing to heal"),
            ("Time to green, healed runs", _times(whole.healed_after.median_s, whole.healed_after.p90_s)),
            ("Time to green, red runs", _times(whole.fixed_after.median_s, whole.fixed_after.p90_s)),
            ("Rescued", f"{minutes(whole.rescued_s)}, {code_free(money(trends.money(whole.rescued_s), trends.currency))}"),
            ("Wasted", f"{minutes(whole.wasted_s)}, {code_free(money(trends.money(whole.wasted_s), trends.currency))}"),
            ("Red right now", count(whole.still_red, "command")),
        ],
    )
    yield from _section(
        "Causes", ("Cause", "Runs", "Healed", "Red", "Lost"),
        [(code(one.label), f"{one.runs:,}", f"{one.healed:,}", f"{one.red:,}", minutes(one.lost_s)) for one in whole.causes],
    )  # fmt: skip
    yield from _section(
        "Remedies", ("Remedy", "Tried", "Healed", "Odds (95 %)"),
        [
            (code(one.remedy), f"{one.odds.trials:,}", f"{one.odds.successes:,}", f"{percent(one.odds.probability)} ({interval(one.odds)})")
            for one in whole.remedies
        ],
    )  # fmt: skip
    yield from _section(
        "Flaky tests", ("Test", "Minutes lost", "Failed, of runs seen", "Passed on rerun", "Flaky (95 %)", "Last seen"),
        [
            (
                code(one.name), f"{one.lost_minutes:,.1f}", f"{one.fails:,} of {one.runs:,}", f"{one.passed_on_rerun:,}",
                f"{percent(one.flaky.probability)} ({interval(one.flaky)})", code_free(day(one.last_seen)),
            )
            for one in whole.flaky
        ],
    )  # fmt: skip
    steps = list(whole.steps[-_MOST_STEPS:])
    heading = f"Trend by {trends.step}" + (f", the last {_MOST_STEPS}" if len(whole.steps) > _MOST_STEPS else "")
    yield from _section(
        heading, (trends.step.capitalize(), "Passed at once", "Healed", "Red", "Interrupted", "Rescued", "Wasted"),
        [(day(one.begin), *(f"{one.runs[status]:,}" for status in STATUSES), minutes(one.rescued_s), minutes(one.wasted_s)) for one in steps],
        len(steps),
    )  # fmt: skip


def _section(heading: str, head: Sequence[str], rows: Sequence[Sequence[str]], most: int = _MOST) -> Iterator[str]:
    if not rows:
        return
    yield f"### {heading}"
    yield ""
    yield from _table(head, rows[:most])
    if len(rows) > most:
        yield f"The first {most} of {len(rows):,}."
        yield ""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| --- |{' ---: |' * (len(head) - 1)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def code(text: str) -> str:
    """Text of others as code: no mention, link, image or markup of it means anything, in a table too."""
    shown = clean(text).replace("|", "\\|") or " "
    fence = "`" * (max((len(row) for row in re.findall("`+", shown)), default=0) + 1)
    # A backtick at an edge needs a space between itself and the fence.
    edge = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{edge}{shown}{edge}{fence}"


def code_free(text: str) -> str:
    """A number with a unit that came from settings or rows: nothing of Markdown in it."""
    return re.sub(r"([^\w\s.,+:\-–$€£¥%])", r"\\\1", clean(text))


def rate(odds: Odds) -> str:
    """What share was seen."""
    return percent(odds.successes / odds.trials) if odds.trials else NONE


def interval(odds: Odds) -> str:
    """`51–61 %`."""
    return f"{odds.low * 100:.0f}–{odds.high * 100:.0f} %"


def _times(median: float | None, p90: float | None) -> str:
    return f"median {duration(median)}, nine of ten within {duration(p90)}" if median is not None else NONE
