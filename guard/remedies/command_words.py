"""Which programs a command names, in argv or in a script's text, and how its words may be rewritten."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable

from guard.types import Command

_WORD = re.compile(r"[^\s;&|(){}<>`\"']+")


def programs(command: Command) -> frozenset[str]:
    """Base names of all words that could be programs; for asking, not for proof."""
    text = command.script if command.script is not None else shlex.join(command.argv)
    if command.script_file is not None:
        text += "\n" + _text_of(os.path.join(command.cwd, command.script_file))
    return frozenset(os.path.basename(word) for word in _WORD.findall(text))


def rewritten(command: Command, change: Callable[[str], str]) -> tuple[str, ...] | None:
    """The argv with each word (a script's text is one) changed; None when nothing changed.

    A script file is not rewritten: it belongs to the repository.
    """
    argv = tuple(change(word) for word in command.argv)
    return argv if argv != command.argv else None


def _text_of(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(1 << 16)
    except OSError:
        return ""
