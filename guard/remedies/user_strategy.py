"""The user's own strategies: a command that the settings name, run before the next attempt when it applies."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from guard.diagnosis.match import found
from guard.types import Action, Applied, Change, Diagnosis, Outcome, Surroundings

NAME = "user_strategy"
LABELS: frozenset[str] = frozenset()

_SHELL = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")


@dataclass(frozen=True)
class Strategy:
    """One entry of `strategies` in the settings."""

    name: str
    label: str | None
    pattern: str | None
    run: str
    timeout_s: float = 300.0
    then: str = "retry"


def propose(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> None:
    """Nothing without the settings: the plan asks `propose_for`."""
    del diagnosis, outcome, surroundings


def propose_for(
    strategies: Sequence[Strategy], diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings
) -> Change | None:
    """The change of the first strategy that applies: its label is the diagnosis's, its pattern is in the log."""
    del surroundings
    for strategy in strategies:
        if strategy.label is not None and strategy.label != diagnosis.label:
            continue
        if strategy.pattern is not None and not _in_log(strategy.pattern, outcome):
            continue
        action = Action(
            "run", strategy.run, {"name": strategy.name, "timeout_s": str(strategy.timeout_s)}
        )
        return Change(
            remedy=NAME,
            summary=f"runs your strategy {strategy.name}",
            actions=(action,),
            success_probability=0.6,
            details={"strategy": strategy.name, "command": strategy.run},
        )
    return None


def _in_log(pattern: str, outcome: Outcome) -> bool:
    for part in (outcome.window.tail, outcome.window.head):
        for line in part.decode("utf-8", "replace").splitlines():
            if found(pattern, line[:4000]) is not None:
                return True
    return False


def apply(change: Change, surroundings: Surroundings) -> Applied:
    """Run the strategy: output to stderr, stdin closed, a group of its own, ended whole at its time limit."""
    action = change.actions[0]
    limit = float(action.data["timeout_s"])
    environment = {**surroundings.env, "PIPEGUARD_ACTIVE": "1"}
    try:
        process = subprocess.Popen(
            [*_SHELL, action.target],
            stdin=subprocess.DEVNULL,
            stdout=2,
            stderr=2,
            cwd=surroundings.cwd,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        return Applied(change, error=f"strategy {action.data['name']} could not start: {error.strerror}")
    try:
        code = process.wait(limit)
    except subprocess.TimeoutExpired:
        _end(process)
        return Applied(change, error=f"strategy {action.data['name']} was not done after {limit:.0f} s")
    if code:
        return Applied(change, error=f"strategy {action.data['name']} ended with exit code {code}")
    return Applied(change, done=(f"ran strategy {action.data['name']}",))


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except OSError:
            return
        try:
            process.wait(2)
        except subprocess.TimeoutExpired:
            continue


def undo(applied: Applied, surroundings: Surroundings) -> None:
    """What a user's command did is the user's to undo."""
    del applied, surroundings
