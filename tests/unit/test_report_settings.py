"""The `report` key, and `escalate.healed`: right, wrong, of a fork, under a policy."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.errors import SettingsError
from guard.settings import loading
from guard.settings.values import ReportSettings, Settings


def load(folder: Path, text: str, policy: str = "", fork: bool = False) -> Settings:
    (folder / ".pipeguard.yml").write_text(text)
    env = {"HOME": "/nonexistent"}
    if policy:
        (folder / "policy.yml").write_text(policy)
        env["PIPEGUARD_POLICY"] = str(folder / "policy.yml")
    return loading.load(folder, {"config": str(folder / ".pipeguard.yml")}, env, "none", fork)


def test_all_of_it(tmp_path: Path) -> None:
    found = load(tmp_path, "report: {price_per_minute: 2, currency: EUR, pushgateway: 'https://push.example', pushgateway_env: PUSH}")
    assert found.report == ReportSettings(2.0, "EUR", "https://push.example", "PUSH")
    assert load(tmp_path, "report: {price_per_minute: 0}").report == ReportSettings(0.0)
    assert load(tmp_path, "report:").report == ReportSettings()


@pytest.mark.parametrize(
    "text",
    ["[]", "{price: 1}", "{price_per_minute: -1}", "{price_per_minute: .inf}", "{price_per_minute: .nan}", "{price_per_minute: true}",
     "{price_per_minute: cheap}", "{currency: Dollar}", "{currency: 3}", "{pushgateway: push.example}", "{pushgateway_env: 'https://x'}", "{pushgateway: ''}"],
)  # fmt: skip
def test_what_cannot_be(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="report"):
        load(tmp_path, f"report: {text}")


def test_a_fork_sends_nothing_anywhere(tmp_path: Path) -> None:
    found = load(tmp_path, "report: {price_per_minute: 2, pushgateway: 'https://push.example'}", fork=True)
    assert found.report == ReportSettings(2.0)
    assert any("pushgateway" in line for line in found.left_out)


def test_the_policy_names_the_only_pushgateway(tmp_path: Path) -> None:
    policy = "report: {pushgateway: 'https://ours.example'}"
    found = load(tmp_path, "report: {price_per_minute: 2, pushgateway: 'https://theirs.example'}", policy)
    assert found.report == ReportSettings(2.0, pushgateway="https://ours.example")
    assert found.left_out == ("policy: `report.pushgateway` is left out",)
    assert load(tmp_path, "", policy).left_out == ()


def test_healed_runs_are_told_of_where_asked(tmp_path: Path) -> None:
    assert load(tmp_path, "escalate: {github_issue: on, healed: on}").escalate == {"github_issue": True, "healed": True}
    assert load(tmp_path, "escalate: {github_issue: on, healed: off}").escalate == {"github_issue": True}
