"""A log that exists → its diagnosis and what guard would do about it; nothing is run or changed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guard import detect, forks
from guard.attempt.window import Window
from guard.commands import run_history
from guard.diagnosis.diagnose import diagnose
from guard.diagnosis.mask import Masker
from guard.policy.plan import in_general, plan
from guard.report.result import diagnosis_object, remedy_object
from guard.settings.loading import load
from guard.settings.values import Settings
from guard.surroundings import look_around
from guard.types import (
    Command,
    Diagnosis,
    LogWindow,
    Memory,
    NoMemory,
    Outcome,
    Plan,
    Surroundings,
    Telemetry,
)

FILE_HEAD_BYTES = 64 << 20
"""A file is there to be read: of one up to this size nothing is left out."""


@dataclass(frozen=True)
class Judge:
    """Settings and surroundings, looked at once for many logs."""

    settings: Settings
    surroundings: Surroundings
    memory: Memory = NoMemory()

    @classmethod
    def here(cls, config: str | None) -> Judge:
        """The settings of this workspace. Raises GuardError for a user's error in them."""
        env = dict(os.environ)
        platform = detect.platform(env)
        workspace = Path(detect.workspace(env))
        flags: dict[str, object] = {"config": config} if config else {}
        settings = load(workspace, flags, env, platform, forks.fork_build(env))
        return cls(settings, look_around(env, str(Path.cwd()), settings.allow, settings.probes), run_history.reading(settings, env, str(workspace)))

    def judge(self, window: LogWindow, exit_code: int | None, argv: Sequence[str] = ()) -> tuple[Diagnosis, Plan]:
        """The diagnosis and the plan for a first attempt that printed this log."""
        command = Command(
            argv=tuple(argv) or ("?",),
            cwd=self.surroundings.cwd,
            env=self.surroundings.env,
            idempotent=self.settings.idempotent if argv else True,
        )
        code = 1 if exit_code is None else exit_code
        outcome = Outcome(
            command=command,
            number=1,
            exit_code=code,
            signal=None,
            ended="exited",
            duration_s=0.0,
            window=window,
            telemetry=Telemetry(),
        )
        memory = self.memory
        diagnosis = diagnose(outcome, memory, self.settings.signatures)
        decided = plan(diagnosis, outcome, (), self.settings, self.surroundings, memory, self.settings.budget_s)
        if not argv and decided.decision == "escalate":
            # This machine and the command that is not known say nothing about the job that printed the log.
            decided = in_general(diagnosis, self.settings) or decided
        return diagnosis, decided

    def as_object(self, diagnosis: Diagnosis, decided: Plan) -> dict[str, Any]:
        """What `guard diagnose --json` prints."""
        masker = Masker.from_environment(self.surroundings.env, ())
        return {
            **diagnosis_object(diagnosis),
            "decision": decided.decision,
            "reason": masker.text(decided.reason),
            "remedies": [remedy_object(change, None, masker) for change in decided.changes],
        }


def window_of(chunks: Any) -> LogWindow:
    """The window of a log that is read in chunks of bytes, in bounded memory."""
    window = Window(FILE_HEAD_BYTES)
    for chunk in chunks:
        window.add(chunk)
    return LogWindow(window.head(), window.tail(), window.dropped_bytes, window.dropped_lines, window.total)
