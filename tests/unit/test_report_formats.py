"""The page, Markdown, JSON and table of made-up trends: complete, escaped, self-contained."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest

from guard.history.rows import TestRow
from guard.report import amounts
from guard.report.html_page import page
from guard.report.json_trends import report_object
from guard.report.markdown_trends import code, markdown
from guard.report.svg import scale
from guard.report.terminal_trends import lines
from guard.report.trends.summing import renamed, trends
from guard.report.trends.values import Trends
from tests.bench import invented_runs
from tests.unit.test_report_trends import failure, row, trial

SCHEMA = json.loads((Path(__file__).parents[2] / "guard/schema/report.schema.json").read_text())
MADE_AT = "2026-11-24T10:00:00+00:00"
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=https://evil.example/x onerror=alert(1)>',
    "</style></title><b>",
    "![x](https://evil.example) @everyone [a](javascript:b)",
    "``` | \\` \u202e\x1b[31m\x00\n# head",
    "'; DROP TABLE",
    "\ud800 half",
]


def made_up(count: int = 1500) -> Trends:
    rows = list(invented_runs.runs(count))
    return trends(rows, invented_runs.trials(rows), invented_runs.failed_tests(rows), price_per_minute=0.008, currency="USD")


def hostile() -> Trends:
    rows = [row("01T10:00", "healed", project=name, branch=f"{name}{end}", label="unknown") for name in HOSTILE for end in "ab"]
    tests = [TestRow("pytest", name, HOSTILE[0], "c", "2026-11-01T00:00:00+00:00", "passed_on_rerun", 1.0) for name in HOSTILE]
    return trends(rows, [trial(name, True, project=HOSTILE[0]) for name in HOSTILE], tests, price_per_minute=1, currency="USD", branch=HOSTILE[1])


class Reader(HTMLParser):
    """What a page is made of: elements with their attributes, and the text between them."""

    VOID = frozenset({"meta", "link", "br", "path", "rect", "circle", "img", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("found", [made_up(), hostile(), trends([])], ids=["made up", "hostile", "empty"])
def test_the_page_is_well_formed_and_loads_nothing(found: Trends) -> None:
    text = page(found, MADE_AT)
    text.encode("utf-8")
    reader = Reader(text)
    assert reader.open == []
    names = [attributes["id"] for _, attributes in reader.elements if "id" in attributes]
    assert len(names) == len(set(names))
    for tag, attributes in reader.elements:
        assert tag not in ("img", "iframe", "object", "embed", "base", "video", "audio")
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "srcset", "action", "style")]
        if "href" in attributes:
            assert attributes["href"] in ("#", "data:,") or attributes["href"][1:] in names
        for name in attributes.get("aria-labelledby", "").split():
            assert name in names
    assert [tag for tag, _ in reader.elements].count("script") == 1
    assert not re.search(r"url\(|@import", text)


def test_the_page_s_policy_lets_only_its_own_style_and_script_in() -> None:
    text = page(made_up(50), MADE_AT)
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        inner = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert inner is not None
        digest = base64.b64encode(hashlib.sha256(inner[1].encode()).digest()).decode()
        assert f"{directive} &#x27;sha256-{digest}&#x27;" in text or f"{directive} 'sha256-{digest}'" in text
    assert "default-src 'none'" in text


def test_hostile_names_stand_on_the_page_as_text() -> None:
    reader = Reader(page(hostile(), MADE_AT))
    shown = "".join(reader.texts)
    for name in HOSTILE:
        assert amounts.clean(name) in shown
    assert "\u202e" not in shown
    assert "\x1b" not in shown


def test_each_chart_has_its_words_and_its_numbers() -> None:
    found = made_up()
    text = page(found, MADE_AT)
    charts = re.findall(r"<svg.*?</svg>", text)
    assert charts
    for chart in charts:
        assert re.search(r"<title id=[^>]+>[^<]+</title><desc id=[^>]+>[^<]+</desc>", chart)
    for step in found.whole.steps:
        assert f"{amounts.day(step.begin)}</th>" in text
    for cause in found.whole.causes:
        assert f'<th scope="row">{cause.label}</th><td>{cause.runs:,}</td>' in text


def test_every_view_can_be_reached_without_a_script() -> None:
    found = made_up()
    reader = Reader(page(found, MADE_AT))
    targets = {attributes["id"] for tag, attributes in reader.elements if tag == "section" and "whole" not in attributes["class"]}
    links = {attributes["href"][1:] for tag, attributes in reader.elements if tag == "a"}
    assert len(targets) == len(found.views) - 1
    assert targets <= links


@pytest.mark.parametrize("found", [made_up(), hostile(), trends([])], ids=["made up", "hostile", "empty"])
def test_json_matches_its_schema(found: Trends) -> None:
    document = json.loads(json.dumps(report_object(found, MADE_AT)))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert len(document["views"]) == len(found.views)


def test_json_says_what_the_trends_say() -> None:
    rows = [row("01T10:00", "healed", duration_s=90.0, rescued_s=600.0, wasted_s=60.0, label="disk_full"), row("01T11:00", "failed")]
    whole = report_object(trends(rows, price_per_minute=0.5, currency="EUR"), MADE_AT)["views"][0]
    assert (whole["rescued_cost"], whole["wasted_cost"], whole["heal_rate"]["rate"]) == (5.0, 0.5, 0.5)
    assert whole["time_to_green"]["healed"] == {"count": 1, "total_s": 90.0, "median_s": 90.0, "p90_s": 90.0}
    assert whole["runs"] == {"passed": 0, "healed": 1, "failed": 1, "interrupted": 0, "total": 2}


@pytest.mark.parametrize("found", [made_up(), hostile(), trends([])], ids=["made up", "hostile", "empty"])
def test_markdown_tables_are_tables(found: Trends) -> None:
    wide = 0
    for line in markdown(found).splitlines():
        cells = re.sub(r"\\.", "", line).count("|")
        wide = (cells if wide == 0 else wide) if line.startswith("|") else 0
        assert not line.startswith("|") or cells == wide


def test_names_in_markdown_are_code() -> None:
    text = markdown(hostile())
    # Without its code spans nothing of the names is left.
    outside = re.sub(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", text)
    for word in ("<script", "everyone", "](", "javascript", "evil", "DROP"):
        assert word not in outside


@pytest.mark.parametrize("text", ["a", "`a", "a``b", "```", "a|b", ""])
def test_code_spans_cannot_be_left(text: str) -> None:
    span = code(text)
    fence = re.match("`+", span)
    assert fence is not None
    inner = span[len(fence[0]) : -len(fence[0])]
    assert len(fence[0]) not in {len(row) for row in re.findall("`+", inner)}
    assert inner.strip(" ").replace("\\|", "|") == text


def test_the_table_is_a_screen() -> None:
    shown = list(lines(made_up()))
    assert len(shown) <= 32
    assert all(len(line) <= 110 for line in shown)
    assert shown[0].startswith("1,500 runs, 1 Sep 2026 to 23 Nov 2026: ")
    assert all(line.isprintable() for line in lines(hostile()))


def test_names_are_masked_everywhere() -> None:
    found = renamed(trends([row("01T10:00", "healed", branch="tok-secret")], (), [failure("tok-secret", "passed_on_rerun")]), lambda text: text.replace("secret", "***"))
    made = (page(found, MADE_AT), markdown(found), json.dumps(report_object(found, MADE_AT)), "\n".join(lines(found)))
    assert not any("secret" in text for text in made)
    assert "tok-***" in made[0]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "–"), (0.04, "0.0 s"), (9.96, "10 s"), (61, "61 s"), (150, "2.5 min"), (5400, "90 min"), (7200, "2.0 h"), (172_800, "2.0 days"), (8_640_000, "100 days")],
)  # fmt: skip
def test_durations_in_words(seconds: float | None, shown: str) -> None:
    assert amounts.duration(seconds) == shown


def test_shares_are_not_rounded_to_certainty() -> None:
    assert [amounts.percent(share) for share in (0, 0.001, 0.5, 0.995, 1)] == ["0 %", "<1 %", "50 %", ">99 %", "100 %"]


@pytest.mark.parametrize(("most", "ticks"), [(0, [0, 1]), (1, [0, 0.5, 1]), (31, [0, 10, 20, 30, 40]), (7, [0, 2, 4, 6, 8]), (0.03, [0, 0.01, 0.02, 0.03])])
def test_axes_begin_at_zero_and_hold_the_most(most: float, ticks: list[float]) -> None:
    assert scale(most) == pytest.approx(ticks)
