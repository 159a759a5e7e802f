"""`guard run` with settings: read them before anything runs, or say in two lines why they cannot be."""

from __future__ import annotations

import os
from pathlib import Path

from guard import detect
from guard import settings as settings_module
from guard.attempt.runner import Runner
from guard.commands.run import Request
from guard.errors import GuardError
from guard.failsafe import confess, say
from guard.settings import Settings


def load_or_say(request: Request, runner: Runner) -> Settings | int | None:
    """The settings; 2 after a user's error; None when guard itself is at fault (the command still runs)."""
    env = {os.fsdecode(name): os.fsdecode(value) for name, value in runner.environment.items()}
    try:
        platform = detect.platform(env)
        settings = settings_module.load(
            Path(detect.workspace(env)), request.flags, env, platform, detect.fork_build(env)
        )
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
        return None
    for line in settings.left_out:
        say(f"guard: {line}")
    return settings
