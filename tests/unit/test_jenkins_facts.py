"""A run's document → what the Jenkins library reads, and whether another machine may help."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from guard.platforms import jenkins, jenkins_facts
from guard.policy.plan import plan
from guard.settings.values import Settings
from guard.types import Command, Diagnosis, LogWindow, NoMemory, Outcome, Surroundings, Telemetry


def document(status: str = "failed", label: str = "out_of_memory", reason: str = "nothing is left", **more: Any) -> dict[str, Any]:
    cause = {"label": label, "family": "resources", "probability": 0.9, "evidence": [{"line": 1, "text": "secret\ntext\nstatus=passed", "rank": "primary"}], "entities": {}}
    attempt = {"number": 1, "exit_code": 137, "ended": "exited", "diagnosis": cause, "plan": {"decision": "escalate", "reason": reason, "remedies": []}}
    return {
        "id": "ab", "status": status, "exit_code": 137, "duration_s": 1.0, "healed_by": ["raise_heap"] if status == "healed" else [], "attempts": [attempt],
        "rescued_s": 0, **more,
    }  # fmt: skip


def test_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "facts"
    assert jenkins.publish(document("healed", verdict="warn"), {"PIPEGUARD_FACTS": str(path)}) == []
    lines = dict(line.split("=", 1) for line in path.read_text().splitlines())
    assert (lines["status"], lines["verdict"], lines["elsewhere"]) == ("healed", "warn", "no")
    assert lines["description"] == "guard: healed out_of_memory by raise_heap, on attempt 1"
    assert json.loads((tmp_path / "pipeguard-ab.json").read_text())["id"] == "ab"
    # Nothing of the log is in it.
    assert "secret" not in path.read_text()


def test_a_pass_writes_nothing(tmp_path: Path) -> None:
    assert jenkins.publish(document("passed"), {"PIPEGUARD_FACTS": str(tmp_path / "facts")}) == []
    assert list(tmp_path.iterdir()) == []
    assert jenkins.publish(document(), {}) == []


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    lines = jenkins.publish(document(), {"PIPEGUARD_FACTS": str(tmp_path / "no" / "facts")})
    assert lines[0].startswith("guard: ")


@pytest.mark.parametrize(
    ("status", "label", "wanted"),
    [
        ("failed", "out_of_memory", True), ("failed", "disk_full", True), ("failed", "resource_limit", True), ("failed", "infrastructure", True),
        ("failed", "compile_error", False), ("healed", "out_of_memory", False), ("interrupted", "out_of_memory", False),
    ],
)  # fmt: skip
def test_what_another_machine_may_help(status: str, label: str, wanted: bool) -> None:
    assert jenkins_facts.elsewhere(document(status, label)) is wanted


def reason(argv: tuple[str, ...] = ("make",), settings: Settings | None = None, **outcome: Any) -> str:
    """The reason that the policy itself gives."""
    made = Outcome(Command(argv), 1, 137, None, **{"ended": "exited", "duration_s": 1.0, "window": LogWindow(), "telemetry": Telemetry(), **outcome})
    decided = plan(Diagnosis("out_of_memory", 0.9, "none"), made, (), settings or Settings(), Surroundings(), NoMemory(), None)
    assert decided.decision == "escalate"
    return decided.reason


@pytest.mark.parametrize(
    "why",
    [
        lambda: reason(("npm", "publish")),
        lambda: reason(settings=Settings(idempotent=False)),
        lambda: reason(stdin_replayable=False),
        lambda: reason(ended="cancelled"),
    ],
)
def test_what_must_not_run_again_runs_nowhere(why: Any) -> None:
    assert not jenkins_facts.elsewhere(document(reason=why()))


def test_what_ran_out_of_attempts_may_run_elsewhere() -> None:
    assert jenkins_facts.elsewhere(document(reason=reason(settings=Settings(attempts=1))))
