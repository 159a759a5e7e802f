"""The wheel, built once and installed apart from the source: what these tests run is what users get."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Done:
    """What a guarded command left."""

    code: int
    out: str
    err: str
    result: dict[str, Any]

    @property
    def remedies(self) -> list[str]:
        return list(self.result["healed_by"])

    @property
    def labels(self) -> list[str]:
        return [one["diagnosis"]["label"] for one in self.result["attempts"] if one["diagnosis"]]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the installed wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder / "dist"), str(ROOT)], check=True)
    wheel = next((folder / "dist").glob("*.whl"))
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder / "site"), str(wheel)], check=True)
    return folder / "site"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def run(installed: Path, workspace: Path, tmp_path: Path) -> Callable[..., Done]:
    """Run `guard run` of the installed wheel in the workspace."""

    def run_it(*command: str, options: tuple[str, ...] = (), env: dict[str, str] | None = None, script: str | None = None, before: str = "") -> Done:
        result = tmp_path / "result.json"
        result.unlink(missing_ok=True)
        words = [sys.executable, "-m", "guard", "run", *options, *(("-c", script) if script is not None else ("--", *command))]
        if before:
            # What must be set up by a shell that then becomes guard: a limit, a cgroup.
            words = ["bash", "-c", f'{before}; exec "$@"', "guard", *words]
        environment = {**os.environ, "PYTHONPATH": str(installed), "PIPEGUARD_RESULT": str(result), **(env or {})}
        done = subprocess.run(words, cwd=workspace, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=110)
        return Done(done.returncode, done.stdout, done.stderr, json.loads(result.read_text()) if result.exists() else {})

    return run_it


@pytest.fixture(scope="session")
def pyz(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """guard.pyz, built once for this Python."""
    from guard.delivery.build import build

    out = tmp_path_factory.mktemp("pyz") / "guard.pyz"
    build(out, [sys.executable], packages)
    return out


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python for which nothing is installed, not even pip."""
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return str(folder / "bin" / "python3")


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tracked and new files of the package and the model alone, without bytecode, as a CI checks them out."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "guard", folder / "guard", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "models", folder / "models", ignore=shutil.ignore_patterns("__pycache__", "corpus", "lab"))
    return folder
