"""`dotnet test` (VSTest): the failed tests from its list, run again by `--filter FullyQualifiedName=`.

Written from the documentation and the logs of real runs; .NET itself could not be had where this was made.
"""

from __future__ import annotations

import re
from typing import Final

from guard.frameworks.invocation import Invocation, find, program
from guard.frameworks.narrowing import how_started, narrowed, not_all_ran, refused
from guard.frameworks.options import chosen
from guard.frameworks.output import lines
from guard.frameworks.verification import must_run, provable
from guard.types import Change, FailedTests, Outcome, Refusal, Surroundings

NAME = "dotnet_test"

_RESULT = re.compile(r"^(Passed|Failed)!\s+- Failed:\s+(\d+), Passed:\s+(\d+), Skipped:\s+(\d+), Total:\s+(\d+)(?:, Duration: .*)?$")
_ENTRY = re.compile(r"^  (?:Failed|X) (.+?) \[[^\]]*\]$")
_NAME = re.compile(r"^[A-Za-z_][\w.+]*\.[A-Za-z_]\w*$")
_BROKEN = re.compile(r"Test Run Aborted|The active test run was aborted|Test host process crashed|Catastrophic failure|: error [A-Z]+\d+:|Build FAILED")
_FLAGS: Final = frozenset({"--no-build", "--no-restore", "--nologo", "--blame"})
_VALUED: Final = frozenset(
    {"-c", "--configuration", "-f", "--framework", "-r", "--runtime", "-v", "--verbosity", "-l", "--logger", "--results-directory",
     "-o", "--output", "-a", "--arch", "--os", "--collect", "-e", "--environment"}
)  # fmt: skip


def ran(outcome: Outcome, surroundings: Surroundings) -> bool:
    """Whether the command is `dotnet test`, or the log has its result lines."""
    del surroundings
    found = find(outcome)
    if isinstance(found, Invocation) and program(found.words) == "dotnet" and found.words[1:2] == ("test",):
        return True
    return any(_RESULT.match(line) for line in lines(outcome))


def failed(outcome: Outcome, surroundings: Surroundings) -> FailedTests | Refusal:
    """The names that it lists as failed, as many as its result lines count over all projects."""
    del surroundings
    printed = lines(outcome)
    reason = not_all_ran(outcome, (1,))
    results = [match for line in printed if (match := _RESULT.match(line))]
    if not reason and not results:
        reason = "dotnet test printed no result"
    if not reason and any(_BROKEN.search(line) for line in printed):
        reason = "a project did not build, or its test run was aborted"
    if reason:
        return refused(reason)
    names = tuple(dict.fromkeys(match.group(1) for line in printed if (match := _ENTRY.match(line))))
    if len(names) != sum(int(match.group(2)) for match in results):
        return refused("dotnet's list of failed tests does not agree with its counts")
    if not all(_NAME.match(name) for name in names):
        return refused("a row of data or a display name cannot be chosen by --filter")
    return FailedTests(NAME, names, sum(int(match.group(5)) for match in results), True, "log")


def rerun(tests: FailedTests, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal:
    """`--filter` with the full names, one by one."""
    del surroundings
    found = how_started(tests, outcome)
    if isinstance(found, Refusal):
        return found
    if found.through or program(found.words) != "dotnet" or found.words[1:2] != ("test",):
        return refused("the command is not `dotnet test` itself")
    told = chosen(found.words[2:], _FLAGS, _VALUED)
    if isinstance(told, str):
        return refused(f"dotnet test's option {told} may leave tests out")
    pattern = "|".join(f"FullyQualifiedName={name}" for name in tests.tests)
    return narrowed(tests, argv=found.with_words((*found.words, "--filter", pattern)))


def verified(change: Change, outcome: Outcome) -> bool:
    """Whether exactly as many tests passed as were promised, over all projects, and none failed or was skipped."""
    if not provable(change, outcome):
        return False
    results = [match for line in lines(outcome) if (match := _RESULT.match(line))]
    sums = [sum(int(match.group(number)) for match in results) for number in (2, 3, 4, 5)]
    wanted = len(must_run(change))
    return sums == [0, wanted, 0, wanted]
