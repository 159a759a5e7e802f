"""Our own action, workflows and the thin skins, by the checkers of their CIs; all offline."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.skins.act_runner import ROOT, offline, tool

pytestmark = pytest.mark.tools

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SCHEMAS = {
    "vendor.github-actions": [ROOT / "action.yml"],
    "vendor.github-workflows": WORKFLOWS,
    "vendor.circle-ci": [ROOT / "circleci-orb" / "orb.yml", ROOT / "circleci-orb" / "example.yml"],
    "vendor.azure-pipelines": [ROOT / "azure-pipelines" / "example.yml"],
    "vendor.buildkite": [ROOT / "buildkite-plugin" / "example.yml"],
}


def checked(*words: str) -> str:
    done = subprocess.run([*offline(), *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("schema", SCHEMAS)
def test_schema(schema: str) -> None:
    checked(tool("check-jsonschema"), "--builtin-schema", schema, *map(str, SCHEMAS[schema]))


def test_schema_of_the_azure_template_as_it_is_expanded(tmp_path: Path) -> None:
    text = (ROOT / "azure-pipelines" / "guard.yml").read_text()
    defaults = {entry["name"]: str(entry.get("default", "make test")) for entry in yaml.safe_load(text)["parameters"]}
    expanded = tmp_path / "expanded.yml"
    expanded.write_text(re.sub(r"\$\{\{ parameters\.(\w+) \}\}", lambda match: defaults[match[1]] or "''", text))
    checked(tool("check-jsonschema"), "--builtin-schema", "vendor.azure-pipelines", str(expanded))


def test_actionlint() -> None:
    assert WORKFLOWS
    checked(tool("actionlint"), *map(str, WORKFLOWS))


def test_zizmor() -> None:
    checked(tool("zizmor"), "--offline", "--no-progress", "action.yml", ".github/workflows")


def test_shellcheck() -> None:
    scripts = [*(ROOT / "guard" / "platforms").glob("*.sh"), *(ROOT / "buildkite-plugin" / "hooks").iterdir()]
    checked(tool("shellcheck"), *map(str, scripts))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_foreign_actions_are_pinned_and_rights_are_none_by_default(path: Path) -> None:
    text = path.read_text()
    assert "\npermissions: {}\n" in text
    for used in re.findall(r"^\s*(?:- )?uses: (\S+)", text, re.MULTILINE):
        assert used == "./" or re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", used), used
    assert "${{ github.event." not in text
