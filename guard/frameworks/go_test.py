"""go test: the failed top-level tests, package by package, run again by an anchored `-run` with `-v`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from guard.frameworks.invocation import Invocation, ends_target, find, plain_mention, program
from guard.frameworks.narrowing import how_started, narrowed, not_all_ran, refused
from guard.frameworks.output import lines
from guard.frameworks.verification import must_run, provable
from guard.types import Around, Change, EnvPatch, FailedTests, Outcome, Refusal, Surroundings

NAME = "go_test"

# `go test` prints these; a test binary prints the `---` lines and a lone FAIL when all its tests are over.
# Subtests stand indented, with -json flush left: they have a slash.
_FAILED = re.compile(r"^--- FAIL: ([^\s/]+) \(\d+\.\d+s\)$")
_PASSED = re.compile(r"^--- PASS: ([^\s/]+) \(\d+\.\d+s\)$")
_PACKAGE = re.compile(r"^FAIL\t(\S+)\t(?:\d+\.\d+s|\(cached\))$")
_OK = re.compile(r"^ok  \t(\S+)\t")
_BUILD = re.compile(r"^FAIL\t\S+ \[(build|setup) failed\]$")
_BROKEN = re.compile(
    r"^panic: |^fatal error: |^\*\*\* Test killed|^signal: |^exit status [2-9]|race detected outside of test execution"
    r"|^coverage: |\tcoverage: |^# .* \[.*\.test\]$"
)
_TEST = re.compile(r"^(Test|Example)\w*$")
_OPTIONS: Mapping[str, str] = {
    "failfast": "stops at the first failure",
    "cover": "measures coverage, which a part of the tests would spoil",
    "coverprofile": "measures coverage, which a part of the tests would spoil",
    "coverpkg": "measures coverage, which a part of the tests would spoil",
    "covermode": "measures coverage, which a part of the tests would spoil",
    "bench": "runs benchmarks",
    "fuzz": "fuzzes",
    "list": "runs no test",
    "c": "runs no test",
    "exec": "runs the tests by another program",
    "n": "runs no test",
}


def ran(outcome: Outcome, surroundings: Surroundings) -> bool:
    """Whether the command is `go test`, or the log has a line of it for a package."""
    del surroundings
    found = find(outcome)
    if isinstance(found, Invocation) and not found.through and _is_go_test(found):
        return True
    return any(_PACKAGE.match(line) for line in _printed(outcome))


def failed(outcome: Outcome, surroundings: Surroundings) -> FailedTests | Refusal:
    """Each as `package.Test`; go keeps no record of failures, so its own lines are read."""
    del surroundings
    found = find(outcome)
    behind_make = isinstance(found, Invocation) and found.through == "make"
    reason = not_all_ran(outcome, (2,) if behind_make else (1,))
    if reason:
        return refused(reason)
    printed = _printed(outcome)
    names: list[str] = []
    pending: list[str] = []
    closed = False
    passed = 0
    for line in printed:
        if _BUILD.match(line):
            return refused("a package could not be built")
        if _BROKEN.search(line):
            return refused("a test binary crashed, or measures coverage")
        if match := _FAILED.match(line):
            pending.append(match.group(1))
        elif _PASSED.match(line):
            passed += 1
        elif line == "FAIL":
            # Without this line the binary left before all its tests were over (os.Exit).
            closed = True
        elif match := _PACKAGE.match(line):
            if not pending or not closed:
                return refused(f"package {match.group(1)} failed otherwise than by its tests")
            names += [f"{match.group(1)}.{test}" for test in pending]
            pending, closed = [], False
        elif _OK.match(line):
            if pending:
                return refused("the failed tests cannot be told apart by package")
            closed = False
    if pending or not names:
        return refused("go test does not name the failed tests")
    if not all(_TEST.match(name.rpartition(".")[2]) for name in names):
        return refused("a failed test has a name that -run does not take")
    verbose = passed > 0
    total = passed + len(names) if verbose else None
    return FailedTests(NAME, tuple(dict.fromkeys(names)), total, True, "log")


def rerun(tests: FailedTests, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal:
    """`-run=^(A|B)$ -v` behind the user's arguments, in front of `-args`; behind make by GOFLAGS."""
    del surroundings
    found = how_started(tests, outcome)
    if isinstance(found, Refusal):
        return found
    if not _is_go_test(found):
        return refused("the command is not `go test` itself")
    env = {**outcome.command.env, **found.env}
    flags = [*found.words[2:], *env.get("GOFLAGS", "").split()]
    if found.through:
        flags += re.split(r"\s+", " ".join(line for line in found.text.splitlines() if "go test" in line))
    for word in flags:
        if word in {"-args", "--args"}:
            break
        name = word.lstrip("-").partition("=")[0].removeprefix("test.")
        if word.startswith("-") and name in _OPTIONS:
            return refused(f"go test {_OPTIONS[name]}")
        if word.startswith("-") and name == "run" and found.through:
            return refused("the command chooses tests by -run already")
    pattern = "^(" + "|".join(dict.fromkeys(name.rpartition(".")[2] for name in tests.tests)) + ")$"
    # A count of the user's own stands (it asks for that many passes); without one a cached pass could be shown.
    counted = any(re.match(r"^--?(test\.)?count\b", word) for word in flags)
    more = (f"-run={pattern}", "-v", *(() if counted else ("-count=1",)))
    seen: dict[str, object] = {"packages": _packages(_printed(outcome))}
    if found.through == "make":
        reason = plain_mention(found, r"\bgo test\b")
        if not reason and not ends_target(found, r"^[@+]*go test\b"):
            # A later `go test`, which the failure kept from starting, would find no test and pass.
            reason = "go test is not the last line of the one target"
        if reason or re.search(r"\bGOFLAGS\b", found.text) or "GOFLAGS" in found.env:
            return refused(f"make: {reason or 'the Makefile sets GOFLAGS itself'}")
        text = " ".join(more)
        patch: EnvPatch = Around(after=f" {text}") if env.get("GOFLAGS") else text
        return narrowed(tests, env={"GOFLAGS": patch}, more=seen)
    if found.through:
        return refused(f"{found.through} hands no arguments on to go test")
    words = found.words
    at = next((n for n, word in enumerate(words) if word in {"-args", "--args"}), len(words))
    return narrowed(tests, argv=found.with_words((*words[:at], *more, *words[at:])), more=seen)


def verified(change: Change, outcome: Outcome) -> bool:
    """Whether each promised test has its PASS line above the `ok` line of its own package."""
    if not provable(change, outcome):
        return False
    passed: set[str] = set()
    block: list[str] = []
    printed = _printed(outcome)
    if _packages(printed) != change.details.get("packages"):
        # Packages that the first run never came to were narrowed too.
        return False
    for line in printed:
        if _FAILED.match(line) or line.startswith("FAIL"):
            return False
        if match := _PASSED.match(line):
            block.append(match.group(1))
        elif match := _OK.match(line):
            if "(cached)" in line:
                # Replayed, not run.
                block = []
            passed |= {f"{match.group(1)}.{test}" for test in block}
            block = []
        elif line.startswith("?   \t"):
            block = []
    return set(must_run(change)) <= passed


def _is_go_test(found: Invocation) -> bool:
    """Whether the words are `go test`, or a Makefile names it."""
    if found.through == "make":
        return "go test" in found.text
    return program(found.words) == "go" and found.words[1:2] == ("test",)


def _packages(printed: list[str]) -> list[str]:
    """The packages that go reports on, sorted; those without tests left out."""
    found = {
        match.group(1) for line in printed for match in (_PACKAGE.match(line) or _OK.match(line),) if match
    }
    return sorted(found)


def _printed(outcome: Outcome) -> list[str]:
    """The lines; with -json the text of the output events, kept apart by package."""
    printed = lines(outcome)
    if not any(line.startswith('{"') and '"Action":' in line for line in printed):
        return list(printed)
    other: list[str] = []
    by_package: dict[str, list[str]] = {}
    for line in printed:
        try:
            event = json.loads(line) if line.startswith("{") else None
        except ValueError:
            event = None
        if not isinstance(event, dict) or "Action" not in event:
            other.append(line)
            continue
        text = event.get("Output")
        if event["Action"] == "output" and isinstance(text, str):
            by_package.setdefault(str(event.get("Package")), []).append(text)
    return other + [
        line.rstrip() if not line.startswith(("ok", "FAIL")) else line
        for parts in by_package.values()
        for line in "".join(parts).splitlines()
    ]
