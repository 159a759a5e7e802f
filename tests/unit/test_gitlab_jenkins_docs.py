"""The pages of the GitLab and Jenkins skins name every input and option, and what guard reads of them is what they set."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from guard.commands.run import _HARMLESS
from guard.commands.run_options import OPTIONS
from guard.settings import loading

ROOT = Path(__file__).parents[2]
TEMPLATE = (ROOT / "gitlab-component/templates/guard.yml").read_text(encoding="utf-8")
INPUTS: dict[str, Any] = next(iter(yaml.safe_load_all(TEMPLATE.partition("---")[0])))["spec"]["inputs"]
GROOVY = ROOT / "jenkins-shared-lib"
# Option -> variable, as the library says it.
VARIABLES = dict(re.findall(r"(\w+): '(PIPEGUARD_\w+)'", (GROOVY / "src/io/pipeguard/Options.groovy").read_text(encoding="utf-8")))


def first_cells(page: str) -> set[str]:
    """The words in the first cell of a page's tables."""
    rows = re.findall(r"^\| ([^|]+) \|", (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8"), re.MULTILINE)
    return {word for row in rows for word in re.findall(r"`([^`]+)`", row)}


@pytest.mark.parametrize("name", INPUTS)
def test_every_input_is_described(name: str) -> None:
    assert INPUTS[name]["type"] == "string"
    assert INPUTS[name]["description"].endswith(".")
    assert name in first_cells("gitlab")
    assert f"$[[ inputs.{name} ]]" in TEMPLATE


@pytest.mark.parametrize("name", [*VARIABLES, "larger", "archive", "describe"])
def test_every_option_is_described(name: str) -> None:
    assert name in first_cells("jenkins")
    assert f"<code>{name}</code>" in (GROOVY / "vars/guard.txt").read_text(encoding="utf-8")


def test_what_they_set_is_read() -> None:
    known = {"PIPEGUARD_MOST_ATTEMPTS"} | {f"PIPEGUARD_{option.name.upper()}" for option in OPTIONS} | {f"PIPEGUARD_{name.decode()[10:]}" for name in _HARMLESS}
    set_by_gitlab = set(re.findall(r"^\s+(PIPEGUARD_[A-Z_]+):", TEMPLATE, re.MULTILINE))
    assert set_by_gitlab | set(VARIABLES.values()) <= known | {"PIPEGUARD_CONFIG", "PIPEGUARD_HISTORY", "PIPEGUARD_REMEDIES"}


@pytest.mark.parametrize("name", ["timeout", "idle-timeout", "budget", "attempts"])
def test_inputs_take_what_the_settings_take(name: str, tmp_path: Path) -> None:
    good = ["", "1", "3", "20"] if name == "attempts" else ["", "90", "90s", "10m", "1h30m", "2d", "1.5h"]
    bad = ["0", "21", "-1", "x", "3 "] if name == "attempts" else ["x", "10 m", "-1", "1.h", "m", "10s5m"]
    pattern = INPUTS[name]["regex"]
    variable = f"PIPEGUARD_{name.upper().replace('-', '_')}"
    for text in good:
        assert re.search(pattern, text), text
        loading.load(tmp_path, {}, {"HOME": "/nonexistent", variable: text}, "gitlab", False)
    for text in bad:
        assert not re.search(pattern, text), text
