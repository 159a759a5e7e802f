"""What stand-ins hand to the program behind them, run by the real shell."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from guard.remedies import stand_ins

pytestmark = pytest.mark.tools

_PROGRAM = "#!/bin/sh\nfor word do printf '[%s]' \"$word\"; done\nprintf '%s' \"${NODE_OPTIONS-}\"\nexit 7\n"


def handed(tmp_path: Path, name: str, text: str, words: tuple[str, ...], env: Mapping[str, str] | None = None) -> str:
    """What the program of that name was given, through the stand-in."""
    for folder, content in (("own", text), ("real", _PROGRAM)):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).write_text(content)
        (tmp_path / folder / name).chmod(0o755)
    path = f"{tmp_path / 'own'}:{tmp_path / 'nothing'}:{tmp_path / 'real'}:/usr/bin:/bin"
    done = subprocess.run((name, *words), env={"PATH": path, **(env or {})}, capture_output=True, text=True, check=False, executable=tmp_path / "own" / name)
    assert (done.returncode, done.stderr) == (7, "")
    return done.stdout


@pytest.mark.parametrize(
    ("words", "given"),
    [
        (("--max-old-space-size=100", "x y.js", "", "*", "--a=$b'\""), "[--max-old-space-size=900][x y.js][][*][--a=$b'\"]"),
        (("--max_old_space_size=100", "x.js"), "[--max-old-space-size=900][x.js]"),
        (("--max-old-space-size=4000", "x.js"), "[--max-old-space-size=4000][x.js]"),
        (("--max-old-space-size=", "--max-old-space-size=1e3"), "[--max-old-space-size=][--max-old-space-size=1e3]"),
        ((), ""),
    ],
)
def test_node_words(tmp_path: Path, words: tuple[str, ...], given: str) -> None:
    assert handed(tmp_path, "node", stand_ins.node("node", tmp_path / "own", 900), words) == given


@pytest.mark.parametrize(
    ("options", "given"),
    [
        ("--no-warnings --max_old_space_size=100 -r './a b'", "--no-warnings --max-old-space-size=900 -r './a b'"),
        ("--max-old-space-size=50 --max-old-space-size=100", "--max-old-space-size=50 --max-old-space-size=900"),
        ("--max-old-space-size=4000", "--max-old-space-size=4000"),
        ("--no-warnings", "--no-warnings"),
    ],
)
def test_node_options(tmp_path: Path, options: str, given: str) -> None:
    assert handed(tmp_path, "node", stand_ins.node("node", tmp_path / "own", 900), (), {"NODE_OPTIONS": options}) == given


def test_php_words(tmp_path: Path) -> None:
    words = ("-d", "memory_limit=32M", "-dmemory_limit=1", "--memory-limit=1G", "-d", "memory_limit=-1", "a b.php")
    given = "[-d][memory_limit=900M][-dmemory_limit=900M][--memory-limit=900M][-d][memory_limit=-1][a b.php]"
    assert handed(tmp_path, "php", stand_ins.php("php", tmp_path / "own", 900), words) == given


@pytest.mark.parametrize(
    ("name", "words", "given"),
    [
        ("make", ("-j8", "all"), "[-j2][all]"),
        ("make", ("-j", "8", "a b"), "[-j][2][a b]"),
        ("make", ("-j", "all"), "[-j2][all]"),
        ("make", ("all", "-j"), "[all][-j2]"),
        ("make", ("--jobs=8", "-k"), "[--jobs=2][-k]"),
        ("make", ("--jobs", "all"), "[--jobs=2][all]"),
        ("make", ("-j1", "-C", "j9"), "[-j1][-C][j9]"),
        ("ninja", ("-C", "out", "-j", "1"), "[-C][out][-j][1]"),
        ("ninja", ("-j12",), "[-j2]"),
        ("cmake", ("--build", "b", "--parallel", "16"), "[--build][b][--parallel][2]"),
        ("pytest", ("-n", "auto", "-q"), "[-n][2][-q]"),
        ("pytest", ("-nauto", "-k", "n"), "[-n2][-k][n]"),
        ("jest", ("--maxWorkers=4", "-w", "50%"), "[--maxWorkers=2][-w][50%]"),
        ("xargs", ("-P", "4", "-n1", "sh"), "[-P][2][-n1][sh]"),
        ("mvn", ("-T", "1C", "-B", "install"), "[-T][1C][-B][install]"),
        ("gradle", ("--max-workers", "6", "-Dorg.gradle.workers.max=6"), "[--max-workers][2][-Dorg.gradle.workers.max=2]"),
        ("python3", ("-u", "-m", "pytest", "-q", "-n", "4"), "[-u][-m][pytest][-q][-n][2]"),
        ("python3", ("-m", "http.server", "-n", "4"), "[-m][http.server][-n][4]"),
        ("dotnet", ("build", "/m:8", "-m"), "[build][/m:2][-m2]"),
    ],
)
def test_workers(tmp_path: Path, name: str, words: tuple[str, ...], given: str) -> None:
    assert handed(tmp_path, name, stand_ins.workers(name, tmp_path / "own", 2), words) == given
