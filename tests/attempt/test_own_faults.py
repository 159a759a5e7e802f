"""A fault of guard's own never changes the command's result."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

BROKEN = """
import sys
import guard.attempt.run_once as run_once
from guard.attempt import window
def broken(*_, **__): raise RuntimeError("our bug")
{patch}
sys.argv = ["guard", "run", "--", *sys.argv[1:]]
from guard.__main__ import main
main()
"""


@pytest.mark.parametrize(
    "patch",
    [
        "run_once._Watch.until_exit = broken",
        "run_once._Watch.drain = broken",
        "run_once._plumb = broken",
        "run_once.Gauge = broken",
        "import guard.attempt.runner as runner; runner.StandardInput = broken",
        "import guard.heal; guard.heal.diagnose = broken",
        "import guard.heal; guard.heal.plan = broken",
        "import guard.commands.run_heal as heal; heal.after_first = broken",
        "run_once.Pump.start = broken",
        "run_once.tree.descendants = broken",
        "run_once.Gauge.finish = broken",
        "def full(self, data): raise MemoryError\nwindow.Window.add = full",
    ],
)
@pytest.mark.parametrize("code", [0, 7])
def test_exit_code_and_output_are_the_commands(workspace, tmp_path, patch, code):
    program = BROKEN.format(patch=patch)
    command = ["sh", "-c", f"echo x >> runs; echo out; echo err >&2; exit {code}"]
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program, *command], cwd=workspace, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, env=env)
    assert (done.returncode, done.stdout) == (code, b"out\n"), done.stderr
    assert b"err\n" in done.stderr
    assert b"Traceback" not in done.stderr
    assert (workspace / "runs").read_text() == "x\n"
