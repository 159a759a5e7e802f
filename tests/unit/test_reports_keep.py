"""Reports on a disk: which are found, what is put back, and what is never touched."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from guard.remedies.reports.keep import kept, settle
from guard.remedies.reports.written import written
from guard.types import Command, LogWindow, Outcome, Surroundings, Telemetry

RED = '<testsuite tests="2" failures="1"><testcase classname="a" name="ok"/><testcase classname="a" name="f"><failure/></testcase></testsuite>'
GREEN = '<testsuite tests="1" failures="0"><testcase classname="a" name="f"/></testsuite>'
# Every file of these tests is younger.
BEGAN = "2001-01-01T00:00:00+00:00"


def outcome(folder: Path, *argv: str, code: int = 1, started: str = BEGAN, env: dict[str, str] | None = None, **more: Any) -> Outcome:
    command = Command(argv or ("pytest",), cwd=str(folder), env=env or {}, **more)
    return Outcome(command, 1, code, None, "exited", 1.0, LogWindow(), Telemetry(), started_at=started)


def find(one: Outcome, workspace: Path) -> tuple[tuple[str, ...], str]:
    found = written(one, Surroundings(cwd=one.command.cwd, workspace=str(workspace)))
    return found.junit, found.spoilt


def put(path: Path, text: str = RED) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_finds_reports_below_the_workspace(tmp_path: Path) -> None:
    one = put(tmp_path / "build/test-results/TEST-a.xml")
    put(tmp_path / "node_modules/x/junit.xml")
    put(tmp_path / "pom.xml", "<project/>")
    put(tmp_path / "notes.txt")
    two = put(tmp_path / "sub/j.xml", f'<?xml version="1.0"?>\n<!-- a - b -->\n<testsuites>{RED}</testsuites>')
    old = put(tmp_path / "old.xml")
    os.utime(old, (0, 0))
    assert find(outcome(tmp_path / "sub"), tmp_path) == ((str(one), str(two)), "")


def test_finds_what_the_command_names_elsewhere(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    one = put(tmp_path / "out/one.xml")
    two = put(tmp_path / "out/two.xml")
    three = put(tmp_path / "out/three.xml")
    put(tmp_path / "out/unnamed.xml")
    env = {"JEST_JUNIT_OUTPUT_FILE": str(two), "OUT": str(tmp_path / "out")}
    found = find(outcome(work, "pytest", "--junitxml=../out/one.xml", env=env, script="pytest --junitxml $OUT/three.xml"), work)
    assert found == (tuple(sorted(map(str, (one, two, three)))), "")


def test_links_are_not_followed(tmp_path: Path) -> None:
    work = tmp_path / "work"
    real = put(tmp_path / "real.xml")
    work.mkdir()
    (work / "link.xml").symlink_to(real)
    (work / "folder").symlink_to(tmp_path)
    os.mkfifo(work / "pipe.xml")
    assert find(outcome(work, "x", "--junitxml=link.xml", "pipe.xml"), work) == ((), "")


def test_without_a_moment_nothing_is_found(tmp_path: Path) -> None:
    put(tmp_path / "a.xml")
    assert find(outcome(tmp_path, started=""), tmp_path) == ((), "")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".coverage", "SQLite format 3"),
        (".coverage.host.123.XabcX", ""),
        ("coverage.xml", '<?xml version="1.0" ?>\n<!DOCTYPE coverage SYSTEM "x.dtd">\n<coverage version="7">'),
        ("clover.xml", '<?xml version="1.0"?><coverage generated="1">'),
        ("lcov.info", "TN:\nSF:src/a.js\n"),
        ("c.out", "mode: atomic\nx.go:1.1,2.2 1 1\n"),
        ("r.trx", '\ufeff<?xml version="1.0"?>\n<TestRun id="1">'),
        ("r.xml", "<assemblies timestamp='x'>"),
        ("n.xml", "<test-run id='2'>"),
        ("jest.json", '{"numFailedTestSuites":1,'),
        ("vitest.json", '{"numTotalTestSuites":2,'),
        ("playwright.json", '{\n  "config": {\n    "configFile": "/x",'),
        ("report.json", '{"created": 1518371686.7981803, "duration": 0.1235666275024414, "exitcode": 1,'),
        ("rspec.json", '{"version":"3.12.0","seed":1,"examples":['),
        ("mocha.json", '{\n  "stats": {\n    "suites": 1,'),
    ],
)
def test_what_cannot_be_merged_is_named(tmp_path: Path, name: str, text: str) -> None:
    path = put(tmp_path / "r" / name, text)
    assert find(outcome(tmp_path), tmp_path) == ((), str(path))


@pytest.mark.parametrize(
    ("name", "text"),
    [(".coveragerc", "[run]"), ("a.out", "\x7fELF"), ("data.json", '{"stats": 1}'), ("tsconfig.json", "{}"), ("package.json", '{"version": "1.0.0", "scripts": {}}'), ("a.xml", "<report/>"), ("x.info", "SFX")],
)
def test_other_files_are_no_reports(tmp_path: Path, name: str, text: str) -> None:
    put(tmp_path / name, text)
    assert find(outcome(tmp_path), tmp_path) == ((), "")


@pytest.mark.parametrize(
    ("name", "text", "spoilt"),
    [
        ("report.html", "<!DOCTYPE html><html><head><title id='head-title'>Unit tests of us</title>", True),
        ("playwright-report/index.html", "<!DOCTYPE html>\n<html><head><meta charset='UTF-8'><title>Playwright Test Report</title>", True),
        ("htmlcov/index.html", "<!DOCTYPE html>\n<html lang='en'>\n<head>\n<title>Coverage report</title>", True),
        ("ours.htm", "<html><title>What we did</title>" + "x" * 9000 + "test_one_of_ours", True),
        ("site/index.html", "<!DOCTYPE html><html><head><title>Our shop</title></head><body>testimony</body>", False),
        ("site/guide.html", "<!DOCTYPE html><html><head><title>The latest greatest</title></head><body>ours</body>", False),
        ("build/reports/tests/test/index.html", "<!DOCTYPE html><html><head><title>Test results - Test Summary</title>", False),
    ],
)
def test_a_page_that_reports_on_tests_is_of_all_tests(tmp_path: Path, name: str, text: str, spoilt: bool) -> None:
    page = put(tmp_path / name, text)
    one = outcome(tmp_path)
    tests = ("test_a.py::test_one_of_ours", "a::b")
    found = written(one, Surroundings(cwd=one.command.cwd, workspace=str(tmp_path)), tests)
    assert found.spoilt == (str(page) if spoilt else "")


def test_the_first_runs_tests_come_back(tmp_path: Path) -> None:
    path = put(tmp_path / "j.xml")
    path.chmod(0o640)
    first = kept((str(path),))
    path.write_text(GREEN)
    told = settle(first, outcome(tmp_path, code=0), True)
    text = path.read_text()
    assert 'name="ok"' in text
    assert "flakyFailure" in text
    assert 'failures="0"' in text
    assert path.stat().st_mode & 0o777 == 0o640
    assert "2 tests" in told
    assert "1 marked flaky" in told
    assert [one.name for one in tmp_path.iterdir()] == ["j.xml"]


@pytest.mark.parametrize("then", [GREEN, "torn <", None])
def test_without_proof_the_first_report_stands_as_it_was(tmp_path: Path, then: str | None) -> None:
    path = put(tmp_path / "j.xml")
    first = kept((str(path),))
    if then is None:
        path.unlink()
    else:
        path.write_text(then)
    assert settle(first, outcome(tmp_path, code=0), False) == ""
    assert path.read_text() == RED


@pytest.mark.parametrize("then", ["torn <", "<testsuite><testcase", None])
def test_a_second_report_that_cannot_be_read_proves_nothing(tmp_path: Path, then: str | None) -> None:
    path = put(tmp_path / "j.xml")
    first = kept((str(path),))
    if then is None:
        path.unlink()
    else:
        path.write_text(then)
    settle(first, outcome(tmp_path, code=0), True)
    assert path.read_text() == RED


def test_a_report_that_the_second_run_cleaned_away_is_back(tmp_path: Path) -> None:
    one, two = put(tmp_path / "r/TEST-a.xml"), put(tmp_path / "r/TEST-b.xml", RED.replace('"a"', '"b"'))
    first = kept((str(one), str(two)))
    two.unlink()
    one.write_text(GREEN)
    settle(first, outcome(tmp_path, code=0), True)
    assert "flakyFailure" in one.read_text()
    assert "<failure" in two.read_text()


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    path, other = put(tmp_path / "r/j.xml"), put(tmp_path / "other/j.xml", "theirs")
    first = kept((str(path),))
    path.unlink()
    path.symlink_to(other)
    assert "could not" in settle(first, outcome(tmp_path), False)
    path.unlink()
    path.parent.rmdir()
    path.parent.symlink_to(other.parent)
    assert "could not" in settle(first, outcome(tmp_path), False)
    assert other.read_text() == "theirs"


def test_what_is_no_utf_8_or_has_a_document_type_is_left_alone(tmp_path: Path) -> None:
    one = tmp_path / "a.xml"
    one.write_bytes(RED.encode("utf-16"))
    two = put(tmp_path / "b.xml", "<!DOCTYPE x>" + RED)
    assert kept((str(one), str(two), str(tmp_path / "gone.xml"))) == {}
    assert settle({}, outcome(tmp_path), True) == ""
