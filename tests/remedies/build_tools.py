"""Runs `guard run` on a real build tool, for the tests of this folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

_SCRUBBED = ("CI", "GITHUB_", "PIPEGUARD_", "DENO_DIR", "DENO_V8", "COURSIER_", "SBT_", "JAVA_", "_JAVA", "JDK_", "NODE_OPTIONS")


def guarded(folder: Path, *argv: str, env: Mapping[str, str] | None = None, flags: tuple[str, ...] = ()) -> dict[str, Any]:
    """The result file of the run, with all that was printed as `text`."""
    full = {name: value for name, value in os.environ.items() if not name.startswith(_SCRUBBED)} | dict(env or {})
    result = folder / "result.json"
    done = subprocess.run(
        [sys.executable, "-m", "guard", "run", "--attempts", "2", "--result-file", str(result), *flags, "--", *argv],
        cwd=folder, env=full, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(result.read_text())
    found["text"] = done.stdout.decode("utf-8", "replace")
    assert found["exit_code"] == done.returncode
    return found


def healed(run: Mapping[str, Any], by: str, label: str) -> None:
    """It passed, after this remedy, for this cause."""
    assert run["status"] == "healed", run["text"]
    assert run["healed_by"] == [by], run["text"]
    assert run["attempts"][0]["diagnosis"]["label"] == label, run["text"]


def fetched(missing: str, folder: Path, *argv: str) -> None:
    """Fetch what a test needs where GUARD_TEST_FETCH=1 asks for it; else the test is skipped with what is missing."""
    if os.environ.get("GUARD_TEST_FETCH") != "1":
        pytest.skip(f"{missing}: fetching it is asked for by GUARD_TEST_FETCH=1")
    done = subprocess.run(argv, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout.decode("utf-8", "replace")[-2000:]
