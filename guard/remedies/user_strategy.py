"""The user's own strategies: a command that the settings name, run before the next attempt when it applies."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

from guard.remedies.protocol import nothing_to_undo
from guard.types import Action, Applied, Change, Diagnosis, Outcome, Surroundings

NAME = "user_strategy"
LABELS: frozenset[str] = frozenset()

# What a user's command did is the user's to undo.
undo = nothing_to_undo

_SHELL = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")
_SEARCH_S = 2.0
_GRACE_S = 2.0
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


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
    if not strategies:
        return None
    window = outcome.window
    text = b"\n".join(part for part in (window.head, window.tail) if part).decode("utf-8", "replace")
    found = matching(strategies, diagnosis, text)
    if not found:
        return None
    strategy = found[0]
    return Change(
        remedy=NAME,
        summary=f"runs your strategy {strategy.name}",
        actions=(Action("run", strategy.run, {"name": strategy.name, "timeout_s": str(strategy.timeout_s)}),),
        success_probability=0.6,
        details={"strategy": strategy.name, "command": strategy.run},
    )


def matching(strategies: Sequence[Strategy], diagnosis: Diagnosis, log_text: str) -> tuple[Strategy, ...]:
    """Those that apply, in the order of the settings; a pattern is sought line by line, all of them for 2 s at most."""
    until = time.monotonic() + _SEARCH_S
    text = ""
    found = []
    for strategy in strategies:
        if strategy.label is not None and strategy.label != diagnosis.label:
            continue
        if strategy.pattern is not None:
            text = text or _ESCAPES.sub("", log_text).replace("\r\n", "\n")
            if not _occurs(strategy.pattern, text, until - time.monotonic()):
                continue
        found.append(strategy)
    return tuple(found)


def _occurs(pattern: str, text: str, seconds: float) -> bool:
    """Whether it is in the text; one that takes too long, or is no pattern, is not."""
    from guard.patterns import BadPattern, compiled

    if seconds <= 0:
        return False
    try:
        return compiled(pattern, by_line=True).search(text, timeout=seconds) is not None
    except (TimeoutError, BadPattern):
        return False


def perform(strategy: Strategy, surroundings: Surroundings) -> Applied:
    """Run it: output to stderr, stdin closed, a group of its own, ended whole at its time limit.

    The Applied's `error` says how it failed; its change names the strategy.
    """
    action = Action("run", strategy.run, {"name": strategy.name, "timeout_s": str(strategy.timeout_s)})
    return apply(Change(NAME, f"runs your strategy {strategy.name}", actions=(action,)), surroundings)


def apply(change: Change, surroundings: Surroundings) -> Applied:
    """Run each action's command; the first that fails ends it."""
    done: list[str] = []
    for action in change.actions:
        error = _run(action, surroundings)
        if error:
            return Applied(change, tuple(done), error=f"strategy {action.data['name']} {error}")
        done.append(f"ran strategy {action.data['name']}")
    return Applied(change, tuple(done))


def _run(action: Action, surroundings: Surroundings) -> str:
    """How it failed, "" when it did not."""
    limit = float(action.data["timeout_s"])
    try:
        process = subprocess.Popen(
            [*_SHELL, action.target],
            stdin=subprocess.DEVNULL,
            stdout=2,
            stderr=2,
            cwd=surroundings.cwd,
            env={**surroundings.env, "PIPEGUARD_ACTIVE": "1"},
            start_new_session=True,
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return f"could not start: {getattr(error, 'strerror', None) or error}"
    try:
        code = process.wait(limit)
    except subprocess.TimeoutExpired:
        _end(process)
        return f"was not done after {limit:.0f} s"
    except BaseException:
        # Guard itself is told to stop: nothing of ours may go on without it.
        _end(process)
        raise
    if code < 0:
        return f"was ended by signal {-code}"
    return f"ended with exit code {code}" if code else ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """TERM, a grace, KILL to the whole group; its leader may be gone before the others."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except OSError:
            break
        try:
            process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            continue
    process.poll()
