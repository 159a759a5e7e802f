"""`guard doctor`: each finding, and the exit code."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from guard.commands import doctor
from guard.types import Mount, Surroundings

GOOD = """\
signatures:
  - id: own-flux
    label: infrastructure
    tool: flux
    pattern: 'flux capacitor (?:empty|broken)'
    prefilter: 'flux capacitor'
    match: ['E: flux capacitor empty']
    no_match: ['flux capacitor full']
"""


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "repo"
    (root / ".git").mkdir(parents=True)
    monkeypatch.chdir(root)
    # The real one would change the process that runs the tests.
    monkeypatch.setattr(doctor.tree, "become_subreaper", lambda: True)
    return root


def findings(capsys: pytest.CaptureFixture[str], **arguments: Any) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    code = doctor.run(as_json=True, **arguments)
    found: dict[str, list[dict[str, Any]]] = {}
    for one in json.loads(capsys.readouterr().out)["findings"]:
        found.setdefault(one["name"], []).append(one)
    return code, found


def test_all_that_it_looks_at(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = findings(capsys)
    assert code == 0
    assert set(found) >= {"platform", "user", "cgroup", "oom counter", "subreaper", "cpus", "memory", "disk", "tools", "cache",
                          "model", "onnxruntime", "settings", "result file", "report folder"}  # fmt: skip
    assert {one["state"] for group in found.values() for one in group} <= {"ok", "note", "problem"}


def test_text_is_one_line_a_finding(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.run() == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(line.split()[0] in ("ok", "note", "problem") for line in lines)
    assert any(line.startswith("ok      cpus: ") for line in lines)


def test_the_model_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    model = findings(capsys)[1]["model"][0]
    assert model["state"] == "ok"
    assert model["text"].endswith("classifier.onnx")


def test_no_model_is_a_note(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "model_folder", lambda: tmp_path)
    model = findings(capsys)[1]["model"][0]
    assert model["state"] == "note"
    assert "signatures and the kernel decide" in model["text"]


def test_onnxruntime_is_found_without_an_import(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "onnxruntime", raising=False)
    findings(capsys)
    assert "onnxruntime" not in sys.modules


def test_a_settings_error_is_2_with_its_lines(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (workspace / ".pipeguard.yml").write_text("attempts: 2\natempts: 3\n")
    code, found = findings(capsys)
    assert code == 2
    assert found["settings"][0]["state"] == "problem"
    assert ":2: atempts:" in found["settings"][0]["text"]
    assert "attempts" in found["settings"][0]["text"].splitlines()[1]


def test_valid_settings_name_the_file(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (workspace / ".pipeguard.yml").write_text("attempts: 2\n")
    code, found = findings(capsys)
    assert code == 0
    assert ".pipeguard.yml is valid" in found["settings"][0]["text"]


def test_config_must_exist(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert findings(capsys, config=str(workspace / "no.yml"))[0] == 2


def test_signatures_that_hold(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (workspace / "s.yml").write_text(GOOD)
    code, found = findings(capsys, signatures="s.yml")
    assert code == 0
    assert found["signatures"][0]["data"] == {"count": 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("flux capacitor empty", "all is well"), "own-flux"),
        (GOOD.replace("label: infrastructure", "label: gremlins"), "gremlins"),
        (GOOD.replace("capacitor full", "capacitor broken"), "own-flux"),
        ("signatures: 3\n", "signatures"),
        ("signatures: [\n", "YAML"),
    ],
)
def test_signatures_that_do_not(workspace: Path, text: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    (workspace / "s.yml").write_text(text)
    assert doctor.run(signatures="s.yml") == 2
    out = capsys.readouterr().out
    assert out.startswith("problem signatures: s.yml")
    assert said in out


def test_a_result_file_that_cannot_be(workspace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    (workspace / "folder").mkdir()
    for name, state in (("folder", "problem"), ("new/deep/run.json", "ok"), ("folder/run.json", "ok")):
        monkeypatch.setenv("PIPEGUARD_RESULT", str(workspace / name))
        assert findings(capsys)[1]["result file"][0]["state"] == state
    (workspace / "plain").touch()
    monkeypatch.setenv("PIPEGUARD_RESULT", str(workspace / "plain" / "run.json"))
    assert findings(capsys)[1]["result file"][0]["state"] == "problem"


def test_secrets_are_not_repeated(workspace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOY_TOKEN", "tok-3f9aa01b")
    monkeypatch.setenv("PIPEGUARD_RESULT", str(workspace / "tok-3f9aa01b.json"))
    doctor.run(as_json=True)
    doctor.run()
    assert "tok-3f9aa01b" not in capsys.readouterr().out


def test_little_room_is_a_note() -> None:
    assert doctor._mount(Mount("/", 10 << 20, 100 << 30)).state == "note"
    assert doctor._mount(Mount("/", 50 << 30, 100 << 30, 5, 1000)).state == "note"
    assert doctor._mount(Mount("/", 50 << 30, 100 << 30, 500, 1000)).state == "ok"
    assert doctor._mount(Mount("/")).state == "ok"


def test_what_the_kernel_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.kernel, "cgroup_folders", lambda: iter(()))
    monkeypatch.setattr(doctor.kernel, "oom_kills", lambda: None)
    monkeypatch.setattr(doctor.kernel, "oom_kills_host", lambda: None)
    monkeypatch.setattr(doctor.tree, "become_subreaper", lambda: False)
    found = list(doctor._about_machine(Surroundings()))
    notes = {one.name for one in found if one.state == "note"}
    assert {"cgroup", "oom counter", "subreaper", "memory", "tools"} <= notes


def test_a_fifo_as_signature_file_does_not_hang(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(workspace / "pipe.yml")
    assert doctor.run(signatures=str(workspace / "pipe.yml")) == 2
    assert "is no regular file" in capsys.readouterr().out
