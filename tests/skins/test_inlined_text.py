"""The shell text that the skins carry: clean by ShellCheck, and the same function in each."""

from __future__ import annotations

import base64
import marshal
import re
import shutil
import subprocess
import zlib
from pathlib import Path

import pytest

from guard import __version__
from guard.delivery import inline
from tests.skins.inlined_guard import ROOT

pytestmark = pytest.mark.tools


def carried(name: str) -> str:
    """What a committed skin has between its marks, without its depth."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    begin, end = (next(number for number, line in enumerate(lines) if line.strip() == mark) for mark in (inline.BEGIN, inline.END))
    depth = lines[begin].index("#")
    return "\n".join(line[depth:] for line in lines[begin + 1 : end])


def test_every_skin_carries_the_same() -> None:
    first, *others = (carried(name) for name in inline.SKINS)
    assert "pipeguard_payload='" in first
    assert [other == first for other in others] == [True, True]


def test_what_is_committed_is_of_this_version(tmp_path: Path) -> None:
    """A release writes guard into the skins anew: `python -m guard.delivery.inline`."""
    (tmp_path / "guard.sh").write_text(carried(inline.SKINS[0]) + '\npipeguard "$@"\n')
    done = subprocess.run(["sh", str(tmp_path / "guard.sh"), "run", "--", "sh", "-c", "exit 3"], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    assert "cause: unknown" in done.stderr
    payload = re.search(r"pipeguard_payload='([^']*)'", carried(inline.SKINS[0]))
    assert payload
    modules = marshal.loads(zlib.decompress(base64.b64decode(payload[1].partition(f"\n{inline.PARTED}\n")[0])))
    assert f'__version__ = "{__version__}"' in modules["guard"][1].decode()


@pytest.mark.parametrize("name", ["guard/delivery/inlined/bare.sh", "guard/delivery/inlined/function.sh", "gitlab-component/publish.sh"])
def test_shellcheck(name: str) -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    # The function's variables are set around it; and it unlinks a file that it has open on purpose.
    words = ["shellcheck", "--shell=sh", "--exclude=SC2154,SC2094", str(ROOT / name)]
    checked = subprocess.run(words, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
