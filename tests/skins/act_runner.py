"""Runs a workflow with act in host mode, without network, and reads what it says line by line.

act leaves with 0 where a job was skipped and never with the step's code: ask `jobs` and `steps`, not the exit code.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ACTION = "pipeguard/action@v1"


@dataclass(frozen=True)
class Told:
    """What act said about one workflow."""

    jobs: dict[str, str]
    """Job → `success` or `failure`, by act's own last word on it."""
    steps: dict[tuple[str, str], str]
    """(job, id of the step, those inside a composite joined with `/`) → result."""
    log: str
    """What the jobs printed."""
    commands: list[dict[str, Any]] = field(default_factory=list)
    """What act understood as workflow commands."""
    raw: str = ""

    def named(self, command: str) -> list[dict[str, Any]]:
        return [one for one in self.commands if one["command"] == command]

    @property
    def summary(self) -> str:
        return "\n".join(str(one.get("content", "")) for one in self.named("summary"))


def tool(name: str) -> str:
    """The path of a program beside this interpreter or on PATH; skips the test where there is none."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if not found:
        pytest.skip(f"{name} is missing")
    return found


def offline() -> list[str]:
    """The words before a command that take the network away, where we may."""
    unshare = shutil.which("unshare")
    allowed = unshare and subprocess.run([unshare, "-n", "true"], capture_output=True, check=False).returncode == 0
    return [unshare, "-n"] if unshare and allowed else []


def checkout(folder: Path) -> Path:
    """What a runner has of the action: the files of the repository at a tag, no build, nothing installed."""
    kept = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z", "-co", "--exclude-standard", "action.yml", "guard", "models/*.onnx", "models/*.json"], capture_output=True, check=False)
    names = [os.fsdecode(name) for name in kept.stdout.split(b"\0") if name]
    for name in names or ["action.yml", *(str(path.relative_to(ROOT)) for path in (ROOT / "guard").rglob("*") if path.is_file())]:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).exists():
            shutil.copy2(ROOT / name, target)
    return folder


def run(workflow: str, repository: Path, action: Path, scratch: Path, *, environment: dict[str, str] | None = None,
        arguments: tuple[str, ...] = (), before: str = "") -> Told:  # fmt: skip
    """Run the workflow of a repository's folder to its end; `before`: shell words that set up what act inherits."""
    act = tool("act")
    place = repository / ".github" / "workflows" / "workflow.yml"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(workflow)
    if not (repository / ".git").exists():
        git = ["git", "-C", str(repository), "-c", "user.name=t", "-c", "user.email=t@t.example"]
        subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
        subprocess.run([*git, "add", "-A"], check=True)
        subprocess.run([*git, "commit", "-q", "-m", "x"], check=True)
    home = scratch / "home"
    home.mkdir(exist_ok=True)
    words = [
        *offline(), act, "push", "-W", str(place), "-P", "ubuntu-latest=-self-hosted", "--no-cache-server", "--json",
        "--action-cache-path", str(scratch / "actions"), "--local-repository", f"{ACTION}={action}", *arguments,
    ]  # fmt: skip
    if before:
        words = ["bash", "-c", f'{before}; exec "$@"', "act", *words]
    done = subprocess.run(
        words, cwd=repository, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=280, check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(scratch), **(environment or {})},
    )  # fmt: skip
    return told(done.stdout + done.stderr)


def told(text: str) -> Told:
    """act's JSON lines → what they say."""
    jobs: dict[str, str] = {}
    steps: dict[tuple[str, str], str] = {}
    log, commands = [], []
    for line in text.splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if not isinstance(said, dict):
            continue
        job = str(said.get("jobID") or said.get("job", ""))
        if "jobResult" in said:
            jobs[str(said.get("job", job)).strip()] = said["jobResult"]
        if "stepResult" in said and said.get("stage") == "Main":
            steps[(str(said.get("job", job)).strip(), "/".join(said.get("stepID") or []))] = said["stepResult"]
        if said.get("raw_output"):
            log.append(str(said["msg"]))
        if said.get("command"):
            commands.append(said)
    return Told(jobs, steps, "".join(log), commands, text)
