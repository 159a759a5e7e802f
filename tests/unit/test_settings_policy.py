"""A policy's places, label rules and order of `idempotent`: the repository narrows, never widens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from guard.settings import loading
from guard.settings.values import Settings

Ask = Callable[..., Settings]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    workspace = tmp_path / "repo"
    (tmp_path / "ci").mkdir()
    workspace.mkdir()

    def load(repository: str, policy: str, fork: bool = False, **flags: object) -> Settings:
        (workspace / ".pipeguard.yml").write_text(repository)
        (tmp_path / "ci" / "policy.yml").write_text(policy)
        env = {"PIPEGUARD_POLICY": str(tmp_path / "ci" / "policy.yml"), "HOME": str(tmp_path)}
        return loading.load(workspace, flags, env, "none", fork)

    return load


def test_the_policy_s_store_is_used_where_the_repository_names_none(ask: Ask, tmp_path: Path) -> None:
    policy = "history: {store: 'sqlite:runs.db'}"
    assert ask("", policy).history == f"sqlite:{tmp_path / 'ci' / 'runs.db'}"
    assert ask("", policy).left_out == ()
    assert ask("history: off", policy).history is None
    other = ask("history: {store: 'sqlite:mine.db'}", policy)
    assert other.history == f"sqlite:{tmp_path / 'ci' / 'runs.db'}"
    assert len(other.left_out) == 1


def test_endpoints(ask: Ask) -> None:
    policy = "escalate: {github_issue: true, slack: {webhook_env: OURS}}"
    assert ask("", policy).escalate == {"github_issue": True, "slack": {"webhook_env": "OURS"}}
    narrowed = ask("escalate: {github_issue: true}", policy)
    assert (narrowed.escalate, narrowed.left_out) == ({"github_issue": True}, ())
    other = ask("escalate: {slack: {webhook_env: THEIRS}, webhook: {url_env: X}}", policy)
    assert other.escalate == {}
    assert len(other.left_out) == 2
    assert ask("escalate: off", policy).escalate == {}
    assert ask("escalate: {github_issue: true}", "attempts: 2").escalate == {"github_issue": True}


def test_a_fork_keeps_the_policy_s_endpoints(ask: Ask) -> None:
    policy = "escalate: {github_issue: true}\nhistory: {store: 'postgresql://db.example/x'}"
    found = ask("", policy, fork=True)
    assert (found.escalate, found.history) == ({"github_issue": True}, "postgresql://db.example/x")


def test_a_policy_s_signatures_come_first(ask: Ask, tmp_path: Path) -> None:
    found = ask("signatures: [mine.yml]", "signatures: [ours.yml]")
    assert found.signatures == (tmp_path / "ci" / "ours.yml", tmp_path / "repo" / "mine.yml")


def test_relative_delete_in_a_policy_means_the_workspace(ask: Ask, tmp_path: Path) -> None:
    found = ask("allow: {delete: [build/x, dist]}", "allow: {delete: [build]}")
    assert found.allow.delete == (str(tmp_path / "repo" / "build" / "x"),)
    assert len(found.left_out) == 1
    # A name that only begins like an allowed one is another folder.
    assert ask("allow: {delete: [builds]}", "allow: {delete: [build]}").allow.delete == ()


@pytest.mark.parametrize(
    ("asked", "bound", "expected", "lines"),
    [
        ("true", "auto", None, 1), ("true", "false", False, 1), ("auto", "false", False, 0), ("false", "true", False, 0),
        ("auto", "true", None, 0), ("true", "true", True, 0),
    ],
)  # fmt: skip
def test_idempotent(ask: Ask, asked: str, bound: str, expected: bool | None, lines: int) -> None:
    found = ask(f"idempotent: {asked}", f"idempotent: {bound}")
    assert found.idempotent is expected
    assert len(found.left_out) == lines


def test_label_rules(ask: Ask) -> None:
    found = ask(
        "labels: {hang: {attempts: 5, remedies: [wait, rerun_all], min_probability: 0.2, verdict: pass}, disk_full: {attempts: 2}}",
        "labels: {hang: {attempts: 3, remedies: [rerun_all], min_probability: 0.6, verdict: warn}, disk_full: {attempts: 4},"
        " out_of_memory: {remedies: [raise_heap]}, compile_error: {remedies: [wait]}}",
    )
    hang = found.rule("hang")
    assert (hang.attempts, hang.remedies, hang.min_probability, hang.verdict) == (3, ("rerun_all",), 0.6, "warn")
    assert found.rule("disk_full").attempts == 2
    assert found.rule("out_of_memory").remedies == ("raise_heap",)
    assert len(found.left_out) == 1
    # Naming remedies for a refused label would have it repeated: a policy does not ask for that.
    assert found.rule("compile_error").remedies is None


def test_a_flag_above_the_bound_says_so(ask: Ask) -> None:
    found = ask("", "attempts: 2", attempts=9)
    assert found.attempts == 2
    assert len(found.left_out) == 1
    assert ask("", "attempts: 2").left_out == ()
