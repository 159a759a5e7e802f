"""A run's document → GitLab's reports: dotenv, JUnit, Code Quality."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.platforms import gitlab, gitlab_code_quality, gitlab_dotenv, gitlab_junit


def attempt(number: int, code: int = 1, label: str = "", text: str = "it broke", family: str = "resources") -> dict[str, Any]:
    cause = {"label": label, "family": family, "probability": 0.93, "evidence": [{"line": 7, "text": text, "rank": "primary"}], "entities": {}}
    plan = {"decision": "escalate", "reason": "because", "remedies": []}
    return {"number": number, "exit_code": code, "ended": "exited", "diagnosis": cause if label else None, "plan": plan if label else None}


def document(status: str, *attempts: dict[str, Any], code: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "id": "0123456789abcdef", "status": status, "exit_code": code, "duration_s": 1.5, "healed_by": ["raise_limit"] if status == "healed" else [],
        "attempts": list(attempts), "rescued_s": 0, "command": ["make", "test"], **more,
    }  # fmt: skip


PASSED = document("passed", attempt(1, 0))
HEALED = document("healed", attempt(1, 1, "resource_limit"), attempt(2, 0))
FAILED = document("failed", attempt(1, 4, "compile_error", family="code"), code=4)
INTERRUPTED = document("interrupted", attempt(1, 143), code=143)


def test_the_dotenv_has_five_variables(tmp_path: Path) -> None:
    path = tmp_path / "gitlab.env"
    assert gitlab_dotenv.write(str(path), HEALED) == ""
    assert path.read_text() == (
        "PIPEGUARD_STATUS=healed\nPIPEGUARD_ATTEMPTS=2\nPIPEGUARD_LABEL=resource_limit\nPIPEGUARD_HEALED_BY=raise_limit\nPIPEGUARD_EXIT_CODE=0\n"
    )


@pytest.mark.parametrize(
    ("first", "second", "shown"),
    [
        (PASSED, HEALED, "healed"), (HEALED, PASSED, "healed"), (HEALED, FAILED, "failed"), (FAILED, HEALED, "failed"),
        (FAILED, INTERRUPTED, "interrupted"), (INTERRUPTED, PASSED, "interrupted"),
    ],
)  # fmt: skip
def test_of_several_commands_the_worst_is_shown(tmp_path: Path, first: dict[str, Any], second: dict[str, Any], shown: str) -> None:
    path = tmp_path / "gitlab.env"
    for one in (first, second):
        assert gitlab_dotenv.write(str(path), one) == ""
    assert f"PIPEGUARD_STATUS={shown}\n" in path.read_text()


@pytest.mark.parametrize("before", [b"", b"PIPEGUARD_STATUS=\xff\n", b"nothing\0", b"PIPEGUARD_STATUS=worse than all\n", b"x" * 10000])
def test_a_dotenv_of_somebody_else_is_replaced(tmp_path: Path, before: bytes) -> None:
    path = tmp_path / "gitlab.env"
    path.write_bytes(before)
    assert gitlab_dotenv.write(str(path), PASSED) == ""
    assert path.read_text().startswith("PIPEGUARD_STATUS=passed\n")


def test_links_are_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("mine")
    path = tmp_path / "gitlab.env"
    path.symlink_to(target)
    assert "left as it is" in gitlab_dotenv.write(str(path), PASSED)
    assert target.read_text() == "mine"


@pytest.mark.parametrize(
    ("one", "failures", "errors", "inside"),
    [(PASSED, "0", "0", None), (HEALED, "0", "0", "system-out"), (FAILED, "1", "0", "failure"), (INTERRUPTED, "0", "1", "error"), ({**HEALED, "exit_code": 1}, "1", "0", "failure")],
)
def test_junit_is_red_where_the_job_is(one: dict[str, Any], failures: str, errors: str, inside: str | None) -> None:
    [suite] = ElementTree.fromstring(gitlab_junit.report(one, {"CI_JOB_NAME": "unit tests"}))
    assert (suite.attrib["tests"], suite.attrib["failures"], suite.attrib["errors"]) == ("1", failures, errors)
    [case] = suite
    assert (case.attrib["name"], case.attrib["time"]) == ("unit tests", "1.500")
    assert [child.tag for child in case] == ([inside] if inside else [])


def test_junit_names_the_command_where_there_is_no_job() -> None:
    [suite] = ElementTree.fromstring(gitlab_junit.report(PASSED, {}))
    assert suite[0].attrib["name"] == "make test"


@given(st.text(), st.text())
def test_any_text_stays_inside_the_xml(name: str, text: str) -> None:
    one = document("failed", attempt(1, 1, "compile_error", text), code=1)
    [suite] = ElementTree.fromstring(gitlab_junit.report(one, {"CI_JOB_NAME": name}))
    assert len(suite) == 1
    assert [child.tag for child in suite[0]] == ["failure"]


def test_findings_lie_where_the_evidence_does(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.c").write_text("x\n" * 20)
    (tmp_path / ".git").mkdir()
    env = {"GITLAB_CI": "true", "CI_PROJECT_DIR": str(tmp_path)}
    red = document("failed", attempt(1, 2, "compile_error", f"{tmp_path}/src/a.c:12: error: no", "code"), code=2)
    import os

    before = os.getcwd()
    os.chdir(tmp_path)
    try:
        [one] = gitlab_code_quality.findings(red, env)
        [healed] = gitlab_code_quality.findings({**red, "status": "healed"}, env)
    finally:
        os.chdir(before)
    assert one["location"] == {"path": "src/a.c", "lines": {"begin": 12}}
    assert (one["check_name"], one["severity"]) == ("pipeguard/compile_error", "major")
    assert (healed["severity"], healed["fingerprint"]) == ("info", one["fingerprint"])


def test_a_finding_without_a_file_lies_at_the_pipeline() -> None:
    [one] = gitlab_code_quality.findings(FAILED, {})
    assert one["location"] == {"path": ".gitlab-ci.yml", "lines": {"begin": 1}}
    [other] = gitlab_code_quality.findings(FAILED, {"CI_CONFIG_PATH": "ci/main.yml"})
    assert other["location"]["path"] == "ci/main.yml"
    assert other["fingerprint"] != one["fingerprint"]


def test_a_finding_that_moved_is_the_same() -> None:
    one, other = (
        gitlab_code_quality.findings(document("failed", attempt(1, 1, "hang", f"worker {number} hangs"), code=1), {})[0]["fingerprint"] for number in (3, 4)
    )
    assert one == other


def test_findings_of_a_job_s_commands_are_gathered(tmp_path: Path) -> None:
    path = tmp_path / "codequality.json"
    assert gitlab_code_quality.write(str(path), PASSED, {}) == ""
    assert json.loads(path.read_text()) == []
    for one in (FAILED, HEALED, FAILED, PASSED):
        assert gitlab_code_quality.write(str(path), one, {}) == ""
    assert [one["check_name"] for one in json.loads(path.read_text())] == ["pipeguard/compile_error", "pipeguard/resource_limit"]


@pytest.mark.parametrize("before", ["", "{", "{}", "7", "[1, {}]", "[" * 5000])
def test_a_report_that_cannot_be_read_is_begun_anew(tmp_path: Path, before: str) -> None:
    path = tmp_path / "codequality.json"
    path.write_text(before)
    assert gitlab_code_quality.write(str(path), FAILED, {}) == ""
    assert len(json.loads(path.read_text())) == 1


def test_publish_needs_a_folder(tmp_path: Path) -> None:
    assert gitlab.publish(FAILED, {}) == []
    folder = tmp_path / "made" / "reports"
    assert gitlab.publish(PASSED, {"PIPEGUARD_REPORTS": str(folder)}) == []
    assert sorted(path.name for path in folder.iterdir()) == [".gitignore", "codequality.json", "gitlab.env", "junit-0123456789abcdef.xml"]
    assert gitlab.publish(FAILED, {"PIPEGUARD_REPORTS": str(folder)}) == []
    assert json.loads((folder / "run-0123456789abcdef.json").read_text())["status"] == "failed"


def test_publish_says_why_it_cannot(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    [line] = gitlab.publish(FAILED, {"PIPEGUARD_REPORTS": str(tmp_path / "file" / "reports")})
    assert line.startswith("guard: no reports in ")
    (tmp_path / "link").symlink_to(tmp_path)
    [line] = gitlab.publish(FAILED, {"PIPEGUARD_REPORTS": str(tmp_path / "link")})
    assert "it is a link" in line


def test_sections_of_one_job_have_names_of_their_own() -> None:
    one, other = gitlab.group("guard: attempt 2 of at most 3"), gitlab.group("guard: attempt 3 of at most 3")
    name = one.split(":")[2].partition("[")[0]
    assert name in gitlab.end_group("guard: attempt 2 of at most 3")
    assert name not in other
