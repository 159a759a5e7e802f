"""The commands beside `run`: logs diagnosed, plans explained, errors said in guard's own form."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys

import pytest

LOG = "building\ncurl: (6) Could not resolve host: index.example\n"


@pytest.fixture
def guard(installed, workspace):
    """Run a guard command of the installed wheel."""

    def run(*words: str, text: str | bytes = "", env: dict[str, str] | None = None):
        data = text.encode() if isinstance(text, str) else text
        environment = {**os.environ, "PYTHONPATH": str(installed), **(env or {})}
        return subprocess.run([sys.executable, "-m", "guard", *words], cwd=workspace, input=data, env=environment, capture_output=True, timeout=60)

    return run


def test_diagnose_json(guard):
    found = json.loads(guard("diagnose", "-", "--exit-code", "6", "--json", text=LOG).stdout)
    assert found["label"] == "dns_failure"
    assert found["family"] == "network"
    assert found["decision"] == "heal"
    assert [one["name"] for one in found["remedies"]] == ["wait"]
    assert found["evidence"][0] == {"line": 2, "text": "curl: (6) Could not resolve host: index.example", "rank": "primary"}
    assert set(found) == {"label", "family", "probability", "source", "evidence", "entities", "fingerprint", "alternatives", "decision", "reason", "remedies"}


def test_the_wheel_carries_its_classifier(guard, installed):
    assert (installed / "guard" / "model" / "classifier.onnx").is_file()
    assert b"no classifier" not in guard("diagnose", "-", text=LOG).stderr
    (installed / "guard" / "model" / "labels.json").rename(installed / "guard" / "model" / "aside.json")
    try:
        assert b"guard: no classifier: the classifier's labels.json cannot be read" in guard("diagnose", "-", text=LOG).stderr
    finally:
        (installed / "guard" / "model" / "aside.json").rename(installed / "guard" / "model" / "labels.json")


def test_diagnose_reads_files_and_gzip(guard, workspace):
    (workspace / "a.log").write_text(LOG)
    (workspace / "a.log.gz").write_bytes(gzip.compress(LOG.encode()))
    for name in ("a.log", "a.log.gz"):
        assert guard("diagnose", name).stdout.startswith(b"dns_failure")


def test_diagnose_batch_keeps_the_order(guard):
    rows = [{"id": "b", "text": LOG}, {"id": "a", "text": "a.c:3:5: error: expected ';' before '}' token", "exit_code": 2}]
    done = guard("diagnose", "--jsonl", "-", text="\n".join(map(json.dumps, rows)))
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(one["id"], one["label"], one["decision"]) for one in found] == [("b", "dns_failure", "heal"), ("a", "compile_error", "escalate")]


@pytest.mark.parametrize(("row", "where"), [("{", b"-:1:"), ('{"id": 1}', b"-:1:"), ('{"id": 1, "text": 5}', b"-:1:")])
def test_diagnose_batch_says_which_line_is_no_record(guard, row, where):
    done = guard("diagnose", "--jsonl", "-", text=row)
    assert done.returncode == 2
    assert done.stderr.startswith(b"guard: " + where)
    assert b"Traceback" not in done.stderr


def test_explain_changes_nothing(guard, workspace):
    (workspace / "a.log").write_text(LOG)
    before = sorted(path.name for path in workspace.iterdir())
    done = guard("explain", "a.log", "--", "make", "test")
    assert done.returncode == 0
    assert b"wait" in done.stdout
    assert b"may run twice: yes" in done.stdout
    assert sorted(path.name for path in workspace.iterdir()) == before
    assert b"git push" in guard("explain", "--", "git", "push").stdout


@pytest.mark.parametrize("words", [("run",), ("run", "--attempts", "99", "--", "true"), ("run", "--bogus", "--", "true"), ("frob",), ("diagnose", "/nonexistent"), ("run", "--cwd", "/nonexistent", "--", "true"), ("run", "--script", "/nonexistent"), ("run", "--script", "/")])
def test_a_users_error_is_two_lines_and_exit_code_2(guard, words):
    done = guard(*words)
    assert done.returncode == 2
    lines = done.stderr.decode().splitlines()
    assert 1 <= len(lines) <= 2
    assert all(line.startswith("guard: ") for line in lines)


def test_init_then_run(guard, workspace):
    (workspace / "package.json").write_text("{}")
    assert guard("init").returncode == 0
    assert (workspace / ".pipeguard.yml").exists()
    assert guard("init").returncode == 2
    assert guard("run", "--", "true").returncode == 0


def test_doctor(guard):
    assert guard("doctor").returncode == 0
    assert isinstance(json.loads(guard("doctor", "--json").stdout), dict)


def test_users_signatures_are_tested_before_the_command_runs(guard, workspace):
    entry = "signatures:\n  - {id: own, label: infrastructure, tool: own, pattern: 'farm is down', prefilter: 'farm is down', match: ['%s'], no_match: ['farm is up']}\n"
    (workspace / ".pipeguard.yml").write_text("signatures: [own.yml]\n")
    (workspace / "own.yml").write_text(entry % "the farm is down")
    log = "the farm is down\n"
    assert json.loads(guard("diagnose", "-", "--json", text=log).stdout)["source"] == "signature:own"
    (workspace / "own.yml").write_text(entry % "something else")
    done = guard("run", "--", "touch", "ran")
    assert done.returncode == 2
    assert b"own.yml:2: own: does not fire on its example" in done.stderr
    assert not (workspace / "ran").exists()
    assert guard("doctor", "--signatures", "own.yml").returncode == 2


def test_a_result_file_that_cannot_be_written_is_one_line(guard, workspace):
    (workspace / "folder").mkdir()
    done = guard("run", "--result-file", "folder", "--", "true")
    assert done.returncode == 0
    assert done.stderr.decode().count("\n") == 1


def test_a_link_as_result_file_is_replaced(guard, workspace):
    (workspace / "precious").write_text("keep")
    (workspace / "result.json").symlink_to("precious")
    assert guard("run", "--result-file", "result.json", "--", "true").returncode == 0
    assert (workspace / "precious").read_text() == "keep"
    assert (workspace / "result.json").stat().st_mode & 0o777 == 0o600
    assert json.loads((workspace / "result.json").read_text())["status"] == "passed"


@pytest.mark.parametrize(
    ("line", "decision"),
    [
        ("cp: error writing 'x': No space left on device", "heal"),
        ("FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", "heal"),
        ("OSError: [Errno 24] Too many open files: 'x'", "heal"),
        ("a.c:3:5: error: expected ';' before '}' token", "escalate"),
        ("nothing known", "escalate"),
    ],
)
def test_a_foreign_log_is_judged_by_its_cause_not_by_this_machine(guard, line, decision):
    assert json.loads(guard("diagnose", "-", "--json", text=line).stdout)["decision"] == decision


@pytest.mark.parametrize("words", [("doctor",), ("--help",), ("diagnose", "/dev/null")])
def test_a_full_standard_output_is_one_line(workspace, words):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([sys.executable, "-m", "guard", *words], cwd=workspace, stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert (done.returncode, done.stderr) == (1, b"guard: standard output cannot be written: No space left on device\n")


@pytest.mark.parametrize("words", ["frob", "run --bogus -- touch ran", "run --timeout soon -- touch ran", "run --cwd /nonexistent -- touch ran"])
def test_a_users_error_is_exit_code_2_where_stderr_is_closed(workspace, words):
    done = subprocess.run(["sh", "-c", f"{sys.executable} -m guard {words} 2>&-"], cwd=workspace, stdin=subprocess.DEVNULL, timeout=60)
    assert done.returncode == 2
    assert not (workspace / "ran").exists()
