"""What the GitHub skin hands over: step files as the runner reads them, annotations at real lines, a page for a person."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.platforms import evidence_places, github, github_outputs, hand_over, messages
from guard.platforms.facts import facts, flaky_tests
from guard.report.markdown_summary import summary


def attempt(number: int = 1, code: int = 1, label: str = "test_failure", text: str = "AssertionError", **more: Any) -> dict[str, Any]:
    """An attempt as the document has it; with code 0 one that passed."""
    diagnosis = {
        "label": label, "family": "tests", "probability": 0.9, "source": "signature:x", "evidence": [{"line": 7, "text": text, "rank": "primary"}],
        "entities": {}, "fingerprint": "f", "alternatives": [],
    }  # fmt: skip
    plan = {"decision": "escalate", "reason": "it cannot heal", "remedies": [], "refused": [], "expected_cost_s": 0, "success_probability": 0}
    return {
        "number": number, "exit_code": code, "signal": None, "ended": "exited", "duration_s": 2.0, "telemetry": {},
        "diagnosis": diagnosis if code else None, "plan": plan if code else None, **more,
    }  # fmt: skip


def document(*attempts: Mapping[str, Any], status: str = "failed", **more: Any) -> dict[str, Any]:
    return {
        "schema": "pipeguard.run/1", "id": "x", "status": status, "exit_code": attempts[-1]["exit_code"], "platform": "github", "command": ["make"],
        "started_at": "", "duration_s": 5.0, "healed_by": [], "attempts": list(attempts), "rescued_s": 0.0, "wasted_s": 1.0, "diagnosis_s": 0.1, **more,
    }  # fmt: skip


def healed(**more: Any) -> dict[str, Any]:
    remedy = {"name": "rerun_failed_tests", "details": {"must_run": ["t::a"], "summary": "runs only the 1 failed test again"}, "wait_s": 0}
    first = attempt()
    first["plan"] = {**first["plan"], "decision": "heal", "remedies": [remedy]}
    return document(first, attempt(2, 0), status="healed", healed_by=["rerun_failed_tests"], **{"verdict": "pass", **more})


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        (tmp_path / name).touch()
    return {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(tmp_path), **{name: str(tmp_path / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}}


def outputs(files: Mapping[str, str]) -> dict[str, str]:
    return dict(github_outputs.entries(Path(files["GITHUB_OUTPUT"]).read_text()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=b\n", {"a": "b"}), ("a=b", {"a": "b"}), ("a=b=c<<d\n", {"a": "b=c<<d"}), ("a<<E\n1\n\n2\nE\nb=2\n", {"a": "1\n\n2", "b": "2"}),
        ("a<<E=F\n1\nE=F\n", {"a": "1"}), ("a=\r\nb=1\r\n", {"a": "", "b": "1"}), ("\n\na=1\n", {"a": "1"}), ("a=1\na=2\n", {"a": "2"}),
        ("a<<E\nEnd\nE", {"a": "End"}), ("a<<E\nE\n", {"a": ""}), ("a=1\nnonsense\nb=2\n", {"a": "1"}), ("a=1\nb<<E\nnever\n", {"a": "1"}),
        ("=x\n", {}), ("<<E\nE\n", {}),
    ],
)  # fmt: skip
def test_a_step_file_is_read_as_the_runner_reads_it(text: str, expected: dict[str, str]) -> None:
    assert dict(github_outputs.entries(text)) == expected


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True), st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]), max_size=40), max_size=5))
def test_what_is_written_is_read_back(values: dict[str, str]) -> None:
    text = "".join(github_outputs._entry(name, value) for name, value in values.items())
    assert dict(github_outputs.entries(text)) == values


def test_ours_come_after_the_script_s_and_keep_an_unfinished_last_line_apart(files: dict[str, str]) -> None:
    Path(files["GITHUB_OUTPUT"]).write_text('status=mine\nmany<<E\n1\n2\nE\nlast="x"')
    assert github.publish(document(attempt()), files)
    found = outputs(files)
    assert found["status"] == "failed"
    assert found["label"] == "test_failure"
    assert json.loads(found["outputs"]) == {"status": "mine", "many": "1\n2", "last": '"x"'}


def test_a_first_time_pass_writes_outputs_and_nothing_else(files: dict[str, str]) -> None:
    assert github.publish(document(attempt(1, 0), status="passed"), files) == []
    assert outputs(files)["status"] == "passed"
    assert Path(files["GITHUB_STEP_SUMMARY"]).read_text() == ""


@pytest.mark.parametrize("kind", ["link", "folder", "fifo", "missing folder"])
def test_a_step_file_that_is_none_is_left_alone(kind: str, files: dict[str, str], tmp_path: Path) -> None:
    place, aim = Path(files["GITHUB_OUTPUT"]), tmp_path / "aim"
    place.unlink()
    aim.write_text("kept")
    if kind == "link":
        place.symlink_to(aim)
    elif kind == "folder":
        place.mkdir()
    elif kind == "fifo":
        os.mkfifo(place)
    else:
        files["GITHUB_OUTPUT"] = str(tmp_path / "no" / "file")
    lines = github.publish(document(attempt(1, 0), status="passed"), files)
    assert len(lines) == 1
    assert lines[0].startswith("guard: ")
    assert "is left as it is" in lines[0]
    assert aim.read_text() == "kept"


def test_outputs_that_are_too_large_are_left_out_with_a_line(files: dict[str, str]) -> None:
    Path(files["GITHUB_OUTPUT"]).write_text("big=" + "\x01" * (900 << 10))
    lines = github.publish(document(attempt(1, 0), status="passed"), files)
    assert lines == ["guard: output outputs is left empty: it would be larger than 1 MiB"]
    assert outputs(files)["outputs"] == "{}"


def test_a_summary_that_has_no_room_is_left_out(files: dict[str, str]) -> None:
    page = Path(files["GITHUB_STEP_SUMMARY"])
    page.write_text("x" * ((1 << 20) - 10))
    github.publish(document(attempt()), files)
    assert page.stat().st_size == (1 << 20) - 10


def test_facts_are_those_of_the_last_failure() -> None:
    found = facts(document(attempt(label="hang"), attempt(2, label="compile_error"), rescued_s=61.4))
    assert found == {
        "status": "failed", "exit-code": "1", "label": "compile_error", "probability": "0.90", "healed-by": "", "attempts": "2", "rescued-seconds": "61",
    }  # fmt: skip


def test_flaky_tests_are_those_that_passed_when_only_repeated() -> None:
    assert flaky_tests(healed()) == ["t::a"]
    assert flaky_tests({**healed(), "healed_by": ["raise_heap"]}) == []
    assert flaky_tests({**healed(), "status": "failed"}) == []


@pytest.mark.parametrize(("verdict", "level"), [("pass", "notice"), ("warn", "warning"), ("fail", "error")])
def test_a_heal_is_one_message(verdict: str, level: str, files: dict[str, str]) -> None:
    lines = github.publish(healed(verdict=verdict), files)
    assert len(lines) == 1
    assert lines[0].startswith(f"::{level} title=healed by Pipeguard::passed on attempt 2 after rerun_failed_tests; the first attempt failed")


def test_told_to_stop_is_no_message(files: dict[str, str]) -> None:
    assert github.publish(document(attempt(code=130, diagnosis=None, plan=None), status="interrupted"), files) == []


def test_errors_stand_where_the_evidence_says_and_are_few(files: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("\n" * 40)
    failed = attempt(label="compile_error")
    failed["diagnosis"]["evidence"] = [{"line": n, "text": f"a.c:{n}:5: error: no", "rank": "primary"} for n in range(1, 9)]
    lines = messages.lines(github.annotate, document(failed), files)
    assert len(lines) == messages.MOST
    assert lines[1].startswith("::error file=a.c,line=2,title=compile_error (90%25)::a.c:2:5: error: no%0Anot repeated: it cannot heal")


def test_lines_around_the_evidence_name_the_place(files: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "t.py").write_text("a\nb\n")
    failed = attempt()
    failed["diagnosis"]["evidence"][0]["around"] = ['  File "/usr/lib/python3/x.py", line 9, in f', f'  File "{tmp_path}/t.py", line 2, in g']
    (line,) = messages.lines(github.annotate, document(failed), files)
    assert line.startswith("::error file=t.py,line=2,")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("src/a.py:2: error: x", ("src/a.py", 2)), ("./src/a.py:2:9 - error", ("src/a.py", 2)), ("src/a.py(2,9): error TS1: x", ("src/a.py", 2)),
        ('  File "src/a.py", line 2, in f', ("src/a.py", 2)), ("at f (src/a.py:2:9)", ("src/a.py", 2)), ("x in src/a.py on line 2", ("src/a.py", 2)),
        ("--> src/a.py:2:9", ("src/a.py", 2)), ("@ROOT@/src/a.py:2: x", ("src/a.py", 2)), ("file://@ROOT@/src/a.py:2:1", ("src/a.py", 2)),
        ("../src/a.py:2", None), ("src/a.py:99: x", None), ("src/a.py:0: x", None), ("src:2: x", None), ("/etc/passwd:1: x", None),
        ("link.py:1: x", None), (".git/config:1: x", None), ("12:30:45 started", None), ("no place at all", None), ("src/\0a.py:2", None),
    ],
)  # fmt: skip
def test_places(text: str, expected: tuple[str, int] | None, tmp_path: Path) -> None:
    root = tmp_path / "w"
    for name in ("src", ".git"):
        (root / name).mkdir(parents=True)
    (root / "src" / "a.py").write_text("1\n2\n3")
    (root / ".git" / "config").write_text("1\n")
    (root / "link.py").symlink_to("/etc/passwd")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("1\n2\n")
    assert evidence_places.place(text.replace("@ROOT@", str(root)), str(root)) == expected


def test_a_place_is_looked_for_where_the_command_ran_first(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.py").write_text("1\n")
    assert evidence_places.place("a.py:1: x", str(tmp_path), str(tmp_path / "sub")) == ("sub/a.py", 1)
    assert evidence_places.place("a.py:1: x", str(tmp_path)) is None


def test_a_hostile_log_takes_no_time_and_follows_no_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    assert evidence_places.place("pipe.py:1: x", str(tmp_path)) is None
    assert evidence_places.place("a:" * 100_000 + "1", str(tmp_path)) is None


def test_the_page_of_a_heal() -> None:
    page = summary({**healed(), "rescued_s": 200.0})
    assert page.startswith("### Passed on attempt 2 after `rerun_failed_tests`; the first attempt was red\n")
    assert "`test_failure`, 90% sure" in page
    assert "**What was changed:** runs only the 1 failed test again" in page
    assert "**What it saved:** 3 min 20 s" in page
    assert page.count("<details>") == page.count("</details>") == 1


def test_the_page_of_a_failure_says_why_nothing_was_repeated() -> None:
    failed = attempt()
    failed["plan"]["refused"] = [{"name": "raise_heap", "reason": "no room"}]
    page = summary(document(failed))
    assert page.startswith("### Failed: exit code 1\n")
    assert "**Why it was not repeated:** it cannot heal" in page
    assert "- `raise_heap` would have helped, but no room" in page
    assert summary(document(attempt(1, 0), status="passed")) == ""


HOSTILE = ["```\n# owned", "````", "<script>x</script>", "[x](https://evil.example)", "![x](https://evil.example/i.png)", "@team #1 www.evil.example a@b.example", "| a | b |", "</details>"]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_the_log_is_markdown_on_the_page(text: str) -> None:
    failed = attempt(text=text.replace("\n", " "))
    failed["diagnosis"]["entities"] = {"tool": text, "path": text}
    failed["plan"]["reason"] = text
    page = summary(document(failed, command=["make", text]))
    outside, fence = [], ""
    for line in page.splitlines():
        opened = re.match(r"(`{3,})", line)
        if fence:
            fence = "" if line == fence else fence
        elif opened:
            fence = opened[1]
        else:
            outside.append(re.sub(r"\\.", "", line))
    assert fence == ""
    rest = "\n".join(outside).replace("<details><summary>", "").replace("</summary>", "").replace("</details>", "", 1)
    assert not re.search(r"[<>\[\]@!]|www\.|https?:", rest)


def test_a_page_is_bounded() -> None:
    failed = attempt(text="x" * 5000)
    failed["diagnosis"]["evidence"] *= 2000
    assert len(summary(document(*[failed] * 20))) < 64_000


@pytest.mark.parametrize(("attempts", "words"), [(120, ("make", "</details>")), (400, ("make",)), (1, ("sh", "-c", "echo " + "`" * 50_000 + "\n</details>"))])
def test_a_page_that_is_cut_leaves_nothing_open(attempts: int, words: tuple[str, ...]) -> None:
    page = summary(document(*[attempt(text="``` x" * 60)] * attempts, command=list(words)))
    fence, folded = "", 0
    for line in page.splitlines():
        opened = re.match(r"(`{3,})", line)
        if fence:
            fence = "" if line == fence else fence
        elif opened:
            fence = opened[1]
        else:
            folded += line.startswith("<details>") - line.startswith("</details>")
    assert (fence, folded) == ("", 0)
    assert len(page) < 61_000


def test_a_file_is_read_only_when_it_is_a_small_regular_one(tmp_path: Path) -> None:
    place = tmp_path / "f"
    place.write_bytes(b"12345")
    (tmp_path / "link").symlink_to(place)
    assert hand_over.read(str(place), 5) == b"12345"
    assert hand_over.read(str(place), 4) is None
    assert hand_over.read(str(tmp_path / "link"), 5) is None
    assert hand_over.read(str(tmp_path), 5) is None
    assert hand_over.read("\0", 5) is None
