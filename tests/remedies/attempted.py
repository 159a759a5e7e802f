"""Real tools run by hand with a remedy's change laid over them, for the tests of this folder."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from guard.types import UNSET, Around, Change, Command, Diagnosis, Evidence, LogWindow, Outcome, Telemetry


def need(*tools: str) -> None:
    for tool in tools:
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not here")


def attempt(
    *argv: str, cwd: Path, script: str | None = None, env: Mapping[str, str] | None = None, change: Change | None = None
) -> Outcome:
    """Run the command once, with a change laid over it by hand."""
    scrubbed = ("NODE_", "npm_", "MAKEFLAGS", "MFLAGS", "JAVA_", "_JAVA", "MAVEN_", "PYTEST_", "PIP_", "GOFLAGS")
    full = {name: value for name, value in os.environ.items() if not name.startswith(scrubbed)} | dict(env or {})
    words = ("bash", "-e", "-c", script) if script is not None else argv
    patches: Mapping[str, Any] = change.env if change is not None else {}
    for name, patch in patches.items():
        if patch is UNSET:
            full.pop(name, None)
        elif isinstance(patch, Around):
            full[name] = f"{patch.before}{full.get(name, '')}{patch.after}"
        else:
            full[name] = patch
    if change is not None:
        words = change.argv or words
        if change.temp_dir is not None:
            full["TMPDIR"] = change.temp_dir

    def prepare() -> None:
        if change is None:
            return
        for name, soft in change.rlimits.items():
            hard = resource.getrlimit(getattr(resource, name))[1]
            resource.setrlimit(getattr(resource, name), (hard if soft < 0 else soft, hard))
        if change.cpus is not None:
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: change.cpus])

    done = subprocess.run(
        words, cwd=cwd, env=full, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=100, check=False, preexec_fn=prepare,
    )  # fmt: skip
    code = done.returncode if done.returncode >= 0 else 128 - done.returncode
    command = Command(argv=tuple(words), script=script, cwd=str(cwd), env=full)
    window = LogWindow(head=done.stdout, total_bytes=len(done.stdout))
    return Outcome(command, 1, code, None, "exited", 1.0, window, Telemetry())


def said(outcome: Outcome) -> str:
    return outcome.window.head.decode("utf-8", "replace")


def diagnosis(label: str, outcome: Outcome, needle: str, **entities: str) -> Diagnosis:
    """A diagnosis that rests on the real line in which the tool said it."""
    lines = [(number, line) for number, line in enumerate(said(outcome).splitlines(), 1) if needle in line]
    assert lines, said(outcome)
    return Diagnosis(label, 0.9, "signature:x", tuple(Evidence(*line) for line in lines[:3]), entities)
