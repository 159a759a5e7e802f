"""Where PHP's memory limit stands, and how the next attempt gets a larger one."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from guard.remedies import own_folder
from guard.remedies.heap_flags import PHP, rewritten
from guard.remedies.heap_growth import MB, grown, no_room, room
from guard.remedies.tools_in_play import programs
from guard.types import Action, Applied, Around, Change, EnvPatch, Outcome, Refusal, Surroundings

SAID = re.compile(r"Allowed memory size of (\d{6,15}) bytes exhausted")
"""What PHP prints at its `memory_limit` (php.net, "Runtime Configuration")."""
_USUAL = 1024 * MB
_INI = "memory.ini"
_PREFIX = "pipeguard-php-"


def larger(remedy: str, said: str, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """The limit rewritten where the command has it, else set by an ini file of our own that PHP reads after its others."""
    found = SAID.findall(said)
    if not found:
        return None
    old = int(found[-1])
    free = room(outcome, surroundings)
    new = grown(old, old, 0, free, usual=_USUAL)
    if new is None:
        return no_room(remedy, "PHP", old, free)
    command = outcome.command
    argv = tuple(rewritten(PHP, word, new) for word in command.argv)
    env: dict[str, EnvPatch] = {}
    actions: tuple[Action, ...] = ()
    if argv == command.argv:
        temp = os.path.realpath(surroundings.temp)
        folder = os.path.join(temp, f"{_PREFIX}{os.getpid()}-{outcome.number}")
        actions = (Action("write", os.path.join(folder, _INI), {"text": f"memory_limit={new // MB}M\n"}),)
        # Without the variable PHP scans the folder that it was built with; an empty element stands for it.
        set_before = command.env.get("PHP_INI_SCAN_DIR")
        env["PHP_INI_SCAN_DIR"] = Around(after=f"{os.pathsep}{folder}") if set_before else f"{os.pathsep}{folder}"
        if "composer" in programs(command) or "COMPOSER_MEMORY_LIMIT" in command.env:
            env["COMPOSER_MEMORY_LIMIT"] = f"{new // MB}M"  # Composer sets the limit itself, to 1.5 GB where nothing is said
    return Change(
        remedy=remedy,
        summary=f"gives PHP {new // MB} MB of memory (was {old // MB} MB)",
        env=env,
        argv=argv if argv != command.argv else None,
        actions=actions,
        success_probability=0.7,
        details={"runtime": "php", "old_mb": old // MB, "new_mb": new // MB},
    )


def write(change: Change) -> Applied:
    """The ini file, in a folder that must not be there yet."""
    done: list[str] = []
    made: Mapping[str, str] = {}
    for action in change.actions:
        file = Path(action.target)
        try:
            made = own_folder.make(file.parent)
            file.write_text(action.data["text"], encoding="ascii")
        except OSError as problem:
            return Applied(change, tuple(done), made, error=f"{file}: {problem.strerror}")
        done.append(f"wrote {file}")
    return Applied(change, tuple(done), made)


def remove(applied: Applied) -> None:
    """The ini file and its folder are gone again."""
    own_folder.remove(applied.undo, _PREFIX)
