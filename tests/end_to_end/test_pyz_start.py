"""guard.pyz and a plain checkout, started with nothing installed: silent passes, no file, no connection, the child's own environment."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from guard.delivery.build import build

ROOT = Path(__file__).parents[2]
PATH = "/usr/local/bin:/usr/bin:/bin"


@pytest.fixture(params=["pyz", "checkout"])
def start(request: pytest.FixtureRequest, bare_python: str) -> list[str]:
    """The words that start guard, with nothing installed."""
    if request.param == "pyz":
        return [bare_python, "-I", "-S", str(request.getfixturevalue("pyz"))]
    return [bare_python, "-I", "-S", str(request.getfixturevalue("checkout") / "guard" / "launch.py")]


def files(*folders: Path) -> dict[str, int]:
    """Every file with its time of change."""
    return {str(path): path.lstat().st_mtime_ns for folder in folders for path in folder.rglob("*")}


def run(words: list[str], folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=folder, env={"PATH": PATH, **env}, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)


def test_a_pass_is_silent_and_leaves_no_file(start: list[str], tmp_path: Path) -> None:
    home, temp, workspace = (tmp_path / name for name in ("home", "tmp", "workspace"))
    for folder in (home, temp, workspace):
        folder.mkdir()
    seen = (Path(start[-1]).parent, tmp_path)
    before = files(*seen)
    done = run([*start, "run", "--", "sh", "-c", "echo out; echo err >&2"], workspace, HOME=str(home), TMPDIR=str(temp))
    assert (done.returncode, done.stdout, done.stderr) == (0, "out\n", "err\n")
    assert files(*seen) == before


def test_a_pass_opens_no_connection_and_no_file_for_writing(start: list[str], tmp_path: Path) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    trace = tmp_path / "trace"
    options = ["--attempts", "2", "--timeout", "1m"]
    done = run([strace, "-f", "-o", str(trace), "-e", "trace=connect,socket,open,openat,creat,mkdir,rename,unlink", *start, "run", *options, "--", "/bin/true"], tmp_path)
    if "ptrace" in done.stderr:
        pytest.skip("this machine lets nobody trace")
    assert done.returncode == 0
    calls = trace.read_text()
    assert "openat(" in calls
    assert not re.findall(r".*\b(?:connect|socket|creat|mkdir|rename|unlink)\(.*", calls)
    written = [line for line in re.findall(r'.*open(?:at)?\(.*O_(?:WRONLY|RDWR|CREAT).*', calls) if "ENOENT" not in line]
    assert not [line for line in written if "/dev/" not in line and "/proc/" not in line]


def test_the_exit_code_and_the_arguments_are_the_commands_own(start: list[str], tmp_path: Path) -> None:
    done = run([*start, "run", "--idempotent", "false", "--", "sh", "-c", 'printf "%s|" "$@"; exit 3', "x", "a b", "", "*"], tmp_path)
    assert done.returncode == 3
    assert done.stdout == "a b||*|"


def test_nothing_of_the_current_directory_is_imported(start: list[str], tmp_path: Path) -> None:
    for name in ("re.py", "types.py", "signal.py", "click.py", "yaml.py", "sitecustomize.py", "regex.py"):
        (tmp_path / name).write_text("raise SystemExit('imported from the current directory')\n")
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "__init__.py").write_text("raise SystemExit('imported from the current directory')\n")
    assert run([*start, "run", "--", "echo", "mine"], tmp_path, PYTHONPATH=str(tmp_path)).stdout == "mine\n"
    failed = run([*start, "run", "--", "sh", "-c", "echo nothing known; exit 4"], tmp_path, PYTHONPATH=str(tmp_path))
    assert failed.returncode == 4
    assert "current directory" not in failed.stderr
    assert "attempt 1 failed" in failed.stderr


def test_the_childs_environment_is_the_one_it_would_have_had(start: list[str], tmp_path: Path) -> None:
    env = {"PYTHONPATH": "/a:/b", "PYTHONHOME": "", "VIRTUAL_ENV": "/v", "LC_ALL": "C", "odd name": "x", "EMPTY": "", "PYTHONSTARTUP": "/s"}
    plain = run(["env", "-0"], tmp_path, **env).stdout.split("\0")
    guarded = run([*start, "run", "--", "env", "-0"], tmp_path, **env).stdout.split("\0")
    assert sorted(word for word in guarded if not word.startswith("PIPEGUARD_")) == sorted(plain)


def test_started_without_its_flags_it_goes_on_alone(start: list[str], tmp_path: Path) -> None:
    bare = [word for word in start if word not in ("-I", "-S")]
    (tmp_path / "types.py").write_text("")
    done = run([*bare, "run", "--", "sh", "-c", 'echo "$PYTHONPATH"'], tmp_path, PYTHONPATH="/nowhere")
    assert (done.returncode, done.stdout, done.stderr) == (0, "/nowhere\n", "")


def test_what_is_wrong_with_the_options_is_said_without_any_package(start: list[str], tmp_path: Path) -> None:
    done = run([*start, "run", "--attempts", "lots", "--", "true"], tmp_path)
    assert (done.returncode, done.stderr.splitlines()[1]) == (2, "guard: hint: guard run --help")
    assert done.stderr.startswith("guard: Invalid value for '--attempts'")


def test_another_command_needs_the_pyz(checkout: Path, bare_python: str, tmp_path: Path) -> None:
    done = run([bare_python, "-I", "-S", str(checkout / "guard" / "launch.py"), "doctor"], tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("guard: `guard doctor` needs the package click, which is not here")
    assert len(done.stderr.splitlines()) == 2


def test_the_pyz_brings_every_command(pyz: Path, bare_python: str, tmp_path: Path) -> None:
    words = [bare_python, "-I", "-S", str(pyz)]
    (tmp_path / "log").write_text("npm ERR! code EINTEGRITY\nnpm ERR! sha512-x integrity checksum failed when using sha512\n")
    told = run([*words, "diagnose", "--json", "log"], tmp_path)
    assert told.returncode == 0, told.stderr
    assert '"corrupt_artifact"' in told.stdout
    (tmp_path / ".pipeguard.yml").write_text("version: 1\nattemps: 2\n")
    assert "attempts" in run([*words, "run", "--", "true"], tmp_path).stderr
    assert run([*words, "run", "--help"], tmp_path).stdout.startswith("Usage: guard run")


def test_the_same_tree_gives_the_same_bytes(checkout: Path, packages: Path, tmp_path: Path) -> None:
    """Built from a copy that was made in the opposite order, at another time, with other modes, and elsewhere."""
    elsewhere = tmp_path / "another place"
    for path in sorted(checkout.rglob("*"), reverse=True):
        if path.is_file() and "__pycache__" not in path.parts:
            target = elsewhere / path.relative_to(checkout)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
            target.chmod(0o600)
            os.utime(target, (1, 1))
    outs = [tmp_path / "one.pyz", tmp_path / "other.pyz"]
    old = os.umask(0o022)
    try:
        for out, tree, mask, seed, zone in ((outs[0], checkout, 0o022, "1", "UTC"), (outs[1], elsewhere, 0o077, "7", "Asia/Tokyo")):
            os.umask(mask)
            subprocess.run(
                [sys.executable, "-B", "-m", "guard.delivery.build", str(out), "--wheels", str(packages)], cwd=tree, check=True, timeout=100,
                env={"PATH": PATH, "PYTHONPATH": str(tree), "PYTHONHASHSEED": seed, "TZ": zone},
            )  # fmt: skip
    finally:
        os.umask(old)
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_it_carries_licences_and_nothing_compiled_for_one_machine(pyz: Path) -> None:
    with zipfile.ZipFile(pyz) as archive:
        names = archive.namelist()
    for package in ("certifi", "charset_normalizer", "click", "idna", "pyyaml", "requests", "tenacity", "urllib3", "pipeguard"):
        assert [name for name in names if name.startswith(f"licenses/{package}")], package
    assert not [name for name in names if name.endswith((".so", ".pyd", ".dylib"))]
    assert not [name for name in names if name.startswith("guard/") and name.endswith(".py")]


def test_another_python_runs_the_sources(packages: Path, bare_python: str, tmp_path: Path) -> None:
    out = tmp_path / "guard.pyz"
    build(out, [], packages, model=False)
    assert run([bare_python, "-I", "-S", str(out), "run", "--", "echo", "from source"], tmp_path).stdout == "from source\n"
    assert out.stat().st_size < 3_000_000


def test_a_newer_python_is_looked_for_when_this_one_is_too_old(checkout: Path, tmp_path: Path) -> None:
    launcher = (checkout / "guard" / "launch.py").read_text().replace("OLDEST = (3, 10)", f"OLDEST = (3, {sys.version_info[1] + 1})")
    folder = tmp_path / "old"
    shutil.copytree(checkout / "guard", folder / "guard")
    (folder / "guard" / "launch.py").write_text(launcher)
    words = [sys.executable, "-I", "-S", str(folder / "guard" / "launch.py"), "run", "--", "true"]
    done = run(words, tmp_path, PATH=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.startswith(f"guard: needs Python 3.{sys.version_info[1] + 1} or newer, this is 3.{sys.version_info[1]}")
    newer = tmp_path / f"python3.{sys.version_info[1] + 2}"
    newer.write_text('#!/bin/sh\necho "newer: $*"\n')
    newer.chmod(0o755)
    assert run(words, tmp_path, PATH=f"{tmp_path}:{PATH}").stdout.startswith("newer: -I -S ")


def test_the_images_launcher_runs_the_file_beside_it(pyz: Path, tmp_path: Path) -> None:
    for name in ("bin", "lib"):
        (tmp_path / name).mkdir()
    shutil.copy(ROOT / "guard" / "delivery" / "guard.sh", tmp_path / "bin" / "guard")
    shutil.copy(pyz, tmp_path / "lib" / "guard.pyz")
    done = run(["guard", "run", "--", "sh", "-c", "echo $0 here; exit 7"], tmp_path, PATH=f"{tmp_path / 'bin'}:{PATH}")
    assert (done.returncode, done.stdout) == (7, "sh here\n")
