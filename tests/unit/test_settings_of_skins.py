"""Settings that skins pass by variables: which remedies may be used, where runs are remembered."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.diagnosis.diagnose import diagnose
from guard.errors import GuardError
from guard.policy.plan import plan
from guard.settings.loading import load
from guard.settings.values import Settings
from guard.types import Command, LogWindow, NoMemory, Outcome, Plan, Surroundings, Telemetry


def read(folder: Path, **variables: str) -> Settings:
    return load(folder, {}, {f"PIPEGUARD_{name}": value for name, value in variables.items()}, "none", False)


@pytest.mark.parametrize(
    ("text", "only", "without"),
    [
        ("", None, ()), ("-wait", None, ("wait",)), ("raise_heap", ("raise_heap",), ()),
        ("-purge-cache, raise_heap\nraise-limit", ("raise_heap", "raise_limit"), ("purge_cache",)),
    ],
)  # fmt: skip
def test_a_list_of_remedies(text: str, only: tuple[str, ...] | None, without: tuple[str, ...], tmp_path: Path) -> None:
    settings = read(tmp_path, REMEDIES=text)
    assert (settings.only, settings.without) == (only, without)


def test_an_unknown_remedy_is_named_with_its_variable(tmp_path: Path) -> None:
    with pytest.raises(GuardError, match=r"PIPEGUARD_REMEDIES: .*rais_heap"):
        read(tmp_path, REMEDIES="rais_heap")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None), ("off", None), ("sqlite:/var/h.db", "sqlite:/var/h.db"), ("/var/h.db", "sqlite:/var/h.db"),
        ("postgresql://db.example/x", "postgresql://db.example/x"),
    ],
)  # fmt: skip
def test_history(text: str, expected: str | None, tmp_path: Path) -> None:
    assert read(tmp_path, HISTORY=text).history == expected


def test_history_off_goes_before_the_file(tmp_path: Path) -> None:
    (tmp_path / ".pipeguard.yml").write_text('history: {store: "sqlite:h.db"}\n')
    assert read(tmp_path).history == f"sqlite:{tmp_path / 'h.db'}"
    assert read(tmp_path, HISTORY="off").history is None


def planned(settings: Settings) -> Plan:
    log = b"Traceback (most recent call last):\nOSError: [Errno 24] Too many open files: 'x.py'\n"
    command = Command(("python3", "x.py"))
    outcome = Outcome(command, 1, 1, None, "exited", 1.0, LogWindow(log), Telemetry(open_files_limit=(64, 4096)))
    return plan(diagnose(outcome, NoMemory()), outcome, (), settings, Surroundings(), NoMemory(), None)


@pytest.mark.parametrize(
    ("remedies", "decision"),
    [("", "heal"), ("raise_limit", "heal"), ("-raise_limit", "escalate"), ("raise_heap", "escalate"), ("raise_limit,-raise_limit", "escalate")],
)
def test_what_is_left_out_is_not_used_and_said(remedies: str, decision: str, tmp_path: Path) -> None:
    found = planned(read(tmp_path, REMEDIES=remedies))
    assert found.decision == decision
    if decision == "escalate":
        assert found.reason == "raise_limit would have helped, but the setting `remedies` leaves it out"
