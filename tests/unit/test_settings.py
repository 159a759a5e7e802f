"""Each key of the settings, right and wrong; policy, forks, flags, variables, paths."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from guard.errors import GuardError, SettingsError
from guard.settings.loading import load
from guard.settings.values import LabelRule, Settings
from guard.types import Allow, Limits

Loader = Callable[..., Settings]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "repo"
    (root / ".git").mkdir(parents=True)
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def read(workspace: Path) -> Loader:
    def reading(
        text: str | None = None,
        flags: Mapping[str, object] | None = None,
        env: Mapping[str, str] | None = None,
        policy: str | None = None,
        fork: bool = False,
    ) -> Settings:
        variables = {"HOME": str(workspace.parent / "home"), **(env or {})}
        if text is not None:
            (workspace / ".pipeguard.yml").write_text(text)
        if policy is not None:
            place = workspace.parent / "policy" / "policy.yml"
            place.parent.mkdir(exist_ok=True)
            place.write_text(policy)
            variables["PIPEGUARD_POLICY"] = str(place)
        return load(workspace, flags or {}, variables, "none", fork)

    return reading


def test_no_file_is_all_defaults(read: Loader) -> None:
    assert read() == Settings()
    assert read("") == Settings()
    assert read("# nothing\n") == Settings()
    assert read("version: 1\n") == Settings()


def test_every_key(read: Loader, workspace: Path) -> None:
    found = read("""\
version: 1
attempts: 5
budget: {time: 30m}
limits: {attempt: 20m, idle: 90}
idempotent: true
labels:
  flaky_test: {attempts: 2, remedies: [rerun_failed_tests], min_probability: 0.4, verdict: warn}
  unknown: off
  hang: on
strategies:
  - name: restart-db
    when: {label: connection_failure, pattern: "port 5432"}
    run: docker compose restart db
    timeout: 2m
    then: retry
signatures: [ci/signatures.yml]
history: {store: "sqlite:.pipeguard/history.db"}
escalate: {github_issue: true, slack: {webhook_env: SLACK_WEBHOOK}}
allow: {reclaim: [caches, docker], delete: ["build/"], swap: true, kill: none}
probes: on
""")
    assert (found.attempts, found.budget_s, found.idempotent, found.probes) == (5, 1800.0, True, True)
    assert found.limits == Limits(attempt_s=1200.0, idle_s=90.0)
    assert found.rule("flaky_test") == LabelRule(True, 2, ("rerun_failed_tests",), 0.4, "warn")
    assert not found.rule("unknown").on
    assert found.rule("hang").on
    assert found.rule("disk_full") == LabelRule()
    strategy = found.strategies[0]
    assert (strategy.name, strategy.label, strategy.pattern) == ("restart-db", "connection_failure", "port 5432")
    assert (strategy.run, strategy.timeout_s, strategy.then) == ("docker compose restart db", 120.0, "retry")
    assert found.signatures == (workspace / "ci/signatures.yml",)
    assert found.history == f"sqlite:{workspace / '.pipeguard/history.db'}"
    assert found.escalate == {"github_issue": True, "slack": {"webhook_env": "SLACK_WEBHOOK"}}
    assert found.allow == Allow(("caches", "docker"), (str(workspace / "build"),), True, "none")
    assert found.left_out == ()


@pytest.mark.parametrize("value", ["off", "false"])
def test_what_can_be_off(read: Loader, value: str) -> None:
    found = read(f"strategies: {value}\nhistory: {value}\nescalate: {value}\nprobes: {value}\n")
    assert (found.strategies, found.history, found.escalate, found.probes) == ((), None, {}, False)


# (text, line, key, what the message or hint must say)
WRONG = [
    ("version: 1\natempts: 3\n", 2, "atempts", "`attempts`"),
    ("version: 2\n", 1, "version", "version"),
    ("attempts: 0\n", 1, "attempts", "1 to 20"),
    ("attempts: 21\n", 1, "attempts", "1 to 20"),
    ("attempts: three\n", 1, "attempts", "three"),
    ("attempts: true\n", 1, "attempts", "1 to 20"),
    ("attempts: 2.5\n", 1, "attempts", "2.5"),
    ("budget:\n  tim: 3\n", 2, "budget.tim", "`time`"),
    ("budget:\n  time: soon\n", 2, "budget.time", "1h30m"),
    ("budget: -1\n", 1, "budget", "-1"),
    ("limits:\n  attempt: 20m\n  idel: 10m\n", 3, "limits.idel", "`idle`"),
    ("limits:\n  attempt: 0\n", 2, "limits.attempt", "0"),
    ("limits: 20m\n", 1, "limits", "mapping"),
    ("idempotent: maybe\n", 1, "idempotent", "auto"),
    ("labels:\n  flakey_test: off\n", 2, "labels.flakey_test", "`flaky_test`"),
    ("labels:\n  hang: perhaps\n", 2, "labels.hang", "on, off"),
    ("labels:\n  hang:\n    attempts: 99\n", 3, "labels.hang.attempts", "1 to 20"),
    ("labels:\n  hang:\n    remedy: wait\n", 3, "labels.hang.remedy", "`remedies`"),
    ("labels:\n  hang:\n    remedies:\n      - wait\n      - rerun_al\n", 5, "labels.hang.remedies[1]", "`rerun_all`"),
    ("labels:\n  hang:\n    min_probability: 2\n", 3, "labels.hang.min_probability", "0 to 1"),
    ("labels:\n  hang:\n    verdict: green\n", 3, "labels.hang.verdict", "warn"),
    ("labels: [hang]\n", 1, "labels", "mapping"),
    ("strategies:\n  restart: x\n", 1, "strategies", "list"),
    ("strategies:\n  - name: a\n    when: {label: hang}\n", 2, "strategies[0].run", "missing"),
    ("strategies:\n  - run: a\n    when: {label: hang}\n", 2, "strategies[0].name", "missing"),
    ("strategies:\n  - name: a\n    run: b\n", 2, "strategies[0].when", "label or a pattern"),
    ("strategies:\n  - name: a\n    run: b\n    when: {label: hangs}\n", 4, "strategies[0].when.label", "`hang`"),
    ("strategies:\n  - name: a\n    run: b\n    when: {pattern: '('}\n", 4, "strategies[0].when.pattern", "pattern"),
    ("strategies:\n  - name: a\n    run: b\n    when: {label: hang}\n    then: stop\n", 5, "strategies[0].then", "retry"),
    ("strategies:\n  - name: a\n    run: b\n    when: {label: hang}\n    timeout: x\n", 5, "strategies[0].timeout", "1h30m"),
    ("signatures: 3\n", 1, "signatures", "list"),
    ("quarantine: 3\n", 1, "quarantine", "text"),
    ("quarantine: nowhere.txt\n", 1, "quarantine", "no file"),
    ("quarantine: ../flaky.txt\n", 1, "quarantine", "outside"),
    ("history:\n  store: mysql://host/db\n", 2, "history.store", "sqlite"),
    ("history:\n  stor: x\n", 2, "history.stor", "`store`"),
    ("escalate:\n  pager: true\n", 2, "escalate.pager", "known"),
    ("allow:\n  reclaim: [cache]\n", 2, "allow.reclaim[0]", "`caches`"),
    ("allow:\n  kill: all\n", 2, "allow.kill", "job"),
    ("allow:\n  swap: 1\n", 2, "allow.swap", "on, off"),
    ("allow:\n  eat: all\n", 2, "allow.eat", "known"),
    ("probes: sometimes\n", 1, "probes", "on, off"),
    ("- attempts\n", 1, "", "mapping"),
    ("attempts: 2\n  nope: [\n", 2, "", "YAML"),
    ("attempts: 2\nlabels: {}\nattempts: 3\n", 3, "attempts", "twice"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "key", "said"), WRONG, ids=[f"{row[2] or 'file'}-{n}" for n, row in enumerate(WRONG)])
def test_wrong_names_file_line_key_and_mend(read: Loader, text: str, line: int, key: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(text)
    error = caught.value
    assert error.exit_code == 2
    assert (error.line, error.key) == (line, key)
    lines = error.lines()
    assert lines[0].startswith("guard: ")
    assert f".pipeguard.yml:{line}: " in lines[0]
    assert said in "\n".join(lines)
    assert len(lines) <= 2
    assert all("\n" not in one for one in lines)


@pytest.mark.parametrize("name", ["../out", "/etc", "/", ".", "", "build/../..", "out", ".git", ".git/hooks", "sub/../.git"])
@pytest.mark.parametrize("key", ["allow: {{delete: ['{}']}}", "signatures: ['{}']", "history: {{store: 'sqlite:{}'}}"])
def test_paths_stay_inside(read: Loader, workspace: Path, key: str, name: str) -> None:
    (workspace / "out").symlink_to(workspace.parent)
    with pytest.raises(SettingsError) as caught:
        read(key.format(name))
    assert caught.value.line == 1


def test_home_inside_the_workspace_is_no_build_folder(workspace: Path, monkeypatch: pytest.MonkeyPatch, read: Loader) -> None:
    (workspace / "home").mkdir()
    monkeypatch.setenv("HOME", str(workspace / "home"))
    with pytest.raises(SettingsError):
        read("allow: {delete: [home]}")


def test_links_are_followed_before_the_check(read: Loader, workspace: Path) -> None:
    (workspace / "real").mkdir()
    (workspace / "link").symlink_to(workspace / "real")
    assert read("allow: {delete: [link]}").allow.delete == (str(workspace / "real"),)
    (workspace / "deep").mkdir()
    (workspace / "deep" / "away").symlink_to("../../elsewhere")
    with pytest.raises(SettingsError):
        read("allow: {delete: [deep/away/x]}")


def test_the_store_may_lie_in_the_state_folder(read: Loader, workspace: Path) -> None:
    home = workspace.parent / "home"
    assert read(f"history: {{store: 'sqlite:{home}/.local/state/h.db'}}").history == f"sqlite:{home}/.local/state/h.db"
    with pytest.raises(SettingsError):
        read(f"history: {{store: 'sqlite:{home}/h.db'}}")
    with pytest.raises(SettingsError):
        read(f"allow: {{delete: ['{home}/.local/state/h']}}")


def test_another_spelling_of_the_name_is_refused_not_overlooked(workspace: Path) -> None:
    (workspace / ".pipeguard.yaml").write_text("attempts: 1\n")
    with pytest.raises(SettingsError) as caught:
        load(workspace, {}, {}, "none", False)
    assert caught.value.lines() == ("guard: .pipeguard.yaml: is not the name of the settings file", "guard: hint: rename it .pipeguard.yml")
    (workspace / ".pipeguard.yml").write_text("attempts: 2\n")
    assert load(workspace, {}, {}, "none", False).attempts == 2


def test_config_flag_and_variable(read: Loader, workspace: Path) -> None:
    (workspace / "other.yml").write_text("attempts: 7\n")
    (workspace / "third.yml").write_text("attempts: 8\n")
    assert read("attempts: 2", flags={"config": "other.yml"}).attempts == 7
    assert read(env={"PIPEGUARD_CONFIG": "third.yml"}).attempts == 8
    assert read(flags={"config": "other.yml"}, env={"PIPEGUARD_CONFIG": "third.yml"}).attempts == 7
    with pytest.raises(SettingsError, match=r"missing\.yml"):
        read(flags={"config": "missing.yml"})


def test_flags_over_variables_over_file(read: Loader) -> None:
    text = "attempts: 2\nlimits: {attempt: 1m, idle: 1m}\nbudget: 1m\nidempotent: false\n"
    env = {
        "PIPEGUARD_ATTEMPTS": "4", "PIPEGUARD_TIMEOUT": "2m", "PIPEGUARD_IDLE_TIMEOUT": "2m", "PIPEGUARD_BUDGET": "2m",
        "PIPEGUARD_IDEMPOTENT": "true", "PIPEGUARD_ON_HEAL": "warn", "PIPEGUARD_RESULT": "r.json",
    }  # fmt: skip
    flags = {
        "attempts": 5, "timeout": "3m", "idle_timeout": "3m", "budget": "3m", "idempotent": "auto", "on_heal": "fail",
        "result_file": "f.json",
    }  # fmt: skip

    def figures(found: Settings) -> tuple[Any, ...]:
        name = Path(found.result_file).name if found.result_file else None
        limits = found.limits
        return found.attempts, limits.attempt_s, limits.idle_s, found.budget_s, found.idempotent, found.rule("hang").verdict, name

    assert figures(read(text)) == (2, 60, 60, 60, False, "pass", None)
    assert figures(read(text, env=env)) == (4, 120, 120, 120, True, "warn", "r.json")
    assert figures(read(text, flags=flags, env=env)) == (5, 180, 180, 180, None, "fail", "f.json")


def test_empty_variables_are_unset(read: Loader) -> None:
    names = ("ATTEMPTS", "TIMEOUT", "IDLE_TIMEOUT", "BUDGET", "IDEMPOTENT", "ON_HEAL", "RESULT", "CONFIG", "POLICY")
    assert read(env={f"PIPEGUARD_{name}": "" for name in names}) == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("attempts", "0"), ("attempts", "x"), ("attempts", "²"), ("attempts", "21"), ("timeout", "soon"), ("idle_timeout", "0"),
        ("budget", "-1"), ("idempotent", "perhaps"), ("on_heal", "green"),
    ],
)  # fmt: skip
def test_a_wrong_variable_or_flag_is_named(read: Loader, name: str, value: str) -> None:
    with pytest.raises(GuardError, match=f"PIPEGUARD_{name.upper()}") as caught:
        read(env={f"PIPEGUARD_{name.upper()}": value})
    assert caught.value.exit_code == 2
    with pytest.raises(GuardError, match=f"--{name.replace('_', '-')}"):
        read(flags={name: value})


def test_on_heal_leaves_a_label_s_own_verdict(read: Loader) -> None:
    found = read("labels: {hang: {verdict: warn}}", flags={"on_heal": "fail"})
    assert found.rule("hang").verdict == "warn"
    assert found.rule("disk_full").verdict == "fail"


REPOSITORY = """\
attempts: 10
budget: 2h
limits: {attempt: 1h, idle: 30m}
idempotent: true
strategies: [{name: a, run: b, when: {label: hang}}]
history: {store: "sqlite:h.db"}
escalate: {github_issue: true}
allow: {reclaim: [caches, docker], delete: [build, dist], swap: on, kill: job}
probes: on
"""


def test_a_policy_is_the_upper_bound(read: Loader, workspace: Path) -> None:
    found = read(REPOSITORY, policy=f"""\
attempts: 2
budget: 30m
limits: {{attempt: 10m, idle: 1h}}
idempotent: false
strategies: off
history: off
escalate: off
labels: {{hang: off}}
allow: {{reclaim: [caches], delete: ["{workspace}/build"], swap: off, kill: none}}
probes: off
""")
    assert (found.attempts, found.budget_s, found.limits) == (2, 1800, Limits(attempt_s=600, idle_s=1800))
    assert (found.idempotent, found.strategies, found.history, found.escalate) == (False, (), None, {})
    assert found.allow == Allow(("caches",), (str(workspace / "build"),), False, "none")
    assert not found.probes
    assert not found.rule("hang").on
    text = "\n".join(found.left_out)
    for name in ("attempts", "strategies", "escalate", "probes", "docker", "dist", "swap", "kill"):
        assert name in text
    assert all("\n" not in line for line in found.left_out)


def test_a_policy_never_widens(read: Loader) -> None:
    tight = "attempts: 1\nbudget: 1m\nlimits: {attempt: 1m, idle: 1m}\nidempotent: false\nallow: {reclaim: [], kill: none}\n"
    wide = ("attempts: 20\nbudget: 5h\nlimits: {attempt: 5h, idle: 5h}\nidempotent: true\nprobes: on\n"
            "allow: {reclaim: [caches, docker, hosted], delete: [/], swap: on, kill: job}\n")  # fmt: skip
    found, alone = read(tight, policy=wide), read(tight)
    assert (found.attempts, found.budget_s, found.limits, found.idempotent) == (1, 60, Limits(60, 60), False)
    assert (found.allow.reclaim, found.allow.swap, found.allow.kill, found.probes) == ((), False, "none", False)
    assert found.allow.delete == alone.allow.delete == ()


def test_an_empty_delete_in_a_policy_forbids_all(read: Loader) -> None:
    assert read("allow: {delete: [build]}", policy="allow: {delete: []}").allow.delete is None
    assert read("", policy="allow: {delete: []}").allow.delete is None
    assert read("allow: {delete: []}").allow.delete == ()


def test_flags_and_variables_stay_below_a_policy(read: Loader) -> None:
    found = read("", flags={"attempts": 9, "budget": "9h"}, env={"PIPEGUARD_TIMEOUT": "9h"},
                 policy="attempts: 2\nbudget: 1h\nlimits: {attempt: 10m}\n")  # fmt: skip
    assert (found.attempts, found.budget_s, found.limits.attempt_s) == (2, 3600, 600)


def test_a_policy_file_must_be_there_and_right(read: Loader, workspace: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read("", env={"PIPEGUARD_POLICY": str(workspace / "no.yml")})
    assert caught.value.exit_code == 2
    with pytest.raises(SettingsError, match=r"policy\.yml:2: atempts"):
        read("", policy="version: 1\natempts: 1\n")


def test_a_label_refused_stays_refused_by_policy(read: Loader) -> None:
    found = read("labels: {test_failure: {remedies: [rerun_failed_tests]}}", policy="labels: {test_failure: off}")
    assert not found.rule("test_failure").on


def test_a_fork_decides_nothing_that_leaves_the_machine(read: Loader, workspace: Path) -> None:
    found = read("escalate: {github_issue: true}\nhistory: {store: 'postgresql://db.example/x'}\nattempts: 2\n", fork=True)
    assert (found.escalate, found.history, found.attempts) == ({}, None, 2)
    assert len(found.left_out) == 2
    local = read("history: {store: 'sqlite:h.db'}\n", fork=True)
    assert local.history == f"sqlite:{workspace / 'h.db'}"
    assert local.left_out == ()


def test_a_message_repeats_no_user_info(read: Loader) -> None:
    with pytest.raises(SettingsError) as caught:
        read("history: {store: 'mysql://me:hunter2secret@db.example/x'}")
    assert "hunter2secret" not in "".join(caught.value.lines())


def test_settings_cannot_be_changed(read: Loader) -> None:
    with pytest.raises(AttributeError):
        read().attempts = 4  # type: ignore[misc]


def test_messages_hold_no_control_characters(read: Loader) -> None:
    with pytest.raises(SettingsError) as caught:
        read('"a\\nb\\e[31m": 1\n')
    assert not re.search(r"[\x00-\x1f]", "".join(caught.value.lines()))
