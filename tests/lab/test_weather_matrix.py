"""A sample of the matrix of package clients and weathers, and the table that is made of it."""

from __future__ import annotations

from typing import Any

import pytest

from models.lab.weather_clients import CLIENTS
from models.lab.weather_kinds import KINDS
from models.lab.weather_matrix import HEALED, REFUSED, SKIPPED, cell, pairs, summary

ISSUE = {"pip", "uv", "poetry", "npm", "yarn", "pnpm", "mvn", "gradle", "cargo", "go", "apt-get", "git", "curl", "wget"}


@pytest.mark.tools
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("client", "kind", "wanted"), [("git", "refused", HEALED), ("wget", "503", HEALED), ("curl", "401", REFUSED)])
def test_a_cell(client: str, kind: str, wanted: str) -> None:
    row = cell(CLIENTS[client], KINDS[kind])
    if row["verdict"] == SKIPPED and row["why"].startswith("no "):
        pytest.skip(row["why"])
    assert row["verdict"] == wanted, row
    assert row["diagnosed"][0] in KINDS[kind].labels
    assert row["runs"] == (2 if wanted == HEALED else 1)


def test_every_client_and_weather_that_is_asked_for_has_its_cells() -> None:
    assert CLIENTS.keys() >= ISSUE
    assert len(list(pairs(()))) == len(CLIENTS) * len(KINDS)
    assert [(client.name, kind.name) for client, kind in pairs(["g*/dns"])] == [("gradle", "dns"), ("go", "dns"), ("git", "dns"), ("gem", "dns")]


def test_a_live_cell_without_an_upstream_says_why() -> None:
    row = cell(CLIENTS["git"], KINDS["503"], live=True)
    assert row["verdict"] == SKIPPED
    assert "upstream" in row["why"]


def test_the_table_says_what_became_of_each_cell() -> None:
    played = {"diagnosed": ["rate_limited"], "runs": 2, "green": True}
    rows: list[dict[str, Any]] = [
        {"client": "pip", "kind": "429", "verdict": "NOT HEALED", **played},
        {"client": "pip", "kind": "429", "verdict": "healed", **played},
        {"client": "npm", "kind": "429", "verdict": "survived"},
        {"client": "npm", "kind": "401", "verdict": "refused", "diagnosed": ["auth_failure"], "runs": 1, "green": False},
        {"client": "pip", "kind": "401", "verdict": "MISLABELLED", "diagnosed": ["unknown"], "runs": 1, "green": False},
    ]
    rows.append({"client": "git", "kind": "429", "verdict": "skipped", "why": "no git"})
    lines = summary(rows).splitlines()
    assert lines[0] == "4 cells: 1 healed (1 on the second run), 1 refused, 1 survived by the client itself, 1 mislabelled."
    assert lines[1] == "Not played, git: no git."
    lines = lines[3:]
    assert lines[0] == "| weather | pip | npm | git |"
    assert lines[2] == "| 429 | healed, 2 | passes |  |"
    assert lines[3] == "| 401 | refused, 1 (unknown) | refused, 1 |  |"
