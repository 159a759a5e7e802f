"""What CircleCI, Azure, Buildkite and TeamCity are told: each in its own form, and hostile values stay values."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from guard.platforms import PLATFORMS, azure, buildkite, circleci, plain, teamcity
from guard.platforms.facts import variables

HARD = "a'b\"c;d]e|f[g]%h\ni\rj$(touch owned)`k`##vso[task.complete result=Succeeded]##teamcity[buildStatus status='SUCCESS']é"


def document(status: str, **more: Any) -> dict[str, Any]:
    failed = {
        "number": 1, "exit_code": 1, "signal": None, "ended": "exited", "duration_s": 1.0,
        "diagnosis": {
            "label": "hang", "family": "resources", "probability": 0.5, "source": "s", "entities": {}, "fingerprint": "f", "alternatives": [],
            "evidence": [{"line": 1, "text": HARD, "rank": "primary"}],
        },
        "plan": {"decision": "escalate", "reason": HARD, "remedies": [], "refused": []},
    }  # fmt: skip
    passed = {**failed, "number": 2, "exit_code": 0, "diagnosis": None, "plan": None}
    attempts = {"passed": [passed], "healed": [failed, passed], "failed": [failed], "interrupted": [{**passed, "ended": "cancelled"}]}[status]
    return {
        "id": "0123456789abcdef", "status": status, "exit_code": attempts[-1]["exit_code"], "healed_by": [HARD] if status == "healed" else [],
        "attempts": attempts, "duration_s": 2.0, "rescued_s": 0.0, "wasted_s": 0.0, "command": [HARD], **more,
    }  # fmt: skip


STATUSES = ("passed", "healed", "failed", "interrupted")


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("name", sorted(PLATFORMS))
def test_each_line_is_one_line_and_holds_one_command(name: str, status: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environment = {"PIPEGUARD_SUMMARY": str(tmp_path / "page" / "s.md"), "PIPEGUARD_OUTPUTS": str(tmp_path / "o"), "BASH_ENV": str(tmp_path / "b")}
    for line in PLATFORMS[name].publish(document(status), environment):
        assert "\n" not in line
        assert "\r" not in line
        if name == "azure":
            assert [match.start() for match in re.finditer(r"##(?:vso)?\[", line)] in ([], [0])
        if name == "teamcity":
            assert [match.start() for match in re.finditer(r"##teamcity\[", line)] in ([], [0])
            assert not re.search(r"(?<!\|)(?:\|\|)*status='SUCCESS'", line)
    assert not (tmp_path / "owned").exists()


def test_variables_are_no_settings_of_the_next_guard() -> None:
    assert all(name.startswith("GUARD_") for name in variables(document("healed")))


def test_circleci_s_exports_are_read_back_by_a_shell(tmp_path: Path) -> None:
    place = tmp_path / "env"
    place.write_text("export MINE=1")
    circleci.publish(document("healed"), {"BASH_ENV": str(place)})
    words = shlex.split(place.read_text(), comments=False)
    assert f"GUARD_HEALED_BY={' '.join(HARD.split())}" in words
    assert words[:2] == ["export", "MINE=1"]


@pytest.mark.parametrize(("status", "verdict", "expected"), [
    ("healed", "pass", True), ("healed", "warn", True), ("healed", "fail", False), ("failed", "pass", False), ("passed", "pass", False), ("interrupted", "pass", False),
])  # fmt: skip
def test_azure_s_state_is_only_for_heals_that_count_as_green(status: str, verdict: str, expected: bool) -> None:
    lines = azure.publish(document(status, verdict=verdict), {})
    assert any(line.startswith("##vso[task.complete result=SucceededWithIssues;]") for line in lines) is expected
    assert not any("result=Succeeded;" in line or "result=Failed" in line for line in lines)


def test_azure_attaches_the_page_by_an_absolute_path(tmp_path: Path) -> None:
    lines = azure.publish(document("failed"), {"AGENT_TEMPDIRECTORY": str(tmp_path)})
    (path,) = [line.split("]", 1)[1] for line in lines if "uploadsummary" in line]
    assert os.path.isabs(path)
    assert Path(path).read_text().startswith("### Failed")


def test_teamcity_never_says_that_a_build_is_a_success() -> None:
    for status in STATUSES:
        lines = teamcity.publish(document(status), {})
        assert not any(line.startswith("##teamcity[buildProblem") for line in lines)
        for line in lines:
            if line.startswith("##teamcity[buildStatus"):
                assert re.fullmatch(r"##teamcity\[buildStatus text='\{build\.status\.text\}; (?:\|.|[^'|\[\]])*'\]", line)


def test_buildkite_s_facts_are_private_lines(tmp_path: Path) -> None:
    place = tmp_path / "facts"
    assert buildkite.publish(document("failed"), {"PIPEGUARD_OUTPUTS": str(place)}) == []
    assert place.stat().st_mode & 0o077 == 0
    assert "GUARD_STATUS=failed\n" in place.read_text()
    buildkite.publish(document("healed"), {"PIPEGUARD_OUTPUTS": str(place)})
    assert all(line.startswith("GUARD_") for line in place.read_text().splitlines())


def test_a_page_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    lines = circleci.publish(document("failed"), {"PIPEGUARD_SUMMARY": str(tmp_path / "file" / "s.md")})
    assert len(lines) == 1
    assert lines[0].startswith("guard: ")


def test_nobody_is_told_where_there_is_nobody() -> None:
    assert plain.publish(document("failed"), {}) == []
