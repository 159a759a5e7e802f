"""Package managers and frameworks that no distribution has, each installed once into a folder of the test session."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

Factory = pytest.TempPathFactory


def _done(argv: Sequence[str | Path], cwd: Path, seconds: float = 100) -> None:
    done = subprocess.run(
        [str(word) for word in argv], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, check=False
    )
    if done.returncode:
        pytest.skip(f"{' '.join(str(word) for word in argv)} failed: {done.stderr[-300:]}")


def _from_npm(root: Path, *packages: str) -> Path:
    """A folder with these packages and nothing of their install scripts."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm")
    (root / "package.json").write_text('{"private": true}')
    _done((npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", *packages), root)
    return root


@pytest.fixture(scope="session")
def node_root(tmp_path_factory: Factory) -> Path:
    """A folder with the JavaScript frameworks installed; the tests' projects lie below it."""
    return _from_npm(tmp_path_factory.mktemp("node"), "jest", "jest-junit", "vitest", "mocha", "@playwright/test")


@pytest.fixture(scope="session")
def yarn_classic(tmp_path_factory: Factory) -> str:
    """The program of Yarn 1."""
    return str(_from_npm(tmp_path_factory.mktemp("yarn1"), "yarn@1") / "node_modules/.bin/yarn")


@pytest.fixture(scope="session")
def yarn_berry(tmp_path_factory: Factory) -> str:
    """The program of Yarn 4."""
    return str(_from_npm(tmp_path_factory.mktemp("yarn4"), "@yarnpkg/cli-dist@4") / "node_modules/.bin/yarn")


@pytest.fixture(scope="session")
def pnpm(tmp_path_factory: Factory) -> str:
    """The program of pnpm 10."""
    return str(_from_npm(tmp_path_factory.mktemp("pnpm"), "pnpm@10") / "node_modules/.bin/pnpm")


@pytest.fixture(scope="session")
def uv(tmp_path_factory: Factory) -> str:
    """The program of uv."""
    folder = tmp_path_factory.mktemp("uv")
    words = ("install", "-q", "--disable-pip-version-check", "--only-binary", ":all:", "--target", "tools", "uv")
    _done((sys.executable, "-m", "pip", *words), folder)
    return str(folder / "tools/bin/uv")


@pytest.fixture(scope="session")
def poetry(tmp_path_factory: Factory, uv: str) -> str:
    """The program of Poetry; by uv, which installs it in a tenth of pip's time."""
    folder = tmp_path_factory.mktemp("poetry")
    _done((uv, "venv", "-q", "--python", sys.executable, "tools"), folder)
    _done((uv, "pip", "install", "-q", "--python", "tools", "poetry"), folder)
    return str(folder / "tools/bin/poetry")


@pytest.fixture(scope="session")
def coverage_plugin(tmp_path_factory: Factory, uv: str) -> Path:
    """A folder for PYTHONPATH with pytest's plugin for coverage."""
    folder = tmp_path_factory.mktemp("cov")
    _done((uv, "pip", "install", "-q", "--python", sys.executable, "--target", folder, "--no-deps", "pytest-cov", "coverage"), folder)
    return folder


@pytest.fixture(scope="session")
def bazel_program(tmp_path_factory: Factory) -> str:
    """The program of Bazel 2.1, the newest whose whole program a registry has."""
    root = _from_npm(tmp_path_factory.mktemp("bazel"), "@bazel/bazel-linux_x64@2.1.0")
    (program,) = (root / "node_modules/@bazel/bazel-linux_x64").glob("bazel-*")
    # The name by which guard knows the tool; its package leaves the mode to an install script.
    program.chmod(0o755)
    return str(program.rename(program.with_name("bazel")))


@pytest.fixture(scope="session")
def deno(tmp_path_factory: Factory) -> str:
    """The program of Deno 2."""
    root = _from_npm(tmp_path_factory.mktemp("deno"), "@deno/linux-x64-glibc@2")
    program = root / "node_modules/@deno/linux-x64-glibc/deno"
    program.chmod(0o755)
    return str(program)
