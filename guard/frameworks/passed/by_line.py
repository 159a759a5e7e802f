"""unittest, Go, cargo, nextest, CTest and .NET: a line of the log for each test that passed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

from guard.types import Outcome

# "test_a (pkg.mod.Class.test_a) ... ok"; with a docstring that stands in a line of its own, followed by "... ok".
_UNITTEST = re.compile(r"^(test\w*) \(([\w.]+)\)(?: \.\.\. ok)?$")
# go test -v, flush left: no subtest.
_GO = re.compile(r"^--- (PASS|FAIL): ([^\s/]+) \(\d+\.\d+s\)$")
_GO_PACKAGE = re.compile(r"^(?:ok  |FAIL)\t(\S+)\t")
_CARGO = re.compile(r"^test (\S.*?)(?: - should panic| - compile(?: fail)?)? \.\.\. ok(?: <[\d.]+s>)?$")
_NEXTEST = re.compile(r"^\s+PASS \[[^\]]*\](?: +\( *\d+/\d+\))? +([\w-]+(?:::[\w/$.-]+)?) ([\w:<>]+)$")
_CTEST = re.compile(r"^ *\d+/\d+ Test +#(\d+): (.+?) \.{2,} +Passed +[\d.]+ sec$")


def unittest(printed: tuple[str, ...], outcome: Outcome) -> Iterator[str]:
    """Dotted names, by `-v`."""
    del outcome
    waiting = ""
    for line in printed:
        match = _UNITTEST.match(line) if line.startswith("test") else None
        if match:
            name, place = match.groups()
            waiting = place if place.endswith(f".{name}") else f"{place}.{name}"
        if waiting and line.endswith(" ... ok"):
            yield waiting
        if not match or line.endswith(" ... ok"):
            waiting = ""


def go_test(printed: tuple[str, ...], outcome: Outcome) -> Iterator[str]:
    """Package and test, by `-v` or `-json`; of subtests their test."""
    del outcome
    tests: list[str] = []
    for line in printed:
        if match := _GO.match(line):
            tests += [match.group(2)] if match.group(1) == "PASS" else []
        elif tests and (match := _GO_PACKAGE.match(line)):
            yield from (f"{match.group(1)}.{test}" for test in tests)
            tests = []
        elif line.startswith('{"') and '"pass"' in line:
            yield from _go_event(line)


def _go_event(line: str) -> Iterator[str]:
    """By `go test -json` (go doc test2json)."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return
    if isinstance(event, dict) and event.get("Action") == "pass":
        package, test = event.get("Package"), event.get("Test")
        if isinstance(package, str) and isinstance(test, str) and "/" not in test:
            yield f"{package}.{test}"


def _matches(pattern: re.Pattern[str], mark: str, form: str) -> Callable[[tuple[str, ...], Outcome], Iterator[str]]:
    """Reads lines of one form; `mark` stands in each of them, so that no other is looked at closely."""

    def names(printed: tuple[str, ...], outcome: Outcome) -> Iterator[str]:
        del outcome
        for line in printed:
            if mark in line and (match := pattern.match(line)):
                yield form.format(*match.groups())

    return names


def dotnet_test(printed: tuple[str, ...], outcome: Outcome) -> Iterator[str]:
    """By lines such as `  Passed Acme.Tests.Cart.Adds [5 ms]` (console logger, verbosity normal)."""
    del outcome
    for line in printed:
        word, _, rest = line.removeprefix("  ").partition(" ")
        if line.startswith("  ") and word in ("Passed", "V") and line.endswith("]"):
            yield rest.rpartition(" [")[0]


cargo_test = _matches(_CARGO, " ... ok", "{}")
ctest = _matches(_CTEST, " Passed ", "{}:{}")
nextest = _matches(_NEXTEST, " PASS [", "{} {}")
