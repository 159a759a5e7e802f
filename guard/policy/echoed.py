"""What the log shows to have been run: `set -x`, make, npm, GitLab and nox print each command before they run it.

A publish that no look at scripts can find (a task made at run time, a script fetched by the step) is seen there.
"""

from __future__ import annotations

import re
from itertools import islice

from guard.policy.acts import KNOWN, acts
from guard.policy.words import commands
from guard.types import LogWindow

_MARK = rb"(?:\++ |\$ |> |nox > |##\[command\])"
_PROGRAM = rb"(?:\S*/)?(?:" + b"|".join(re.escape(name.encode()) for name in sorted(KNOWN, key=lambda name: (-len(name), name))) + rb")"
_WRAPPED = rb"(?:(?:sudo|env|exec|command|npx|time)\s+(?:-\S+\s+)*|[A-Za-z_]\w*=\S*\s+)*"
_TIME = rb"(?:\d{4}-\d\d-\d\dT[\d:.]+Z? )?"
_COLOUR = re.compile(rb"\x1b\[[0-9;]*[A-Za-z]")
_MARKED = re.compile(rb"^" + _TIME + _MARK + rb"([^\n]{0,2000})", re.MULTILINE)
_NAMED = re.compile(rb"(?<![\w.-])" + _PROGRAM + rb"\s")
_BARE = re.compile(rb"^(" + _WRAPPED + _PROGRAM + rb"\s[^\n]{0,2000})", re.MULTILINE)
_MADE = re.compile(rb"^g?make(?:\[\d+\])?: ", re.MULTILINE)
_MOST = 20_000


def echoed(window: LogWindow) -> str | None:
    """The first command that the log shows to have been run and that must not run twice."""
    for data in (window.head, window.tail):
        plain = _COLOUR.sub(b"", data) if b"\x1b" in data else data
        # make prints its recipes as they stand, with no mark before them.
        for pattern in (_MARKED, _BARE) if _MADE.search(plain) else (_MARKED,):
            for match in islice(pattern.finditer(plain), _MOST):
                if not _NAMED.search(match.group(1)):
                    continue
                line = match.group(1).decode("utf-8", "replace").rstrip("\r")
                for spoken in commands(line):
                    program = spoken.words[0].rsplit("/", 1)[-1] if spoken.words else ""
                    if program in KNOWN and (found := acts(program, spoken.words[1:])):
                        return f"{found} (in the log)"
    return None
