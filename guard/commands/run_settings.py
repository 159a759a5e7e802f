"""`guard run` with settings: read them before anything runs, or say in two lines why they cannot be."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from guard import detect, forks
from guard.attempt.runner import Runner
from guard.commands.run import Request
from guard.delivery.lending import lend
from guard.errors import GuardError
from guard.failsafe import confess, say
from guard.settings.flags import over
from guard.settings.loading import load
from guard.settings.values import Settings


def load_or_say(request: Request, runner: Runner) -> Settings | int:
    """The settings; 2 after a user's error; a single attempt when guard itself is at fault."""
    env = {os.fsdecode(name): os.fsdecode(value) for name, value in runner.environment.items()}
    try:
        settings = _loaded(request, env)
        if settings.signatures:
            from guard.signatures.load import tested

            for path in settings.signatures:
                tested(path)
    except GuardError as error:
        for line in error.lines():
            say(line)
        return error.exit_code
    except Exception as fault:
        confess("reading the settings", fault)
        # What they forbid is not known.
        return Settings(attempts=1)
    for line in settings.left_out:
        say(f"guard: {line}")
    return settings


def _loaded(request: Request, env: Mapping[str, str]) -> Settings:
    """The settings; where a file needs a parser that is not to be had, no more than flags and variables, and one attempt.

    Raises GuardError for what a user must mend.
    """

    def whole() -> Settings:
        return load(Path(detect.workspace(env)), request.flags, env, detect.platform(env), forks.fork_build(env))

    try:
        return whole()
    except ModuleNotFoundError as error:
        if error.name != "yaml":
            raise
    missing = lend("yaml", "settings", env)
    if not missing:
        return whole()
    say(f"guard: the settings file cannot be read, so the command runs once, unhealed: {missing}")
    return replace(over(Settings(), request.flags, env), attempts=1)
