"""Trends → the JSON document `pipeguard.report/1` (guard/schema/report.schema.json)."""

from __future__ import annotations

from typing import Any

from guard.report.posterior import INTERVAL, Odds
from guard.report.trends.values import Durations, Trends, View

SCHEMA = "pipeguard.report/1"


def report_object(trends: Trends, made_at: str) -> dict[str, Any]:
    """The JSON object; times in seconds, money in `currency`, shares from 0 to 1."""
    return {
        "schema": SCHEMA,
        "made_at": made_at,
        "filters": {"since": trends.since, "until": trends.until, "project": trends.project, "branch": trends.branch},
        "first_run": trends.first,
        "last_run": trends.last,
        "step": trends.step,
        "price_per_minute": trends.price_per_minute,
        "currency": trends.currency,
        "interval": INTERVAL,
        "left_out_views": trends.left_out_views,
        "views": [_view(view, trends) for view in trends.views],
    }


def _view(view: View, trends: Trends) -> dict[str, Any]:
    return {
        "project": view.project,
        "branch": view.branch,
        "runs": {**view.runs, "total": view.total},
        "heal_rate": _odds(view.heal),
        "time_to_green": {"healed": _durations(view.healed_after), "red": _durations(view.fixed_after)},
        "still_red": view.still_red,
        "rescued_s": round(view.rescued_s, 3),
        "wasted_s": round(view.wasted_s, 3),
        "rescued_cost": round(trends.money(view.rescued_s), 4),
        "wasted_cost": round(trends.money(view.wasted_s), 4),
        "causes": [
            {
                "label": one.label, "family": one.family, "runs": one.runs, "healed": one.healed, "red": one.red,
                "distinct": one.distinct, "lost_s": round(one.lost_s, 3),
            }
            for one in view.causes
        ],
        "remedies": [{"remedy": one.remedy, **_odds(one.odds)} for one in view.remedies],
        "flaky_tests": [
            {
                "project": one.project, "framework": one.framework, "name": one.name, "seen": one.runs, "failed": one.fails,
                "passed_on_rerun": one.passed_on_rerun, "lost_minutes": round(one.lost_minutes, 3),
                "last_seen": one.last_seen, "flaky": _odds(one.flaky),
            }
            for one in view.flaky
        ],
        "trend": [
            {"begin": one.begin, "runs": dict(one.runs), "rescued_s": round(one.rescued_s, 3), "wasted_s": round(one.wasted_s, 3)}
            for one in view.steps
        ],
    }  # fmt: skip


def _odds(odds: Odds) -> dict[str, Any]:
    return {
        "successes": odds.successes,
        "trials": odds.trials,
        "rate": round(odds.successes / odds.trials, 6) if odds.trials else None,
        "posterior": round(odds.probability, 6),
        "low": round(odds.low, 6),
        "high": round(odds.high, 6),
    }


def _durations(found: Durations) -> dict[str, Any]:
    return {
        "count": found.count,
        "total_s": round(found.total_s, 3),
        "median_s": None if found.median_s is None else round(found.median_s, 3),
        "p90_s": None if found.p90_s is None else round(found.p90_s, 3),
    }
