"""A compiled module that was cut off, on the real Python."""

from __future__ import annotations

import json
import os
import py_compile
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.tools


@pytest.mark.parametrize("damage", [b"", b"\xff" * 20])
def test_a_module_whose_compiled_file_is_damaged_is_compiled_anew(tmp_path: Path, damage: bytes) -> None:
    work, temp = tmp_path / "work", tmp_path / "temp"
    work.mkdir()
    temp.mkdir()
    (work / "one.py").write_text("x = 41\n")
    compiled = Path(str(py_compile.compile(str(work / "one.py"))))
    compiled.write_bytes(compiled.read_bytes()[:16] + damage)
    result = tmp_path / "result.json"
    words = (sys.executable, "-m", "guard", "run", "--result-file", str(result), "--", sys.executable, "-c", "import one; print(one.x + 1)")
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHONPYCACHE")} | {"TMPDIR": str(temp)}
    done = subprocess.run(words, cwd=work, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100, check=False)
    run = json.loads(result.read_text())
    assert (done.returncode, done.stdout) == (0, "42\n"), done.stderr
    assert (run["healed_by"], len(run["attempts"])) == (["purge_cache"], 2)
    assert list(temp.iterdir()) == []
