"""The documentation names every label, remedy, key, flag and variable, and its examples are valid."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest

from guard.cli import run as run_command
from guard.policy.refusals import REFUSED
from guard.policy.remedies_by_label import ORDER
from guard.remedies import REMEDIES
from guard.settings import keys, loading
from guard.types import LABELS, OUTSIDE

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def rows(text: str) -> dict[str, list[str]]:
    """Tables: the word in the first cell -> the other cells."""
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells and (word := re.fullmatch(r"`([^`]+)`", cells[0])):
            found[word[1]] = cells[1:]
    return found


@pytest.mark.parametrize("label", LABELS)
def test_labels_page_says_what_the_code_does(label: str) -> None:
    family, seen, does = rows(page("labels"))[label]
    assert family == LABELS[label]
    assert seen
    assert does.startswith("not repeated") is (label in REFUSED)
    if label in REFUSED:
        assert REFUSED[label] in does
    for group in ORDER.get(label, ()):
        for name in group:
            assert f"`{name}`" in does


def test_labels_page_has_no_others() -> None:
    assert set(rows(page("labels"))) == set(LABELS)


def test_causes_outside_the_job() -> None:
    sentence = page("labels").split("Only for causes outside the job: ")[1].split(".\n")[0]
    assert set(re.findall(r"`(\w+)`", sentence)) == OUTSIDE


@pytest.mark.parametrize("name", REMEDIES)
def test_every_remedy_has_its_row(name: str) -> None:
    assert name in rows(page("remedies"))


@pytest.mark.parametrize("key", keys.KEYS)
def test_every_key_has_its_row(key: str) -> None:
    assert key in rows(page("settings"))


def test_every_key_below_is_there() -> None:
    properties = json.loads((ROOT / "guard/schema/settings.schema.json").read_text())
    text = page("settings")
    for inner in (
        properties["properties"]["allow"]["properties"],
        properties["properties"]["limits"]["properties"],
        properties["$defs"]["rule"]["properties"],
        properties["$defs"]["strategy"]["properties"],
        properties["$defs"]["strategy"]["properties"]["when"]["properties"],
        properties["properties"]["escalate"]["oneOf"][1]["properties"],
    ):
        for name in inner:
            assert re.search(rf"[`{{ ]{name}\b", text), name


def test_every_flag_of_run_is_there() -> None:
    text = page("settings")
    assert isinstance(run_command, click.Command)
    for parameter in run_command.params:
        if isinstance(parameter, click.Option):
            assert any(f"`{flag}" in text for flag in parameter.opts), parameter.opts


def test_every_variable_that_the_code_reads_is_there() -> None:
    text = page("settings")
    read = {
        name
        for path in (ROOT / "guard").rglob("*.py")
        for name in re.findall(r"\bPIPEGUARD_[A-Z_]+[A-Z]\b", path.read_text(encoding="utf-8"))
    }
    read |= {f"PIPEGUARD_{name}" for name in ("ATTEMPTS", "TIMEOUT", "IDLE_TIMEOUT", "BUDGET", "IDEMPOTENT", "ON_HEAL")}
    # Ours alone: not for users.
    assert {name for name in read if name not in text} <= {"PIPEGUARD_RUN_ID", "PIPEGUARD_NARROWED", "PIPEGUARD_CLOSER"}


def test_the_example_is_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"```yaml\n(.*?)```", page("settings"), re.DOTALL)
    assert examples
    for text in examples:
        (tmp_path / ".pipeguard.yml").write_text(text)
        loading.load(tmp_path, {}, {"HOME": "/nonexistent"}, "none", False)


@pytest.mark.parametrize("path", [ROOT / "README.md", *sorted(DOCS.glob("*.md"))], ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    # figures.md is written by the measurements.
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists() or target.endswith("figures.md"), target
