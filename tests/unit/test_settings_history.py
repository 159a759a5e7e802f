"""`history` in settings, policy, flags and variables: where, how long, or off."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.errors import SettingsError
from guard.settings.loading import load
from guard.settings.values import Settings


def read(folder: Path, text: str = "", policy: str = "", fork: bool = False, **env: str) -> Settings:
    if text:
        (folder / ".pipeguard.yml").write_text(text)
    if policy:
        (folder / "policy.yml").write_text(policy)
        env["PIPEGUARD_POLICY"] = str(folder / "policy.yml")
    return load(folder, {}, env, "none", fork)


@pytest.mark.parametrize("text", ["history: off", "history: false", "history: {store: off}"])
def test_off_is_said(text: str, tmp_path: Path) -> None:
    found = read(tmp_path, text)
    assert (found.history, found.history_off) == (None, True)


def test_not_set_is_not_off(tmp_path: Path) -> None:
    assert not read(tmp_path).history_off
    assert not read(tmp_path, "history: {retention: {days: 3}}").history_off


def test_off_by_a_variable_and_on_again(tmp_path: Path) -> None:
    assert read(tmp_path, "history: {store: 'sqlite:h.db'}", PIPEGUARD_HISTORY="off").history_off
    found = read(tmp_path, "history: off", PIPEGUARD_HISTORY="h.db")
    assert (found.history is not None, found.history_off) == (True, False)


def test_off_by_a_policy(tmp_path: Path) -> None:
    found = read(tmp_path, "history: {store: 'sqlite:h.db'}", "history: off")
    assert (found.history, found.history_off) == (None, True)
    assert read(tmp_path, "history: off", "history: {store: 'sqlite:runs.db'}").history_off


def test_a_remote_store_of_a_fork_is_off(tmp_path: Path) -> None:
    assert read(tmp_path, "history: {store: 'postgresql://db.example/x'}", fork=True).history_off


def test_retention(tmp_path: Path) -> None:
    found = read(tmp_path, "history: {retention: {days: 30, megabytes: 16}}")
    assert (found.history_days, found.history_megabytes, found.history) == (30, 16, None)


def test_the_policy_s_retention_is_the_upper_bound(tmp_path: Path) -> None:
    found = read(tmp_path, "history: {store: 'sqlite:h.db', retention: {days: 300, megabytes: 16}}", "history: {retention: {days: 30, megabytes: 64}}")
    assert (found.history_days, found.history_megabytes) == (30, 16)
    assert found.history == f"sqlite:{tmp_path / 'h.db'}"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("history: {retention: {days: 0}}", "history.retention.days"),
        ("history: {retention: {days: forever}}", "history.retention.days"),
        ("history: {retention: {weeks: 3}}", "history.retention.weeks"),
        ("history: {retention: 30}", "history.retention"),
    ],
)
def test_what_cannot_be(text: str, key: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)
    assert caught.value.key == key
