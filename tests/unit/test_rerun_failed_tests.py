from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from guard.frameworks import FRAMEWORKS
from guard.frameworks.narrowing import MARK, too_many
from guard.remedies import rerun_failed_tests as remedy
from guard.types import Change, Command, Diagnosis, LogWindow, Outcome, Refusal, Surroundings, Telemetry

LOG = b"""\
collected 2 items
=== short test summary info ===
FAILED test_a.py::test_b - assert 0
=== 1 failed, 1 passed in 0.12s ===
"""


def outcome(
    root: Path, log: bytes = LOG, code: int = 1, number: int = 1, env: dict[str, str] | None = None
) -> Outcome:
    return Outcome(
        Command(("pytest",), cwd=str(root), env=env or {}),
        number,
        code,
        None,
        "exited",
        1.0,
        LogWindow(head=log),
        Telemetry(),
    )


def propose(made: Outcome, label: str = "flaky_test") -> Any:
    return remedy.propose(Diagnosis(label, 0.9, "test"), made, Surroundings(workspace=made.command.cwd))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path) -> None:
    place = tmp_path / ".pytest_cache" / "v" / "cache"
    place.mkdir(parents=True)
    (place / "lastfailed").write_text('{"test_a.py::test_b": true}')


def test_a_change_promises_what_must_run(tmp_path: Path) -> None:
    change = propose(outcome(tmp_path))
    assert isinstance(change, Change)
    assert change.details["must_run"] == ["test_a.py::test_b"]
    assert change.once
    assert change.changes_something
    json.dumps(dict(change.details))
    assert remedy.verified(change, outcome(tmp_path, b"1 passed in 0.1s\n", 0))
    assert not remedy.verified(change, outcome(tmp_path, b"no tests ran in 0.1s\n", 0))
    assert not remedy.verified(change, outcome(tmp_path, b"1 passed in 0.1s\n", 1))


def test_a_plain_failure_has_a_smaller_chance_and_one_try(tmp_path: Path) -> None:
    flaky, plain = propose(outcome(tmp_path)), propose(outcome(tmp_path), "test_failure")
    assert plain.success_probability < flaky.success_probability
    assert isinstance(propose(outcome(tmp_path, number=2), "test_failure"), Refusal)
    assert isinstance(propose(outcome(tmp_path, number=2)), Change)


def test_a_narrowed_run_is_never_narrowed_again(tmp_path: Path) -> None:
    assert isinstance(propose(outcome(tmp_path, env={MARK: "pytest"})), Refusal)


def test_other_labels_and_passes_are_not_its_business(tmp_path: Path) -> None:
    assert propose(outcome(tmp_path), "disk_full") is None
    assert propose(outcome(tmp_path, code=0)) is None


def test_no_or_two_frameworks_are_refused(tmp_path: Path) -> None:
    made = outcome(tmp_path, LOG + b"Ran 2 tests in 0.1s\n\nFAILED (failures=1)\n")
    assert "more than one" in propose(made).reason
    bare = Outcome(
        Command(("./run",), cwd=str(tmp_path)),
        1,
        1,
        None,
        "exited",
        1.0,
        LogWindow(head=b"boom"),
        Telemetry(),
    )
    assert "no test framework" in propose(bare).reason


def test_another_change_promised_nothing(tmp_path: Path) -> None:
    assert remedy.verified(Change("wait", "waits"), outcome(tmp_path, b"", 0))
    assert not remedy.verified(
        Change(remedy.NAME, "x", details={"must_run": ["a"], "framework": "none"}), outcome(tmp_path, b"", 0)
    )
    assert not remedy.verified(
        Change(remedy.NAME, "x", details={"must_run": [], "framework": "pytest"}), outcome(tmp_path, b"", 0)
    )


@pytest.mark.parametrize(
    ("failed", "total", "many"),
    [(10, None, False), (11, None, True), (4, 20, False), (5, 20, True), (5, 19, False), (11, 1000, True)],
)
def test_mass_failure(failed: int, total: int | None, many: bool) -> None:
    assert bool(too_many(failed, total)) is many


def test_the_registry_names_each_module_by_its_own_name() -> None:
    assert all(name == each.NAME for name, each in FRAMEWORKS.items())
    assert len(FRAMEWORKS) == 17


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\x00\xff\xfe",
        b"\x1b]0;x",
        b"=" * 200_000,
        b"FAIL " * 50_000,
        b" (" * 100_000,
        b"1 passed, " * 30_000,
        b" Test Files  " + b"11 " * 3000,
        b"Timed out waiting " * 60_000,
        b" 1/1 Test #1: " + b" ." * 100_000,
    ],
)
def test_hostile_logs_neither_raise_nor_stall(tmp_path: Path, text: bytes) -> None:
    for argv in (
        ("pytest",),
        ("npx", "jest"),
        ("vitest", "run"),
        ("mocha",),
        ("go", "test"),
        ("cargo", "test", "--no-fail-fast"),
        ("ctest",),
        ("mvn", "test"),
        ("gradle", "test"),
        ("playwright", "test"),
        ("python", "-m", "unittest"),
        (),
    ):
        made = Outcome(
            Command(argv, cwd=str(tmp_path)),
            1,
            1,
            None,
            "exited",
            1.0,
            LogWindow(head=text + b"\n" + text),
            Telemetry(),
        )
        assert isinstance(propose(made), Refusal)


def test_mass_failure_does_not_run_the_whole_command_again_either(tmp_path: Path) -> None:
    from guard.remedies import rerun_all

    names = [f"test_a.py::test_{number}" for number in range(30)]
    (tmp_path / ".pytest_cache" / "v" / "cache" / "lastfailed").write_text(json.dumps(dict.fromkeys(names, True)))
    log = "collected 30 items\n=== short test summary info ===\n" + "".join(f"FAILED {name} - assert 0\n" for name in names)
    found = Diagnosis("flaky_test", 0.9, "test")
    around = Surroundings(workspace=str(tmp_path))
    many = rerun_all.propose(found, outcome(tmp_path, f"{log}=== 30 failed in 0.12s ===\n".encode()), around)
    assert isinstance(many, Refusal)
    assert "30 of 30" in many.reason
    one = rerun_all.propose(found, outcome(tmp_path), around)
    assert isinstance(one, Change)
    hung = rerun_all.propose(Diagnosis("hang", 0.9, "test"), outcome(tmp_path, log.encode()), around)
    assert isinstance(hung, Change)
