"""Rows made by hand → trends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from guard.history.rows import RunRow, TestRow, Trial
from guard.report.posterior import beta_below, beta_quantile, odds
from guard.report.trends.quantiles import quantile
from guard.report.trends.summing import trends
from guard.report.trends.views import MOST_BRANCHES, MOST_PROJECTS


def row(at: str, status: str, **given: Any) -> RunRow:
    """A run; `at` is `24T10:00` of November 2026, or a whole moment."""
    moment = at if len(at) > 10 else f"2026-11-{at}:00+00:00"
    values: dict[str, Any] = {
        "id": f"{at}{status}{given}", "started_at": moment, "day": moment[:10], "project": "shop", "branch": "main",
        "commit": "", "platform": "github", "command": "npm test", "status": status, "exit_code": 0, "duration_s": 60.0,
        "attempts": 1, "rescued_s": 0.0, "wasted_s": 0.0,
    }  # fmt: skip
    return RunRow(**{**values, **given})


def test_nothing_is_nothing() -> None:
    found = trends([])
    assert found.whole.total == 0
    assert found.first is None
    assert found.whole.heal.trials == 0
    assert found.whole.steps == ()


def test_heal_rate_counts_runs_that_began_red() -> None:
    rows = [row("01T10:00", "passed"), row("01T11:00", "healed"), row("01T12:00", "failed"), row("01T13:00", "interrupted")]
    whole = trends(rows).whole
    assert whole.runs == {"passed": 1, "healed": 1, "failed": 1, "interrupted": 1}
    assert (whole.heal.successes, whole.heal.trials) == (1, 2)
    assert whole.heal.low < 0.5 < whole.heal.high


def test_a_corrected_label_is_the_cause() -> None:
    rows = [
        row("01T10:00", "healed", label="network_timeout", fingerprint="a", wasted_s=30.0),
        row("01T11:00", "failed", label="network_timeout", corrected_label="test_failure", fingerprint="b"),
        row("01T12:00", "failed", label="", fingerprint=""),
    ]
    causes = {cause.label: cause for cause in trends(rows).whole.causes}
    assert (causes["network_timeout"].healed, causes["network_timeout"].red, causes["network_timeout"].lost_s) == (1, 0, 30.0)
    assert (causes["test_failure"].red, causes["test_failure"].lost_s, causes["test_failure"].distinct) == (1, 60.0, 1)
    assert causes["unknown"].red == 1


def test_time_to_green_of_healed_runs() -> None:
    rows = [row(f"{day:02}T10:00", "healed", duration_s=float(day)) for day in range(1, 12)]
    after = trends(rows).whole.healed_after
    assert (after.count, after.median_s, after.p90_s, after.total_s) == (11, 6.0, 10.0, 66.0)


def test_a_red_spell_lasts_until_the_next_green_run() -> None:
    rows = [
        row("01T10:00", "failed", commit="a"),
        row("01T11:00", "failed", commit="b"),
        row("01T12:00", "interrupted", commit="c"),
        row("01T13:00", "passed", commit="d", command="npm", duration_s=120.0),
        row("02T10:00", "failed", commit="e"),
    ]
    whole = trends(reversed(rows)).whole
    assert whole.fixed_after.count == 1
    assert whole.fixed_after.median_s == 3 * 3600 + 120
    assert whole.still_red == 1


def test_another_step_that_passes_ends_no_spell() -> None:
    """`npm ci` passes and `npm test` fails, twice; then both pass: the history knows of a pass only that it was npm."""
    rows = [
        row("01T10:00", "passed", commit="a", command="npm"), row("01T10:01", "failed", commit="a"),
        row("01T11:00", "passed", commit="b", command="npm"), row("01T11:01", "failed", commit="b"),
        row("01T12:00", "passed", commit="c", command="npm"), row("01T12:01", "passed", commit="c", command="npm"),
    ]  # fmt: skip
    whole = trends(rows).whole
    assert (whole.fixed_after.count, whole.fixed_after.median_s, whole.still_red) == (1, 7200 - 60 + 60.0, 0)


def test_a_heal_of_another_command_ends_no_spell() -> None:
    rows = [row("01T10:00", "failed"), row("01T11:00", "healed", command="npm ci")]
    assert trends(rows).whole.still_red == 1


def test_branches_have_spells_of_their_own() -> None:
    rows = [row("01T10:00", "failed"), row("01T11:00", "passed", branch="other")]
    assert trends(rows).whole.still_red == 1


def test_days_without_runs_are_shown() -> None:
    rows = [row("01T10:00", "passed"), row("04T10:00", "healed", rescued_s=300.0, wasted_s=20.0)]
    found = trends(rows)
    assert found.step == "day"
    assert [step.begin[-2:] for step in found.whole.steps] == ["01", "02", "03", "04"]
    assert [sum(step.runs.values()) for step in found.whole.steps] == [1, 0, 0, 1]
    assert (found.whole.steps[3].rescued_s, found.whole.steps[3].wasted_s) == (300.0, 20.0)
    assert (found.whole.rescued_s, found.whole.wasted_s) == (300.0, 20.0)


@pytest.mark.parametrize(
    ("last", "step", "count"),
    [("2026-03-31", "day", 90), ("2026-06-30", "week", 27), ("2028-12-31", "month", 36), ("2050-12-31", "year", 25)],
)
def test_long_times_have_longer_steps(last: str, step: str, count: int) -> None:
    found = trends([row("2026-01-01T00:00:00+00:00", "passed"), row(f"{last}T00:00:00+00:00", "failed")])
    assert (found.step, len(found.whole.steps)) == (step, count)
    assert sum(sum(one.runs.values()) for one in found.whole.steps) == 2


def test_a_day_of_no_calendar_is_left_out_of_the_trend() -> None:
    rows = [row("9999-12-31T00:00:00+00:00", "passed"), row("01T10:00", "passed"), row("01T10:00", "passed", day="today")]
    found = trends(rows)
    assert (found.whole.total, len(found.whole.steps)) == (3, 1)


def test_views_for_projects_and_branches() -> None:
    rows = [row("01T10:00", "passed"), row("01T11:00", "failed", branch="dev"), row("01T12:00", "healed", project="api")]
    views = [(view.project, view.branch, view.total) for view in trends(rows).views]
    assert views == [(None, None, 3), (None, "main", 2), ("shop", None, 2), ("shop", "dev", 1), ("shop", "main", 1), ("api", None, 1)]


def test_one_project_is_the_whole() -> None:
    rows = [row("01T10:00", "passed"), row("01T11:00", "failed", branch="dev")]
    assert [(view.project, view.branch) for view in trends(rows).views] == [(None, None), ("shop", "dev"), ("shop", "main")]


def test_what_has_no_view_is_counted() -> None:
    rows = [row("01T10:00", "passed", project=f"p{number:02}") for number in range(MOST_PROJECTS + 3)]
    rows = [replace(one, branch=one.project) for one in rows]
    rows += [row("01T10:00", "passed", project="p00", branch=f"b{number}") for number in range(MOST_BRANCHES + 1)]
    found = trends(rows)
    assert found.whole.total == len(rows)
    # Three projects, and two branches of p00.
    assert found.left_out_views == 3 + 2


def trial(remedy: str, healed: bool, **given: str) -> Trial:
    return Trial(remedy, "out_of_memory", "f", given.get("project", "shop"), healed, given.get("at", "2026-11-01T00:00:00+00:00"))


def test_remedies_with_their_odds() -> None:
    trials = [trial("raise_heap", True)] * 9 + [trial("raise_heap", False), trial("wait", False, project="api")]
    rows = [row("01T10:00", "healed"), row("01T10:00", "failed", project="api")]
    found = trends(rows, trials)
    best = found.whole.remedies[0]
    assert (best.remedy, best.odds.successes, best.odds.trials) == ("raise_heap", 9, 10)
    assert best.odds.low < 0.9 < best.odds.high
    by_project = {view.project: [one.remedy for one in view.remedies] for view in found.views}
    assert by_project["api"] == ["wait"]


def test_trials_and_tests_are_filtered() -> None:
    trials = [trial("wait", True, at="2026-10-01T00:00:00+00:00"), trial("wait", True, project="api")]
    found = trends([row("01T10:00", "healed")], trials, since="2026-11-01", project="shop")
    assert found.whole.remedies == ()


def failure(name: str, outcome: str, commit: str = "c", minutes: float = 1.0) -> TestRow:
    return TestRow("pytest", name, "shop", commit, "2026-11-01T00:00:00+00:00", outcome, minutes)


def test_flaky_tests_by_minutes_lost() -> None:
    tests = [
        failure("t_slow", "passed_on_rerun", "a", 10.0),
        failure("t_quick", "passed_on_rerun", "a"),
        failure("t_quick", "passed_on_rerun", "b"),
        failure("t_broken", "failed", "a", 100.0),
        failure("t_broken", "failed", "b", 100.0),
    ]
    flaky = trends([row("01T10:00", "failed")], (), tests).whole.flaky
    assert [(one.name, one.lost_minutes, one.flaky.successes, one.flaky.trials) for one in flaky] == [
        ("t_slow", 10.0, 1, 1),
        ("t_quick", 2.0, 2, 2),
    ]


def test_passes_are_runs_of_a_test_and_cost_nothing() -> None:
    tests = [
        TestRow("pytest", "a", "shop", commit, f"2026-11-0{day}T10:00:00+00:00", outcome, 2.0 if outcome == "failed" else 0.0)
        for day, commit, outcome in ((1, "c1", "failed"), (2, "c1", "passed"), (3, "c2", "passed"), (4, "c3", "failed"), (5, "c4", "passed"))
    ]
    (found,) = trends([], (), tests).whole.flaky
    assert (found.runs, found.fails, found.lost_minutes, found.last_seen[:10]) == (5, 2, 4.0, "2026-11-04")
    # Of the two commits on which it failed it passed on one: passes elsewhere say nothing of why it fails.
    assert (found.flaky.successes, found.flaky.trials) == (1, 2)


def test_fail_and_pass_on_one_commit_is_flaky_and_on_two_is_mended() -> None:
    same = [failure("t", "failed", "a"), failure("t", "passed", "a")]
    other = [failure("t", "failed", "a"), failure("t", "passed", "b")]
    unknown = [failure("t", "failed", ""), failure("t", "passed", "")]
    assert [len(trends([], (), tests).whole.flaky) for tests in (same, other, unknown)] == [1, 0, 0]


@pytest.mark.parametrize(
    ("a", "b", "x", "below"),
    # By hand: Beta(1, 1) is uniform, Beta(2, 1) is x², Beta(1, 3) is 1 - (1 - x)³; Beta(½, ½) is the arcsine law.
    [(1, 1, 0.3, 0.3), (2, 1, 0.5, 0.25), (1, 3, 0.2, 0.488), (0.5, 0.5, 0.5, 0.5), (0.5, 0.5, 0.25, 1 / 3)],
)
def test_beta(a: float, b: float, x: float, below: float) -> None:
    assert beta_below(x, a, b) == pytest.approx(below)
    assert beta_quantile(below, a, b) == pytest.approx(x)


def test_odds_narrow_with_trials() -> None:
    few, many = odds(3, 4), odds(30_000, 40_000)
    assert few.high - few.low > 0.5
    assert many.high - many.low < 0.01
    assert many.low < 0.75 < many.high
    assert (odds(0, 5).low, odds(5, 5).high) == (0.0, 1.0)


def test_quantile_between_neighbours() -> None:
    assert quantile([1.0, 2.0], 0.5) == 1.5
    assert quantile([7.0], 0.9) == 7.0
