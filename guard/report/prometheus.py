"""Trends → metrics in Prometheus's text format, version 0.0.4 (prometheus.io, "Exposition formats").

All are gauges and summaries of the runs that were asked for: a history forgets by age and size, so its sums fall at
times, and a counter that falls would be read as one that began anew. Names and units follow the conventions: base
units, the unit in the name, ratios from 0 to 1. No label holds what a log can say: labels and statuses are closed sets,
remedies are guard's and the user's own strategies, projects are the 50 largest by themselves and all others together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timezone

from guard import __version__
from guard.report.amounts import clean
from guard.report.trends.values import STATUSES, Durations, RemedyOdds, Trends, View

OTHERS = "(others)"
MOST_REMEDIES = 100
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Labels = Sequence[tuple[str, str]]


def exposition(trends: Trends, made_at: str) -> str:
    """The whole text, ending with a newline; `made_at` is a moment in ISO 8601."""
    return "".join(f"{line}\n" for line in _lines(trends, made_at))


def _lines(trends: Trends, made_at: str) -> Iterator[str]:
    named = _projects(trends)
    money = [("currency", trends.currency)]
    yield from _family("pipeguard_info", "gauge", "The version of pipeguard that wrote this.", [((("version", __version__),), 1)])
    yield from _family("pipeguard_report_timestamp_seconds", "gauge", "When this was written, in Unix time.", [((), _unix(made_at))])
    yield from _family(
        "pipeguard_report_runs_timestamp_seconds", "gauge", "Start of the first and the last run counted here, in Unix time.",
        [((("run", name),), _unix(at)) for name, at in (("first", trends.first), ("last", trends.last)) if at is not None],
    )  # fmt: skip
    yield from _family(
        "pipeguard_runs", "gauge", "Runs by how they ended.",
        [((*owner, ("status", status)), view.runs[status]) for owner, view in named for status in STATUSES],
    )  # fmt: skip
    yield from _family(
        "pipeguard_heal_ratio", "gauge", "Healed runs among those whose first attempt failed.",
        [(owner, view.heal.successes / view.heal.trials) for owner, view in named if view.heal.trials],
    )  # fmt: skip
    yield from _summaries(
        "pipeguard_time_to_green_seconds", "From the start of a run that began red, or of a red spell, to its green.",
        [((*owner, ("by", by)), found) for owner, view in named for by, found in (("heal", view.healed_after), ("next_run", view.fixed_after))],
    )  # fmt: skip
    yield from _family("pipeguard_red_commands", "gauge", "Commands whose last run is red.", [(owner, view.still_red) for owner, view in named])
    yield from _family("pipeguard_rescued_seconds", "gauge", "Time that healing saved over running again.", [(owner, view.rescued_s) for owner, view in named])
    yield from _family("pipeguard_wasted_seconds", "gauge", "Time of attempts and waits that did not end green.", [(owner, view.wasted_s) for owner, view in named])
    yield from _family("pipeguard_rescued_cost", "gauge", "The same as pipeguard_rescued_seconds in money.", [((*owner, *money), trends.money(view.rescued_s)) for owner, view in named])
    yield from _family("pipeguard_wasted_cost", "gauge", "The same as pipeguard_wasted_seconds in money.", [((*owner, *money), trends.money(view.wasted_s)) for owner, view in named])
    yield from _family(
        "pipeguard_red_runs", "gauge", "Runs whose first attempt failed, by cause and by how they ended.",
        [
            ((*owner, ("label", cause.label), ("outcome", outcome)), number)
            for owner, view in named
            for cause in view.causes
            for outcome, number in (("healed", cause.healed), ("red", cause.red))
        ],
    )  # fmt: skip
    yield from _family(
        "pipeguard_lost_seconds", "gauge", "Time of red runs, and of healed ones before their green attempt, by cause.",
        [((*owner, ("label", cause.label)), cause.lost_s) for owner, view in named for cause in view.causes],
    )  # fmt: skip
    remedies = _remedies(trends.whole)
    yield from _family(
        "pipeguard_remedy_trials", "gauge", "Remedies tried, by whether the command passed with them.",
        [
            ((("remedy", one.remedy), ("outcome", outcome)), number)
            for one in remedies
            for outcome, number in (("healed", one.odds.successes), ("red", one.odds.trials - one.odds.successes))
        ],
    )  # fmt: skip
    yield from _family(
        "pipeguard_remedy_heal_ratio", "gauge", "How likely a remedy heals: the posterior's mean, and the bounds of its 95 % interval.",
        [
            ((("remedy", one.remedy), ("bound", bound)), value)
            for one in remedies
            for bound, value in (("mean", one.odds.probability), ("low", one.odds.low), ("high", one.odds.high))
        ],
    )  # fmt: skip
    # A branch filter leaves tests out: they are kept per project.
    yield from _family("pipeguard_flaky_tests", "gauge", "Tests that failed and passed on the same code.", [(owner, view.flaky_count) for owner, view in named])
    yield from _family(
        "pipeguard_flaky_tests_lost_seconds", "gauge", "Time that flaky tests cost.",
        [(owner, sum(test.lost_minutes for test in view.flaky) * 60) for owner, view in named],
    )  # fmt: skip


def _projects(trends: Trends) -> list[tuple[Labels, View]]:
    """Each project's labels and view, no two alike; their sum is the whole."""
    views = [(clean(view.project or ""), view) for view in trends.projects]
    if trends.others is not None:
        views.append((OTHERS, trends.others))
    found: list[tuple[Labels, View]] = []
    taken: set[str] = set()
    for name, view in views or [(clean(trends.project or ""), trends.whole)]:
        # Names that differ in what cannot be shown, or beyond what is shown, must not make one series twice.
        own = next(one for one in (name, *(f"{name} ({number})" for number in range(2, len(views) + 2))) if one not in taken)
        taken.add(own)
        found.append(((("project", own),), view))
    return found


def _remedies(whole: View) -> list[RemedyOdds]:
    """The most tried, no two of which are shown alike: strategies have the names that a user, or an imported file, gives them."""
    found: dict[str, RemedyOdds] = {}
    for one in whole.remedies[:MOST_REMEDIES]:
        found.setdefault(clean(one.remedy), one)
    return list(found.values())


def _family(name: str, kind: str, text: str, samples: Iterable[tuple[Labels, float]]) -> Iterator[str]:
    """HELP, TYPE and the samples; nothing for a family without any."""
    rows = [f"{name}{_labels(labels)} {_number(value)}" for labels, value in samples]
    if rows:
        yield f"# HELP {name} {text}"
        yield f"# TYPE {name} {kind}"
        yield from rows


def _summaries(name: str, text: str, samples: Iterable[tuple[Labels, Durations]]) -> Iterator[str]:
    rows = []
    for labels, found in samples:
        if found.median_s is not None and found.p90_s is not None:
            rows.append(f"{name}{_labels((*labels, ('quantile', '0.5')))} {_number(found.median_s)}")
            rows.append(f"{name}{_labels((*labels, ('quantile', '0.9')))} {_number(found.p90_s)}")
        rows.append(f"{name}_sum{_labels(labels)} {_number(found.total_s)}")
        rows.append(f"{name}_count{_labels(labels)} {found.count}")
    if rows:
        yield f"# HELP {name} {text}"
        yield f"# TYPE {name} summary"
        yield from rows


def _labels(labels: Labels) -> str:
    inner = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels)
    return f"{{{inner}}}" if inner else ""


def _escaped(value: str) -> str:
    """Backslash, quote and line feed, as the format says; no control character survives `clean`."""
    return clean(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.6f}".rstrip("0").rstrip(".")


def _unix(moment: str) -> float:
    try:
        found = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    except ValueError:
        return 0
    return (found if found.tzinfo is not None else found.replace(tzinfo=timezone.utc)).timestamp()
