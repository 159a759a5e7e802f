"""The run-time library of the classifier keeps nothing and tells nobody: seen by what it leaves where it would."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
from guard.diagnosis.model import load
load()
import onnxruntime
"""


def test_nothing_is_left_in_home_or_the_temporary_folder(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name not in ("ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME")}
    env |= {"HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    done = subprocess.run((sys.executable, "-c", PROGRAM), env=env, cwd="/", capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.rglob("*")) == []
