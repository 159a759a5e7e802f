"""Lines after which tests are seen to pass: what they tell of faults is a test's own, or was survived.

Test runners end with totals. A line that speaks of a full disk, and after which a run of tests ends with totals that hold no
failure, in the same command, did not end anything.
"""

from __future__ import annotations

import re

from guard.diagnosis.commands import Commands
from guard.diagnosis.lines import Log

_AHEAD_LINES = 400
_WIDE = 300
_PASSED = re.compile(
    r"^(?:=+ )?\d+ passed(?:, \d+ (?:skipped|warnings?|deselected|xfailed|xpassed))* in [\d.]"  # pytest
    r"|^OK(?: \(.*\))?$"  # unittest, PHPUnit
    r"|^Tests:\s+(?:\d+ (?:skipped|todo), )?\d+ passed, \d+ total"  # jest
    r"|^\s*Tests\s+\d+ passed(?: \||\s\()"  # vitest
    r"|^\s+\d+ passing\b"  # mocha
    r"|^test result: ok\."  # cargo
    r"|^ok\s{1,2}\t?\S+\s+(?:[\d.]+s|\(cached\))"  # go
    r"|^Result: PASS$|^# fail 0$|^\[  PASSED  \] \d+ test|^100% tests passed"  # prove, node, GoogleTest, CTest
    r"|^(?:\[INFO\] )?Tests run: \d+, Failures: 0, Errors: 0"  # Surefire
    r"|^\d+ examples?, 0 failures\b"  # RSpec
)
_FAILED = re.compile(
    r"^\s*(?:--- FAIL|FAIL(?:ED)?\b|not ok \d|[✕✖✗×] |\d+ failing\b)|<<< (?:FAILURE|ERROR)!|\b[1-9]\d* (?:failed|failures?|errors?)\b"
    r"|\b(?:Failures|Errors|failures|errors|failed)[:=] ?[1-9]|\*\*\*(?:Failed|Exception|Timeout|Not Run)|test result: FAILED|\.\.\. (?:FAIL|ERROR|FAILED)$"
)
_FOLLOWED = re.compile(r"^\s+\d+ failing\b")
_FOLLOWED_LINES = 3


class Passing:
    """Answers for lines of one log, each line read once."""

    def __init__(self, log: Log, commands: Commands) -> None:
        self._log = log
        self._commands = commands
        self._verdicts: dict[int, bool | None] = {}

    def after(self, index: int) -> bool:
        """Whether the next totals of tests after the line, in the output of the same command, hold no failure."""
        command = self._commands.number(index)
        for at in range(index + 1, min(index + 1 + _AHEAD_LINES, len(self._log))):
            verdict = self._verdict(at)
            if verdict is not None:
                return verdict and self._commands.number(at) == command
        return False

    def _verdict(self, at: int) -> bool | None:
        if at not in self._verdicts:
            text = self._log.text(at)[:_WIDE]
            verdict: bool | None = None
            if _PASSED.search(text):
                below = range(at + 1, min(at + 1 + _FOLLOWED_LINES, len(self._log)))
                verdict = not any(_FOLLOWED.match(self._log.text(other)) for other in below)
            elif _FAILED.search(text):
                verdict = False
            self._verdicts[at] = verdict
        return self._verdicts[at]
