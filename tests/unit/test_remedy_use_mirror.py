"""Only what the user named, only its signs."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.remedies import use_mirror
from guard.types import Change, Surroundings
from tests.unit.by_hand import diagnosis, outcome

TROUBLE = diagnosis("service_unavailable", "503 Service Unavailable", tool="go")


@pytest.mark.parametrize(
    ("given", "changed"),
    [
        ("https://a.example,https://b.example,direct", "https://a.example|https://b.example|direct"),
        ("https://a.example|https://b.example,off", "https://a.example|https://b.example|off"),
        ("https://a.example|https://b.example", None),
        ("https://a.example", None),
        ("https://a.example,off", None),
        ("", None),
    ],
)
def test_bars_for_commas(given: str, changed: str | None) -> None:
    change = use_mirror.propose(TROUBLE, outcome("go", "build", "./...", env={"GOPROXY": given, "HOME": "/nowhere"}), Surroundings())
    assert (change.env["GOPROXY"] if isinstance(change, Change) else None) == changed


def test_what_go_env_wrote_counts(tmp_path: Path) -> None:
    (tmp_path / "env").write_text("GOFLAGS=-mod=mod\nGOPROXY=https://a.example,https://b.example\n")
    change = use_mirror.propose(TROUBLE, outcome("go", "build", env={"GOENV": str(tmp_path / "env")}), Surroundings())
    assert isinstance(change, Change)
    assert change.env["GOPROXY"] == "https://a.example|https://b.example"


def test_other_tools_and_labels_are_left_alone() -> None:
    env = {"GOPROXY": "https://a.example,https://b.example"}
    assert use_mirror.propose(TROUBLE, outcome("npm", "ci", env=env), Surroundings()) is None
    assert use_mirror.propose(diagnosis("service_unavailable", tool="npm"), outcome("go", "build", env=env), Surroundings()) is None
    assert use_mirror.propose(diagnosis("tls_error", tool="go"), outcome("go", "build", env=env), Surroundings()) is None
