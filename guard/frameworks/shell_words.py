"""Splits a script into words, if it is one simple command on which the shell does nothing but that."""

from __future__ import annotations

import re
import shlex

# What makes the shell do more than split words, outside of quotes and inside double quotes.
_ACTIVE = frozenset("$`|&;<>(){}*?[]#!~\\\n")
_ACTIVE_QUOTED = frozenset("$`\\!")
_SET_LINE = re.compile(r"^\s*set(\s+[-+][a-zA-Z]+(\s+pipefail)?)+\s*$")
_ASSIGNMENT = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*=")


def single_command(script: str) -> tuple[str, ...] | None:
    """The words of the only command of `script`; None where it is more, or where the shell would act on it."""
    kept = [
        line
        for line in script.splitlines()
        if line.strip() and not line.lstrip().startswith("#") and not _SET_LINE.match(line)
    ]
    if len(kept) != 1:
        return None
    line = kept[0].strip()
    quote = ""
    for character in line:
        if quote:
            if character == quote:
                quote = ""
            elif quote == '"' and character in _ACTIVE_QUOTED:
                return None
        elif character in "'\"":
            quote = character
        elif character in _ACTIVE:
            return None
    if quote:
        return None
    try:
        return tuple(shlex.split(line)) or None
    except ValueError:
        return None


def assignment(word: str) -> bool:
    """Whether `word` sets a variable (`NAME=value`)."""
    return _ASSIGNMENT.match(word) is not None
