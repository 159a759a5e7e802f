"""Real attempts for the tests of narrowed runs: run a command, make its outcome, apply a change."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path

import pytest

from guard.remedies import rerun_failed_tests
from guard.types import (
    UNSET,
    Around,
    Change,
    Command,
    Diagnosis,
    LogWindow,
    Outcome,
    Refusal,
    Surroundings,
    Telemetry,
)

_SCRUBBED = (
    "PYTEST_",
    "CI",
    "GITHUB_",
    "GOFLAGS",
    "MAVEN_",
    "NODE_",
    "npm_",
    "COV_",
    "TOX_",
    "NO_COLOR",
    "FORCE_COLOR",
)


class Bench:
    """One folder, in which a command is tried and its narrowed run is made."""

    def __init__(self, cwd: Path, env: Mapping[str, str], workspace: Path) -> None:
        self.cwd = cwd
        self.workspace = workspace
        self.env = env

    def write(self, name: str, text: str) -> Path:
        path = self.cwd / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def attempt(
        self,
        *argv: str,
        script: str | None = None,
        number: int = 1,
        change: Change | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Outcome:
        words = (
            ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script) if script is not None else argv
        )
        environment = {**self.env, **(env or {})}
        if change is not None:
            words = change.argv or words
            for name, patch in change.env.items():
                if patch is UNSET:
                    environment.pop(name, None)
                elif isinstance(patch, Around):
                    environment[name] = f"{patch.before}{environment.get(name, '')}{patch.after}"
                elif isinstance(patch, str):
                    environment[name] = patch
        started = datetime.now(timezone.utc).isoformat()
        done = subprocess.run(
            words,
            cwd=self.cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=110,
            check=False,
        )
        code = done.returncode
        return Outcome(
            command=Command(
                argv=tuple(words),
                script=script if change is None or change.argv is None else None,
                cwd=str(self.cwd),
                env=environment,
            ),
            number=number,
            exit_code=code if code >= 0 else 128 - code,
            signal=-code if code < 0 else None,
            ended="exited" if code >= 0 else "signalled",
            duration_s=1.0,
            window=LogWindow(head=done.stdout, total_bytes=len(done.stdout)),
            telemetry=Telemetry(),
            started_at=started,
        )

    def propose(self, outcome: Outcome, label: str = "flaky_test") -> Change | Refusal | None:
        diagnosis = Diagnosis(label=label, probability=0.9, source="test")
        around = Surroundings(cwd=str(self.cwd), workspace=str(self.workspace), env=dict(outcome.command.env))
        return rerun_failed_tests.propose(diagnosis, outcome, around)

    def change(self, outcome: Outcome, label: str = "flaky_test") -> Change:
        found = self.propose(outcome, label)
        assert isinstance(found, Change), (found, self.text(outcome))
        return found

    def reason(self, outcome: Outcome, label: str = "flaky_test") -> str:
        found = self.propose(outcome, label)
        assert isinstance(found, Refusal), found
        return found.reason

    def again(self, outcome: Outcome, change: Change, env: Mapping[str, str] | None = None) -> Outcome:
        base = outcome.command
        environment = {name: value for name, value in base.env.items() if name not in self.env}
        return self.attempt(
            *base.argv, number=outcome.number + 1, change=change, env={**environment, **(env or {})}
        )

    @staticmethod
    def verified(change: Change, outcome: Outcome) -> bool:
        return rerun_failed_tests.verified(change, outcome)

    @staticmethod
    def text(outcome: Outcome) -> str:
        return outcome.window.head.decode("utf-8", "replace")


@pytest.fixture
def make_bench() -> Callable[..., Bench]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(_SCRUBBED)}
    return lambda cwd, workspace=None: Bench(cwd, env, workspace or cwd)


@pytest.fixture
def bench(tmp_path: Path, make_bench: Callable[..., Bench]) -> Bench:
    return make_bench(tmp_path)


@pytest.fixture
def node(node_root: Path, make_bench: Callable[..., Bench]) -> Bench:
    """A fresh project below the installed frameworks; `npx NAME` finds them."""
    made = make_bench(Path(tempfile.mkdtemp(dir=node_root)))
    made.env = {**made.env, "CI": "1"}
    return made
