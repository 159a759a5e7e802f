"""Where a log shows that the next command begins: what had failed before it did not end the job there and then.

Runners echo what they run (`$ make`), shells do with `-x` (`+ make`), and steps and stages have headings of their own. A
failure above such a line was survived, unless what comes below it lacks what it should have brought.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from guard.diagnosis.lines import Log

_MOST = 20_000
_WORDS = re.compile(
    rb"(?m)^[^\n]{0,200}?(?:\$ |\+ (?=[\w./@\"'({\[-])|##\[group\]Run |##\[section\]|\[Pipeline\] (?:sh|bat|stage|\{)|~~~ "
    rb"|#!/bin/\w*sh -|> \S+@\S+ |Running (?:on|after)|Step \d+/\d+ : |py\S*: commands\[\d)"
)
_BEGINS = re.compile(
    r"^(?:\$ \S"  # GitLab, Travis, Buildkite
    r"|\+ [\w./@\"'({\[-]"  # set -x, Jenkins
    r"|\[Pipeline\] (?:sh|bat|stage|\{)"
    r"|~~~ \S"  # Buildkite
    r"|#!/bin/\w*sh -"  # CircleCI
    r"|> [@\w./-]+@\d\S* \S+$"  # npm and yarn: package and script
    r"|Running after[_ ]script"  # GitLab
    r"|Step \d+/\d+ : [A-Z]+ "  # docker build
    r"|py\S*: commands\[\d+\]> )"  # tox
)
_RAW = re.compile(rb"##\[group\]Run |##\[section\](?:Starting|Finishing): ")  # GitHub, Azure
_DIFF = re.compile(r"^(?:@@ |--- |\+\+\+ |[-+] |[-+?]\s*$|E\s)")


class Commands:
    """The lines of a log at which commands begin."""

    def __init__(self, log: Log) -> None:
        """Reads the log once."""
        self._starts: list[int] = []
        for seen, match in enumerate(_WORDS.finditer(log.data)):
            if seen >= _MOST:
                break
            index = log.index_of(match.end() - 1)
            if (not self._starts or index != self._starts[-1]) and _is_start(index, log):
                self._starts.append(index)

    def number(self, index: int) -> int:
        """How many commands have begun before or at that line."""
        return bisect_right(self._starts, index)


def _is_start(index: int, log: Log) -> bool:
    if _RAW.search(log.raw(index)):
        return True
    text = log.text(index)
    if not _BEGINS.match(text):
        return False
    # A side of a comparison looks like a command that a shell shows.
    return not (text.startswith("+ ") and any(_DIFF.match(log.text(other)) for other in (index - 1, index + 1) if 0 <= other < len(log) and not log.text(other).startswith("+ ")))
