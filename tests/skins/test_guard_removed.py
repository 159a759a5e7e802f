"""A command that removes guard itself (`git clean -fdx`, `rm -rf /tmp/*`, a new virtual environment) keeps its verdict."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.tools


@pytest.mark.parametrize("skin", ["", "github", "gitlab", "jenkins"])
@pytest.mark.parametrize(("end", "code"), [("true", 0), ("exit 3", 3), ("sleep 0.3", 0), ("sleep 0.3; exit 5", 5)])
def test_a_command_that_removes_guard(tmp_path: Path, skin: str, end: str, code: int) -> None:
    own = tmp_path / "own"
    shutil.copytree(ROOT / "guard", own / "guard", ignore=shutil.ignore_patterns("__pycache__", "*.json"))
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(own / "guard" / "launch.py"), "run", "-c", f"rm -rf {own}; echo out; {end}"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **({"PIPEGUARD_SKIN": skin} if skin else {})},
        cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == code
    assert done.stdout == "out\n"
    assert "Traceback" not in done.stderr
    # Jenkins's shell shows its commands, as it does without guard.
    said = [line for line in done.stderr.splitlines() if not line.startswith("+ ")]
    assert all(line.startswith("guard: its own files cannot be read any more") for line in said)
    assert len(said) == (1 if code or skin else 0)
