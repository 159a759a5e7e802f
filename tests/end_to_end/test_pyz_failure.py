"""A failing command under guard.pyz and a plain checkout: the same diagnosis and healing as with every package installed."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from guard.delivery import private_folders

PATH = "/usr/local/bin:/usr/bin:/bin"
MANY_FILES = "fs = [open('/dev/null') for _ in range(100)]"


@pytest.fixture(params=["pyz", "checkout"])
def start(request: pytest.FixtureRequest, bare_python: str) -> list[str]:
    if request.param == "pyz":
        return [bare_python, "-I", "-S", str(request.getfixturevalue("pyz"))]
    return [bare_python, "-I", "-S", str(request.getfixturevalue("checkout") / "guard" / "launch.py")]


def run(words: list[str], folder: Path, before: str = "", **env: str) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    """The ended run and its result file."""
    result = folder / "result.json"
    result.unlink(missing_ok=True)
    done = subprocess.run(
        ["sh", "-c", f'{before or ":"}; exec "$@"', "sh", *words], cwd=folder, text=True, errors="replace", timeout=100,
        env={"PATH": PATH, "PIPEGUARD_RESULT": str(result), **env}, stdin=subprocess.DEVNULL, capture_output=True,
    )  # fmt: skip
    return done, json.loads(result.read_text()) if result.exists() else {}


def test_it_heals_with_no_package_at_hand(start: list[str], tmp_path: Path) -> None:
    done, result = run([*start, "run", "--", "python3", "-c", MANY_FILES], tmp_path, before="ulimit -S -n 64")
    assert done.returncode == 0, done.stderr
    assert (result["status"], result["healed_by"]) == ("healed", ["raise_limit"])


LOGS = {
    "integrity": "npm ERR! code EINTEGRITY\nnpm ERR! sha512-x integrity checksum failed when using sha512: wanted sha512-y\n",
    "compiler": "main.c:3:5: error: expected ';' before '}' token\nmake: *** [Makefile:2: main.o] Error 1\n",
    "memory": "<--- Last few GCs --->\nFATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n",
    "name": "curl: (6) Could not resolve host: mirror.example\n",
}


@pytest.mark.parametrize("name", LOGS)
def test_the_diagnosis_is_that_of_an_installed_guard(start: list[str], installed: Path, name: str, tmp_path: Path) -> None:
    (tmp_path / "log").write_text(LOGS[name])
    command = ["sh", "-c", "cat log; exit 1"]
    options = ["run", "--attempts", "1", "--"]
    _, alone = run([*start, *options, *command], tmp_path)
    # With every package, onnxruntime among them.
    _, whole = run([sys.executable, "-m", "guard", *options, *command], tmp_path, PYTHONPATH=str(installed))
    found, expected = alone["attempts"][0], whole["attempts"][0]
    assert rounded(found["diagnosis"]) == rounded(expected["diagnosis"])
    assert rounded(found["plan"]) == rounded(expected["plan"])


def rounded(value: Any) -> Any:
    """The value with probabilities to a thousandth: sums are added in another order."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    return [rounded(one) for one in value] if isinstance(value, list) else value


def test_settings_are_read_by_what_the_pyz_carries(pyz: Path, bare_python: str, tmp_path: Path) -> None:
    (tmp_path / ".pipeguard.yml").write_text("version: 1\nattempts: 1\n")
    done, result = run([bare_python, "-I", "-S", str(pyz), "run", "--", "python3", "-c", MANY_FILES], tmp_path, before="ulimit -S -n 64")
    assert done.returncode == 1
    assert "settings allow one attempt" in result["attempts"][0]["plan"]["reason"]


def test_settings_that_nothing_can_read_cost_the_healing_and_no_more(checkout: Path, bare_python: str, tmp_path: Path) -> None:
    (tmp_path / ".pipeguard.yml").write_text("version: 1\nidempotent: false\n")
    words = [bare_python, "-I", "-S", str(checkout / "guard" / "launch.py"), "run", "--", "sh", "-c"]
    done, _ = run([*words, "echo ran >> count"], tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (0, 1)
    assert "the command runs once, unhealed: yaml is not installed" in done.stderr
    done, result = run([*words, "echo ran >> count; echo 'curl: (6) Could not resolve host: mirror.example'; exit 6"], tmp_path)
    assert (done.returncode, len(result["attempts"])) == (6, 1)
    assert (tmp_path / "count").read_text() == "ran\n" * 2


def test_settings_are_read_by_a_yaml_of_this_pythons_own(checkout: Path, tmp_path: Path) -> None:
    """This test's Python has PyYAML in its own folders, which -I -S leaves out."""
    (tmp_path / ".pipeguard.yml").write_text("version: 1\nattempts: 1\n")
    words = [sys.executable, "-I", "-S", str(checkout / "guard" / "launch.py"), "run", "--", "python3", "-c", MANY_FILES]
    done, result = run(words, tmp_path, before="ulimit -S -n 64")
    assert "yaml" not in done.stderr
    assert "settings allow one attempt" in result["attempts"][0]["plan"]["reason"]


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    folder = tmp_path / "tools"
    folder.mkdir()
    return folder


def uv_that(tools: Path, does: str) -> str:
    """A PATH with a uv whose `pip install … --target DIR …` does that, `$target` being DIR."""
    script = tools / "uv"
    script.write_text(f'#!/bin/sh\necho "$$" >> "{tools}/calls"\nwhile [ "$1" != --target ]; do shift; done; target=$2\n{does}\n')
    script.chmod(0o755)
    return f"{tools}:{PATH}"


DOUBTFUL = ["sh", "-c", "echo something odd happened; exit 1"]


def alive(tools: Path) -> list[int]:
    """Processes of the fetch that still run: it was given PATH, so they tell by it."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"PATH={tools}:".encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def test_nothing_is_fetched_by_default(start: list[str], tools: Path, tmp_path: Path) -> None:
    done, _ = run([*start, "run", "--", *DOUBTFUL], tmp_path, PATH=uv_that(tools, "exit 0"), HOME=str(tmp_path))
    assert done.returncode == 1
    assert not (tools / "calls").exists()
    assert not (tmp_path / ".cache").exists()


def test_what_is_fetched_serves_the_next_failure_too(checkout: Path, bare_python: str, tools: Path, tmp_path: Path) -> None:
    """A made-up parser is fetched, kept, and used again without a second fetch."""
    cache = tmp_path / "cache"
    cache.mkdir()
    (tmp_path / ".pipeguard.yml").write_text("version: 1\n")
    from importlib.util import find_spec

    spec = find_spec("yaml")
    assert spec is not None
    assert spec.submodule_search_locations
    yaml = spec.submodule_search_locations[0]
    path = uv_that(tools, f'mkdir -p "$target" && cp -r "{yaml}" "$target/yaml"')
    words = [bare_python, "-I", "-S", str(checkout / "guard" / "launch.py"), "run", "--", "true"]
    env = {"PATH": path, "RUNNER_TOOL_CACHE": str(cache), "PIPEGUARD_PROVISION": "on"}
    for _ in range(2):
        done, _ = run(words, tmp_path, **env)
        assert (done.returncode, done.stderr) == (0, "")
    assert len((tools / "calls").read_text().split()) == 1
    folder = cache / "pipeguard"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not list(folder.rglob(".new-*"))
    # What others may have written into is not imported.
    kept = next(folder.rglob(private_folders.MARK)).parent
    kept.chmod(0o777)
    run(words, tmp_path, **env)
    assert len((tools / "calls").read_text().split()) == 2


def test_a_fetch_that_hangs_is_ended_with_its_tree(start: list[str], tools: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    begin = time.monotonic()
    path = uv_that(tools, "sleep 300 & setsid sleep 300 & sleep 300")
    # What signatures are sure of waits for nobody.
    sure = ["sh", "-c", "echo \"main.c:3:5: error: expected ';' before '}' token\"; exit 1"]
    done, _ = run([*start, "run", "--", *sure], tmp_path, PATH=path, PIPEGUARD_CACHE=str(cache), PIPEGUARD_PROVISION="on")
    assert done.returncode == 1
    assert time.monotonic() - begin < 15
    assert "onnxruntime" not in done.stderr
    assert not alive(tools)
    assert not list(cache.rglob(".new-*"))


def test_a_fetch_that_fails_is_said_once(start: list[str], tools: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    path = uv_that(tools, "exit 5")
    flaky = ["sh", "-c", "echo something odd happened; exit 1"]
    done, _ = run([*start, "run", "--idempotent", "true", "--", *flaky], tmp_path, PATH=path, PIPEGUARD_CACHE=str(cache), PIPEGUARD_PROVISION="on")
    assert done.returncode == 1
    assert done.stderr.count("guard: onnxruntime is not there: uv could not fetch it (exit code 5)") == 1
    assert "no classifier" not in done.stderr
    assert not list(cache.rglob(".new-*"))


def test_the_pinned_library_is_really_fetched_and_answers(checkout: Path, tmp_path: Path) -> None:
    """The real registry, where one is to be had: onnxruntime and numpy alone are enough for the classifier."""
    if shutil.which("uv") is None and os.environ.get("GUARD_TEST_FETCH") != "1":
        pytest.skip("fetching 45 MB by pip is asked for by GUARD_TEST_FETCH=1")
    cache = tmp_path / "cache"
    cache.mkdir()
    pip_settings = {name: value for name, value in os.environ.items() if name.startswith(("PIP_INDEX", "PIP_CERT", "UV_", "SSL_", "HTTP", "http"))}
    env = {"PATH": os.environ["PATH"], "RUNNER_TOOL_CACHE": str(cache), "PIPEGUARD_PROVISION": "on", **pip_settings}
    python = shutil.which("python3", path="/usr/bin") or sys.executable
    done, result = run([python, "-I", "-S", str(checkout / "guard" / "launch.py"), "run", "--", *DOUBTFUL], tmp_path, **env)
    if "could not fetch" in done.stderr or "was not done" in done.stderr:
        pytest.skip(done.stderr)
    assert "onnxruntime is not there" not in done.stderr
    kept = next(cache.rglob(private_folders.MARK)).parent
    asked = "import sys, onnxruntime, numpy; print(onnxruntime.__file__.startswith(sys.path[-1]))"
    told = subprocess.run([python, "-I", "-S", "-c", f"import sys; sys.path.append({str(kept)!r}); {asked}"], capture_output=True, text=True)
    assert told.stdout == "True\n", told.stderr
    assert result["attempts"][0]["diagnosis"]["label"]
