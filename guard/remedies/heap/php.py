"""Where PHP's memory limit stands, and how the next attempt gets a larger one."""

from __future__ import annotations

import os
import re

from guard.remedies import own_files, stand_ins
from guard.remedies.heap.flags import PHP, rewritten
from guard.remedies.heap.growth import MB, grown, no_room, room
from guard.remedies.tools_in_play import programs
from guard.types import Action, Around, Change, EnvPatch, Outcome, Refusal, Surroundings

SAID = re.compile(r"Allowed memory size of (\d{6,15}) bytes exhausted")
"""What PHP prints at its `memory_limit` (php.net, "Runtime Configuration")."""
_USUAL = 1024 * MB
_INI = "memory.ini"


def larger(remedy: str, said: str, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """The limit rewritten where the command has it, else set by an ini file of our own that PHP reads after its others.

    A limit in the words of a PHP that a file calls goes over that; a stand-in changes it there.
    """
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
        if own_files.given(command.env.get("PHP_INI_SCAN_DIR", "")):
            return Refusal(remedy, f"PHP still has {old // MB} MB with a larger limit set: the code sets its own (`ini_set`)")
        folder = own_files.folder(outcome.number, surroundings)
        if folder is None:
            return Refusal(remedy, "no folder was found in which a file for PHP could be written")
        texts = {_INI: f"memory_limit={new // MB}M\n", "php": stand_ins.php("php", folder, new // MB)}
        actions = own_files.actions(folder, texts)
        env["PATH"] = stand_ins.in_front(folder)
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
