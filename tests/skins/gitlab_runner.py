"""GitLab jobs run for real: by gitlab-ci-local without network, and by a shell executor that signals as GitLab's does."""

from __future__ import annotations

import base64
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

GRACE_S = 10.0
"""Between SIGTERM and SIGKILL (GitLab Runner, helpers/process)."""


@dataclass(frozen=True)
class Job:
    """What a job left: the exit code of its script, its log, its files."""

    code: int
    log: str
    reports: Path | None = None
    seconds: float = 0.0
    left: tuple[int, ...] = ()
    timed_out: bool = False

    @property
    def dotenv(self) -> dict[str, str]:
        assert self.reports is not None, self.log
        lines = (self.reports / "gitlab.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    @property
    def guards_lines(self) -> list[str]:
        return [line for line in self.log.splitlines() if line.startswith("guard:")]


def gitlab_ci_local() -> str:
    """Its path; the test is skipped where it, rsync or a network namespace is not to be had."""
    found = shutil.which("gitlab-ci-local")
    if found is None:
        pytest.skip("gitlab-ci-local is not installed (npm install -g gitlab-ci-local@4.72.0)")
    if shutil.which("rsync") is None:
        pytest.skip("rsync is not installed")
    if subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode:
        pytest.skip("no network namespace to be had")
    return found


def committed(folder: Path, remote: str = "https://gitlab.com/group/project.git") -> None:
    """Make a folder a repository with one commit and a remote that is never asked."""
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "init.defaultBranch=main"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "files"], ["remote", "add", "origin", remote]):
        subprocess.run([*git, *words], cwd=folder, check=True)


def pipeline(folder: Path, *words: str, env: Mapping[str, str] | None = None) -> tuple[int, dict[str, Job]]:
    """Run a repository's pipeline: the tool's exit code, and each job by its name."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder.parent), "LANG": "C.UTF-8", **(env or {})}
    done = subprocess.run(
        ["unshare", "-n", gitlab_ci_local(), "--no-color", "--shell-isolation", "--variable", "GITLAB_CI=true", *words],
        cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=110,
    )  # fmt: skip
    return done.returncode, {**_jobs(folder, done.stdout + done.stderr), "": Job(done.returncode, done.stdout + done.stderr)}


def _jobs(folder: Path, out: str) -> dict[str, Job]:
    jobs = {}
    for line in out.splitlines():
        ended = re.match(r"(.+?) +finished in [\d.]+ (?:m?s|min)(?: +(?:FAIL|WARN) (\d+))?\s*$", line)
        if not ended or ended[1] in ("pipeline", "parsing and downloads"):
            continue
        name = ended[1]
        local = folder / ".gitlab-ci-local"
        log = local / "output" / f"{_file(name)}.log"
        reports = next(iter(sorted((local / "artifacts" / _file(name)).glob(".pipeguard/reports/*"))), None)
        jobs[name] = Job(int(ended[2] or 0), log.read_text(errors="replace"), reports)
    return jobs


def _file(name: str) -> str:
    """A job's name as the tool's folders have it: what is no letter, digit, `_` or `-` stands as its base64."""
    return re.sub(r"[^\w-]+", lambda match: base64.urlsafe_b64encode(match[0].encode()).decode().rstrip("="), name)


class _Reference(list):  # type: ignore[type-arg]
    """`!reference [job, key]`."""


class _Loader(yaml.SafeLoader):
    pass


_Loader.add_constructor("!reference", lambda loader, node: _Reference(loader.construct_sequence(node)))  # type: ignore[no-untyped-call]


def script(template: Path, job: str) -> list[str]:
    """The script of a job of a template, its references followed."""
    documents = list(yaml.load_all(template.read_text(), _Loader))
    jobs: dict[str, Any] = documents[-1]
    lines: list[str] = []
    for line in jobs[job]["script"]:
        lines += script(template, line[0]) if isinstance(line, _Reference) else [line]
    return lines


@dataclass
class ShellExecutor:
    """GitLab Runner's shell executor: bash reads the job's script, in a process group of its own, one pipe for its output.

    The script is what the runner makes: `set -eo pipefail`, then all lines in one `eval` at the end of a pipe.
    Cancelling sends SIGTERM to the group, 10 s later SIGKILL. `shell`: what is found there when there is no bash.
    """

    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    shell: tuple[str, ...] = ("bash",)

    def retried(self, lines: list[str], most: int, exit_codes: tuple[int, ...] = (), timeout_s: float | None = None) -> list[Job]:
        """`retry: {max: …, exit_codes: […]}`: the job anew, by another id and in a cleaned working tree; each try's Job in order.

        `timeout_s`: the job's `timeout`; a job over it is not among these exit codes.
        """
        jobs: list[Job] = []
        for number in range(most + 1):
            if jobs:
                # GIT_STRATEGY=fetch with the default GIT_CLEAN_FLAGS.
                subprocess.run(["git", "clean", "-ffdxq"], cwd=self.folder, check=True)
            self.env["CI_JOB_ID"] = str(77 + number)
            jobs.append(self.run(lines, timeout_s=timeout_s))
            if not jobs[-1].code or jobs[-1].timed_out or (exit_codes and jobs[-1].code not in exit_codes):
                break
        return jobs

    def run(self, lines: list[str], cancel_after: str | None = None, grace_s: float = GRACE_S, timeout_s: float | None = None) -> Job:
        """Run lines as a job's script; `cancel_after`: cancelled as soon as the log holds this text.

        `timeout_s`: the job's `timeout`, which ends it as cancelling does.
        """
        text = "\n".join(lines) + "\n"
        made = f"set -e{'o pipefail' if self.shell == ('bash',) else ''}\n: | eval {_quoted(text)}\nexit 0\n"
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder.parent), "LANG": "C.UTF-8", "CI": "true", "GITLAB_CI": "true",
            "CI_PROJECT_DIR": str(self.folder), "CI_JOB_ID": "77", "CI_JOB_NAME": "the job", **self.env,
        }  # fmt: skip
        begin = time.monotonic()
        mark = f"PIPEGUARD_TEST_JOB={os.urandom(8).hex()}"
        environment.update([mark.split("=")])
        process = subprocess.Popen(
            self.shell, cwd=self.folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(made.encode())
        process.stdin.close()
        log, timed_out = b"", False
        if timeout_s is not None:
            try:
                process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                timed_out = True
        elif cancel_after is not None:
            while cancel_after.encode() not in log:
                piece = os.read(process.stdout.fileno(), 65536)
                assert piece, log
                log += piece
        if timed_out or cancel_after is not None:
            os.killpg(process.pid, signal.SIGTERM)
            killer = subprocess.Popen(["sh", "-c", f"sleep {grace_s}; kill -KILL -{process.pid} 2>/dev/null"])
        log += process.stdout.read()
        code = process.wait()
        if timed_out or cancel_after is not None:
            killer.kill()
            killer.wait()
        left = tuple(carriers(mark))
        reports = self.folder / ".pipeguard" / "reports" / environment["CI_JOB_ID"]
        code = 128 - code if code < 0 else code
        return Job(code, log.decode(errors="replace"), reports if reports.is_dir() else None, time.monotonic() - begin, left, timed_out)


def carriers(mark: str) -> list[int]:
    """The processes whose environment holds the text."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if mark.encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
