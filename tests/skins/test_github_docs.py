"""docs/github.md and the README: their snippets run as they stand, their tables name what the action has."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml

from guard.commands import init_from_retry
from tests.skins.act_runner import ACTION, ROOT, checkout, run

pytestmark = pytest.mark.tools

PAGE = ROOT / "docs" / "github.md"


def snippets() -> list[str]:
    """Each YAML block that uses the action."""
    found = []
    for path in (ROOT / "README.md", PAGE):
        fenced = re.findall(r"^```ya?ml\n(.*?)^```", path.read_text(), re.DOTALL | re.MULTILINE)
        indented = re.findall(r"(?:^    .*\n|^\n)+", path.read_text(), re.MULTILINE) if path.name == "README.md" else []
        found += [textwrap.dedent(block) for block in (*fenced, *indented) if f"uses: {ACTION}" in block]
    return found


def workflow(snippet: str) -> dict[str, Any]:
    """A whole workflow as it stands; steps in a job that has checked out."""
    read = yaml.safe_load(snippet)
    if isinstance(read, list):
        return {"on": "push", "jobs": {"one": {"runs-on": "ubuntu-latest", "steps": [{"uses": "actions/checkout@v4"}, *read]}}}
    return {("on" if key is True else key): value for key, value in read.items()}


def test_there_are_snippets() -> None:
    assert len(snippets()) >= 2


@pytest.mark.parametrize("snippet", snippets(), ids=lambda text: str(len(text)))
def test_a_snippet_runs_as_it_stands(snippet: str, tmp_path: Path) -> None:
    for name in ("repository", "scratch", "cache"):
        (tmp_path / name).mkdir()
    (tmp_path / "repository" / "Makefile").write_text("test:\n\t@echo the tests ran\n")
    stub = {"name": "cache", "inputs": {"path": {}, "key": {}, "restore-keys": {}}, "runs": {"using": "composite", "steps": [{"run": "true", "shell": "sh"}]}}
    (tmp_path / "cache" / "action.yml").write_text(yaml.safe_dump(stub))
    told = run(
        yaml.safe_dump(workflow(snippet), sort_keys=False), tmp_path / "repository", checkout(tmp_path / "action"), tmp_path / "scratch",
        arguments=("--local-repository", f"actions/cache@v4={tmp_path / 'cache'}"),
    )  # fmt: skip
    assert set(told.jobs.values()) == {"success"}, told.raw
    assert "the tests ran" in told.log


def test_a_workflow_of_a_retry_action_runs_when_it_is_rewritten(tmp_path: Path) -> None:
    before = """\
on: push
jobs:
  one:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - id: t
        uses: nick-fields/retry@v3 # the tests
        with:
          timeout_minutes: 5
          max_attempts: 2
          retry_wait_seconds: 20
          command: |
            test "$PIPEGUARD_ATTEMPT" = 1
            make test
      - run: test "${{ steps.t.outputs.total_attempts }} ${{ steps.t.outputs.exit_code }}" = "1 0"
"""
    for name in ("repository", "scratch"):
        (tmp_path / name).mkdir()
    (tmp_path / "repository" / "Makefile").write_text("test:\n\t@echo the tests ran\n")
    after = init_from_retry.rewriting("ci.yml", before).done()
    told = run(after, tmp_path / "repository", checkout(tmp_path / "action"), tmp_path / "scratch")
    assert set(told.jobs.values()) == {"success"}, told.raw
    assert told.log == "the tests ran\n"


def rows(heading: str) -> set[str]:
    """The names in the first cells of the table under a heading."""
    section = PAGE.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `([\w-]+)` \|", section, re.MULTILINE))


def test_the_tables_name_each_input_and_output() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    assert rows("Inputs") == set(action["inputs"])
    assert rows("Outputs") == set(action["outputs"])


def test_the_tables_of_retry_actions_name_each_of_their_inputs() -> None:
    text = PAGE.read_text().split("## Coming from a retry action")[1]
    nick, wretry = text.split("| Wandalen/wretry.action | here |")
    for name in init_from_retry.NICK:
        assert f"`{name}" in nick, name
    for name in init_from_retry.WRETRY:
        assert f"`{name}" in wretry or name.endswith("_context"), name


@pytest.mark.parametrize(("page", "source", "names"), [
    ("circleci", "circleci-orb/orb.yml", lambda read: read["commands"]["run"]["parameters"]),
    ("azure", "azure-pipelines/guard.yml", lambda read: [entry["name"] for entry in read["parameters"]]),
    ("buildkite", "buildkite-plugin/plugin.yml", lambda read: read["configuration"]["properties"]),
])  # fmt: skip
def test_the_other_pages_name_each_parameter(page: str, source: str, names: Any) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text()
    for name in names(yaml.safe_load((ROOT / source).read_text())):
        assert f"`{name}`" in text, name
