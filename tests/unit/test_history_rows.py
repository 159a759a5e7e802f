"""A document → rows; untrusted lines → documents or the reason why not; the spool's line; where a history lies."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from guard.history import place, spool
from guard.history.checking import Unsound, checked, parsed
from guard.history.entry import cause_lines, entry
from guard.history.origin import origin
from tests.unit.runs_by_hand import attempt, document, failure, healed, healing


def trials(*attempts: dict) -> list[tuple[str, bool]]:
    return [(one.remedy, one.healed) for one in entry(document("r", list(attempts))).trials]


def test_a_remedy_that_passed_healed() -> None:
    assert trials(attempt(1, 1, failure(), healing("wait")), attempt(2, 0)) == [("wait", True)]


def test_a_remedy_after_which_the_same_failure_came_failed() -> None:
    assert trials(attempt(1, 1, failure(), healing("wait")), attempt(2, 1, failure(fingerprint="f2"))) == [("wait", False)]


def test_of_another_failure_nothing_is_learned() -> None:
    assert trials(attempt(1, 1, failure(), healing("wait")), attempt(2, 1, failure("disk_full", "f2"))) == []


def test_of_an_attempt_that_was_stopped_nothing_is_learned() -> None:
    stopped = {**attempt(2, 143), "ended": "cancelled"}
    assert trials(attempt(1, 1, failure(), healing("wait")), stopped) == []


def test_tried_twice_in_a_run_is_one_trial() -> None:
    twice = [attempt(1, 1, failure(), healing("wait")), attempt(2, 1, failure(), healing("wait")), attempt(3, 0)]
    assert trials(*twice) == [("wait", True)]


def test_strategies_are_told_apart() -> None:
    plan = healing("user_strategy", details={"strategy": "restart-db"})
    assert trials(attempt(1, 1, failure(), plan), attempt(2, 0)) == [("user_strategy/restart-db", True)]


def test_tests_that_ran_again() -> None:
    plan = healing("rerun_failed_tests", details={"framework": "pytest", "must_run": ["t.py::a", "t.py::b"]})
    flaky = failure("flaky_test")
    rows = entry(document("r", [attempt(1, 1, flaky, plan, 120.0), attempt(2, 0, duration_s=60.0)])).tests
    assert [(one.framework, one.name, one.outcome, one.minutes) for one in rows] == [
        ("pytest", "t.py::a", "passed_on_rerun", 1.5),
        ("pytest", "t.py::b", "passed_on_rerun", 1.5),
    ]


def test_a_test_that_only_the_log_names() -> None:
    broken = {**failure("test_failure"), "entities": {"test": "test_sum", "tool": "pytest"}}
    rows = entry(document("r", [attempt(1, 1, broken)])).tests
    assert [(one.framework, one.name, one.outcome) for one in rows] == [("pytest", "test_sum", "failed")]


def test_causes_are_compared_without_what_changes() -> None:
    assert cause_lines(["took 12.5 s in /tmp/a1/b.c", "", "at 0xdeadbeef"]) == cause_lines(["took 3 s in /home/x/b.c", "at 0xcafe0001"])


def test_a_document_goes_through_as_it_is() -> None:
    assert checked(healed("r")) == healed("r")


def test_times_are_brought_to_utc() -> None:
    assert checked(healed("r", at="2026-11-01T12:00:00.5+02:00"))["started_at"] == "2026-11-01T10:00:00.500+00:00"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"id": ""}, "id"),
        ({"id": "a\nb"}, "not printable"),
        ({"exit_code": True}, "is no integer"),
        ({"exit_code": "0"}, "is no integer"),
        ({"command": "make"}, "is no array"),
        ({"attempts": [{}]}, "is missing"),
        ({"healed_by": [1]}, "healed_by[0]"),
        ({"corrected_label": "nonsense"}, "is none of"),
        ({"wrong_heal": False}, "is not True"),
        ({"started_at": "9999-12-31T23:59:59-12:00"}, "is no date"),
    ],
)
def test_what_is_unsound_is_said_with_its_place(change: dict, said: str) -> None:
    with pytest.raises(Unsound) as caught:
        checked(healed("r") | change)
    assert said in str(caught.value)


def ran(code: int, number: int, *, passed: tuple[str, ...] = (), failed: tuple[str, ...] = ()) -> dict:
    diagnosis = failure("test_failure") if code else None
    return {**attempt(number, code, diagnosis), "tests": [{"framework": "pytest", "passed": list(passed), "failed": list(failed)}]}


@pytest.mark.parametrize(
    ("attempts", "outcomes"),
    [
        ([ran(1, 1, passed=("a", "b"), failed=("c",))], {"a": "passed", "b": "passed", "c": "failed"}),
        ([ran(1, 1, passed=("a",), failed=("c",)), ran(0, 2, passed=("a", "c"))], {"a": "passed", "c": "passed_on_rerun"}),
        # What failed first passed the second time, though another test made that attempt red too.
        ([ran(1, 1, passed=("a",), failed=("c",)), ran(1, 2, passed=("c",), failed=("a",))], {"a": "passed_on_rerun", "c": "passed_on_rerun"}),
        ([ran(1, 1, failed=("c",)), ran(1, 2, failed=("c",))], {"c": "failed"}),
    ],
)
def test_what_frameworks_name_is_counted(attempts: list[dict], outcomes: dict[str, str]) -> None:
    found = entry(checked(document("r", attempts))).tests
    assert {one.name: one.outcome for one in found} == outcomes
    assert all((one.minutes == 0) == (one.outcome == "passed") for one in found)


def test_what_a_framework_calls_a_failure_goes_before_what_runs_it_again() -> None:
    plan = healing("rerun_failed_tests", details={"must_run": ["./spec/a_spec.rb:3"], "framework": "rspec"})
    first = attempt(1, 1, failure("flaky_test"), plan)
    first["tests"] = [{"framework": "rspec", "failed": ["cart adds"], "passed": []}]
    (row,) = entry(document("r", [first, attempt(2, 0)])).tests
    assert (row.name, row.outcome) == ("cart adds", "passed_on_rerun")


def test_half_characters_and_nul_are_taken_out() -> None:
    line = json.dumps(healed("r", branch="a\ud800b\x00c"))
    assert parsed(line)["branch"] == "a�b�c"


def test_the_line_of_a_pass_is_a_run() -> None:
    line = spool.passing_line("abc", ("/usr/bin/pytest", "--password=hunter2secret"), 1.25, 2.5, "none", {}, "/nowhere/app")
    assert line.isascii()
    found = parsed(line)
    assert (found["status"], found["command"], found["project"], found["started_at"]) == ("passed", ["pytest", "…"], "app", "1970-01-01T00:00:01.250+00:00")


@pytest.mark.parametrize("name", ['qu"ote', "back\\slash", "new\nline", "ümlaut", "😀", "\udcff", "\x00"])
def test_any_program_name_makes_a_line(name: str) -> None:
    line = spool.passing_line("abc", (name,), 1.0, 2.5, "none", {}, "/")
    assert "\n" not in line
    assert parsed(line)["command"][0] == name.replace("\udcff", "�").replace("\x00", "�")


def test_the_spool_gives_each_line_once(tmp_path: Path) -> None:
    path = str(tmp_path / "spool")
    assert [spool.append(path, f"line {number}") for number in range(3)] == [True] * 3
    found: list[str] = []
    spool.take_in(path, found.extend)
    spool.take_in(path, found.extend)
    assert found == ["line 0", "line 1", "line 2"]
    assert list(tmp_path.iterdir()) == []


def test_a_spool_that_could_not_be_kept_is_there_the_next_time(tmp_path: Path) -> None:
    path = str(tmp_path / "spool")
    spool.append(path, "line")

    def fails(lines: object) -> None:
        raise OSError

    with pytest.raises(OSError):
        spool.take_in(path, fails)
    found: list[str] = []
    spool.take_in(path, found.extend)
    assert found == ["line"]


def test_a_long_spool_is_taken_in_by_parts_and_the_rest_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "_AT_ONCE", 2)
    path = str(tmp_path / "spool")
    for number in range(7):
        spool.append(path, f"line {number}")
    parts: list[list[str]] = []
    clock = iter([0.0, 0.0, 0.0, 9.0])
    with monkeypatch.context() as patch:
        patch.setattr(spool.time, "monotonic", lambda: next(clock))
        spool.take_in(path, lambda lines: parts.append(list(lines)), 1.0)
    assert parts == [["line 0", "line 1"], ["line 2", "line 3"]]
    spool.append(path, "line 7")
    spool.take_in(path, lambda lines: parts.append(list(lines)))
    assert sorted(line for part in parts for line in part) == [f"line {number}" for number in range(8)]
    assert list(tmp_path.iterdir()) == []


def test_a_part_that_another_guard_takes_in_is_left_to_it(tmp_path: Path) -> None:
    import fcntl

    path = str(tmp_path / "spool")
    (tmp_path / "spool.taking-0").write_text("line\n")
    found: list[str] = []
    with open(f"{path}.taking-0") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        spool.take_in(path, found.extend)
        assert found == []
    spool.take_in(path, found.extend)
    assert found == ["line"]


@pytest.mark.parametrize("kind", ["folder", "pipe", "link"])
def test_what_is_no_file_of_lines_is_left_alone(tmp_path: Path, kind: str) -> None:
    part = tmp_path / "spool.taking-0"
    if kind == "folder":
        part.mkdir()
    elif kind == "pipe":
        os.mkfifo(part)
    else:
        (tmp_path / "elsewhere").write_text("line\n")
        part.symlink_to("elsewhere")
    found: list[str] = []
    spool.take_in(str(tmp_path / "spool"), found.extend)
    assert found == []
    assert part.is_symlink() or part.exists()


@pytest.mark.parametrize("number", ["9" * 400, "-" + "9" * 400, "1e999", "1e16"])
def test_a_number_beyond_all_bounds_is_unsound(number: str) -> None:
    line = json.dumps(healed("r")).replace('"duration_s": 61.0', f'"duration_s": {number}')
    assert number in line
    with pytest.raises(Unsound):
        parsed(line)


def test_the_spool_follows_no_link_and_grows_only_so_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "spool").symlink_to(tmp_path / "elsewhere")
    assert not spool.append(str(tmp_path / "spool"), "line")
    assert not (tmp_path / "elsewhere").exists()
    monkeypatch.setattr(spool, "LARGEST_BYTES", 20)
    assert [spool.append(str(tmp_path / "small"), "0123456789") for _ in range(2)] == [True, False]


def test_a_history_lies_in_a_checkout_or_where_the_settings_say(tmp_path: Path) -> None:
    env = {"HOME": "/home/someone"}
    folder = str(tmp_path)
    assert place.setting(None, env, folder) == "off"
    (tmp_path / ".git").mkdir()
    assert place.setting(None, env, folder) == f"sqlite:{tmp_path}/.pipeguard/history.db"
    assert place.setting("off", env, folder) == "off"
    assert place.setting("postgresql://x/y", env, folder) == "postgresql://x/y"
    assert place.setting(None, {"HOME": folder}, folder) == "off"


def test_a_checkout_whose_folder_is_a_link_has_no_history(tmp_path: Path) -> None:
    """A change under test could bring that link, to the history of another project on the same machine."""
    mine, other = tmp_path / "mine", tmp_path / "other"
    for one in (mine, other):
        (one / ".git").mkdir(parents=True)
    (other / ".pipeguard").mkdir()
    (mine / ".pipeguard").symlink_to(other / ".pipeguard")
    assert place.setting(None, {}, str(other)) != "off"
    assert place.setting(None, {}, str(mine)) == "off"


def checkout(folder: Path, head: str, config: str = "") -> None:
    (folder / ".git" / "refs" / "heads").mkdir(parents=True)
    (folder / ".git" / "HEAD").write_text(head)
    (folder / ".git" / "config").write_text(config)


COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_project_branch_and_commit_of_a_checkout(tmp_path: Path) -> None:
    checkout(tmp_path, "ref: refs/heads/feature/x\n", '[core]\n[remote "origin"]\n\turl = https://me:hunter2secret@git.example/acme/app.git\n')
    (tmp_path / ".git/refs/heads/feature").mkdir()
    (tmp_path / ".git/refs/heads/feature/x").write_text(COMMIT + "\n")
    assert origin({}, str(tmp_path)) == ("acme/app", "feature/x", COMMIT)


def test_packed_branches_and_a_detached_head(tmp_path: Path) -> None:
    checkout(tmp_path, "ref: refs/heads/main\n", '[remote "origin"]\n\turl = git@git.example:acme/app.git\n')
    (tmp_path / ".git/packed-refs").write_text(f"# pack-refs\n{COMMIT} refs/heads/main\n")
    assert origin({}, str(tmp_path)) == ("acme/app", "main", COMMIT)
    (tmp_path / ".git/HEAD").write_text(COMMIT)
    assert origin({}, str(tmp_path))[1:] == ("", COMMIT)


def test_what_the_ci_says_goes_first(tmp_path: Path) -> None:
    env = {"GITHUB_REPOSITORY": "acme/app", "GITHUB_REF_NAME": "main", "GITHUB_SHA": COMMIT}
    assert origin(env, str(tmp_path)) == ("acme/app", "main", COMMIT)


def test_no_path_leaves_the_git_folder(tmp_path: Path) -> None:
    checkout(tmp_path, "ref: ../../secret\n")
    (tmp_path / "secret").write_text(COMMIT)
    assert origin({}, str(tmp_path))[2] == ""
