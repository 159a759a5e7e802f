"""A folder, a private home and a private cache in which a real tool runs; what it prints becomes a diagnosis."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from guard.remedies import purge_cache
from guard.types import (
    Change,
    Command,
    Diagnosis,
    Evidence,
    LogWindow,
    Outcome,
    Surroundings,
    Telemetry,
)


class Run:
    """What one run of the tool printed and how it ended."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.code = outcome.exit_code
        self.text = outcome.window.head.decode("utf-8", "replace")

    def diagnosis(self, primary: str, label: str = "corrupt_artifact", **entities: str) -> Diagnosis:
        """A diagnosis on the first line that has the pattern; its named groups are entities too."""
        for number, line in enumerate(self.text.splitlines(), 1):
            match = re.search(primary, line)
            if match:
                told = {**entities, **{k: v for k, v in match.groupdict().items() if v}}
                return Diagnosis(label, 0.95, "signature:test", (Evidence(number, line),), told)
        raise AssertionError(f"no line with {primary!r} in:\n{self.text}")


class Bench:
    """One workspace with its own home."""

    def __init__(self, folder: Path) -> None:
        self.workspace = folder / "workspace"
        self.home = folder / "home"
        self.workspace.mkdir()
        self.home.mkdir()
        self.env: dict[str, str] = {
            name: value for name, value in os.environ.items() if not name.lower().startswith(("npm_", "pip_cache", "xdg_"))
        }

    def run(self, *argv: str, env: Mapping[str, str] | None = None) -> Run:
        environment = {**self.env, **(env or {})}
        done = subprocess.run(
            argv,
            cwd=self.workspace,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=110,
            check=False,
        )
        command = Command(argv=argv, cwd=str(self.workspace), env=environment)
        window = LogWindow(head=done.stdout, total_bytes=len(done.stdout))
        code = done.returncode if done.returncode >= 0 else 128 - done.returncode
        return Run(Outcome(command, 1, code, None, "exited", 1.0, window, Telemetry()))

    def around(self) -> Surroundings:
        return Surroundings(
            cwd=str(self.workspace), workspace=str(self.workspace), home=str(self.home), env=self.env
        )

    def purge(self, diagnosis: Diagnosis, run: Run) -> Change:
        """What the remedy proposed, done."""
        change = purge_cache.propose(diagnosis, run.outcome, self.around())
        assert isinstance(change, Change), change
        applied = purge_cache.apply(change, self.around())
        assert not applied.error
        return change


def flip(path: Path, place: float = 0.5) -> None:
    """Damage one byte."""
    mode = path.stat().st_mode
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[int(len(data) * place)] ^= 0xFF
    path.write_bytes(data)
    path.chmod(mode)


def tree(root: Path) -> dict[str, bytes]:
    """Every file below a folder with its content."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture(name="flip")
def _flip():  # type: ignore[no-untyped-def]
    return flip


@pytest.fixture(name="tree")
def _tree():  # type: ignore[no-untyped-def]
    return tree
