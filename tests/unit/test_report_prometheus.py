"""The metrics by the standard parser, by promtool's rules of names where they are written down, and the dashboard."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from guard.history.rows import Trial
from guard.report.prometheus import MOST_REMEDIES, OTHERS, exposition
from guard.report.trends.summing import trends
from guard.report.trends.views import MOST_SERIES
from tests.bench import invented_runs
from tests.unit.test_report_trends import row

parser = pytest.importorskip("prometheus_client.parser", reason="prometheus-client is in the extra `test`")
DASHBOARD = Path(__file__).parents[2] / "docs" / "grafana" / "pipeguard.json"
MADE_AT = "2026-11-24T10:00:00+00:00"


def samples(text: str) -> dict[str, Any]:
    """Family → its samples, by prometheus-client."""
    return {family.name: family for family in parser.text_string_to_metric_families(text)}


@pytest.fixture(scope="module")
def text() -> str:
    rows = list(invented_runs.runs(3000))
    found = trends(
        rows, invented_runs.trials(rows), invented_runs.failed_tests(rows, 1), price_per_minute=0.008, currency="USD"
    )  # fmt: skip
    return exposition(found, MADE_AT)


def test_the_standard_parser_reads_what_was_meant(text: str) -> None:
    families = samples(text)
    runs = families["pipeguard_runs"].samples
    assert sum(one.value for one in runs) == 3000
    assert {one.labels["status"] for one in runs} == {"passed", "healed", "failed", "interrupted"}
    green = families["pipeguard_time_to_green_seconds"]
    assert green.type == "summary"
    assert {one.labels["quantile"] for one in green.samples if "quantile" in one.labels} == {"0.5", "0.9"}
    healed = sum(one.value for one in runs if one.labels["status"] == "healed")
    assert sum(one.value for one in green.samples if one.name.endswith("_count") and one.labels["by"] == "heal") == healed
    assert families["pipeguard_report_timestamp_seconds"].samples[0].value == 1795514400


def test_names_and_units(text: str) -> None:
    for name, family in samples(text).items():
        assert re.fullmatch(r"pipeguard_[a-z_]+", name)
        assert family.documentation
        # What falls at times is no counter, and only counters end so.
        assert family.type in ("gauge", "summary")
        assert not name.endswith(("_total", "_count", "_sum", "_bucket"))
        assert not re.search(r"minutes|milli|percent|hours", name)


def test_no_series_twice(text: str) -> None:
    series = [line.rsplit(" ", 1)[0] for line in text.splitlines() if not line.startswith("#")]
    assert len(series) == len(set(series))


def test_names_of_others_are_escaped() -> None:
    name = 'evil"} 1\npipeguard_runs{project="x\\'
    found = exposition(trends([row("01T10:00", "healed", project=name)]), MADE_AT)
    runs = samples(found)["pipeguard_runs"].samples
    assert len(runs) == 4
    assert runs[0].labels["project"] == 'evil"} 1\ufffdpipeguard_runs{project="x\\'


def test_names_alike_once_cleaned_are_two_series() -> None:
    found = exposition(trends([row("01T10:00", "passed", project="a\x01"), row("01T10:00", "passed", project="a\x02")]), MADE_AT)
    assert {one.labels["project"] for one in samples(found)["pipeguard_runs"].samples} == {"a\ufffd", "a\ufffd (2)"}


def test_remedies_are_bounded_and_none_is_there_twice() -> None:
    names = ["user_strategy/" + "x" * 300 + str(number) for number in range(2)] + [f"r{number}" for number in range(500)]
    tried = [Trial(name, "hang", "f", "shop", True, "2026-11-01T10:00:00+00:00") for name in names]
    found = exposition(trends([row("01T10:00", "healed")], tried), MADE_AT)
    series = [line.rsplit(" ", 1)[0] for line in found.splitlines() if line.startswith("pipeguard_remedy_trials")]
    assert len(series) == len(set(series)) <= 2 * MOST_REMEDIES


def test_projects_are_bounded_and_none_is_lost() -> None:
    found = exposition(trends([row("01T10:00", "healed", project=f"p{number}") for number in range(MOST_SERIES + 30)]), MADE_AT)
    runs = samples(found)["pipeguard_runs"].samples
    assert len({one.labels["project"] for one in runs}) == MOST_SERIES + 1
    assert sum(one.value for one in runs) == MOST_SERIES + 30
    assert sum(one.value for one in runs if one.labels["project"] == OTHERS) == 30


def test_of_nothing_there_is_no_ratio() -> None:
    families = samples(exposition(trends([]), MADE_AT))
    assert "pipeguard_heal_ratio" not in families
    assert sum(one.value for one in families["pipeguard_runs"].samples) == 0


def expressions() -> list[str]:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


@pytest.mark.parametrize("expression", expressions())
def test_the_dashboard_asks_for_metrics_that_are_there(expression: str, text: str) -> None:
    families = samples(text)
    names = re.findall(r"pipeguard_\w+", expression)
    assert names
    for name in names:
        assert name in families
        labels = {label for sample in families[name].samples for label in sample.labels}
        asked = re.search(rf"{name}\{{([^}}]*)\}}", expression)
        for label in re.findall(r"(\w+)=~?\"", asked[1] if asked else ""):
            assert label in labels, f"{name} has no label {label}"
        for label in re.findall(r"by \(([\w, ]+)\)", expression):
            assert {one.strip() for one in label.split(",")} <= labels
        for label, value in re.findall(r"(\w+)=\"(\w+)\"", asked[1] if asked else ""):
            assert value in {sample.labels[label] for sample in families[name].samples}


def test_the_dashboard_shows_every_family_that_is_not_about_the_report(text: str) -> None:
    shown = set(re.findall(r"pipeguard_\w+", " ".join(expressions())))
    about = {"pipeguard_info", "pipeguard_report_runs_timestamp_seconds"}
    other = {"pipeguard_heal_ratio", "pipeguard_remedy_trials"}
    assert set(samples(text)) - shown <= about | other
