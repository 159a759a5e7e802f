"""An attempt → the tests that its framework's own record names as passed, each as that framework's failures are named.

A record is what stands in the log by a verbose reporter, or JUnit's XML that this attempt wrote. Reporters that print dots
name nobody; RSpec, PHPUnit, Mocha, Playwright and Cypress print passes by other names than those by which their failures
are run again: of these nothing is told. Nothing here decides anything: a name is counted, no more.
"""

from __future__ import annotations

import json
import os
import re
import xml.etree.ElementTree as ET  # the build's own reports, of bounded size
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from guard.frameworks import jest, maven_surefire, vitest
from guard.frameworks.junit_xml import cases
from guard.frameworks.output import folder, lines, read, started, written_since
from guard.types import Outcome

MOST = 20_000
"""Names of one attempt."""
_MOST_FILES = 2_000
_LONGEST = 500
_LARGEST_REPORT = 8 << 20

# "tests/test_x.py::test_a PASSED   [ 50%]" with -v; by xdist "[gw0] [ 50%] PASSED tests/test_x.py::test_a".
_PYTEST_END = re.compile(r"(?: +\[ *\d+%\])?$")
_PYTEST_WORKER = re.compile(r"\[gw\d+\] \[ *\d+%\]$")
# pytest's own last words on --junitxml: "- generated xml file: /w/junit.xml -".
_PYTEST_XML = re.compile(r"^-+ generated xml file: (.+?) -+$")
_PYTEST_OPTION = re.compile(r"--junit-?xml[= ][\"']?([^\s\"';&|]+)")
_MOST_REPORTS = 20
# "test_a (pkg.mod.Class.test_a) ... ok"; with a docstring that stands in a line of its own, followed by "... ok".
_UNITTEST = re.compile(r"^(test\w*) \(([\w.]+)\)(?: \.\.\. ok)?$")
# go test -v, flush left: no subtest.
_GO = re.compile(r"^--- (PASS|FAIL): ([^\s/]+) \(\d+\.\d+s\)$")
_GO_PACKAGE = re.compile(r"^(?:ok  |FAIL)\t(\S+)\t")
_CARGO = re.compile(r"^test (\S.*?)(?: - should panic| - compile(?: fail)?)? \.\.\. ok(?: <[\d.]+s>)?$")
_NEXTEST = re.compile(r"^\s+PASS \[[^\]]*\](?: +\( *\d+/\d+\))? +([\w-]+(?:::[\w/$.-]+)?) ([\w:<>]+)$")
_CTEST = re.compile(r"^ *\d+/\d+ Test +#(\d+): (.+?) \.{2,} +Passed +[\d.]+ sec$")


def passed(outcome: Outcome) -> dict[str, tuple[str, ...]]:
    """Framework → names, each once, in the order in which they stand; empty where no record names any."""
    # In a log that means harm a long line is many lines' work.
    printed = tuple(line for line in lines(outcome) if len(line) <= 2 * _LONGEST)
    found = {}
    for framework, read_names in _READERS.items():
        names = [name for name in dict.fromkeys(read_names(printed, outcome)) if 0 < len(name) <= _LONGEST]
        if names:
            found[framework] = tuple(names[:MOST])
    return found


def _pytest(printed: tuple[str, ...], outcome: Outcome) -> Iterator[str]:
    for line in printed:
        if "PASSED" in line and "::" in line:
            before, _, behind = line.partition(" PASSED")
            if "::" in before and _PYTEST_END.match(behind):
                yield before
            elif "::" in behind and _PYTEST_WORKER.match(before):
                yield behind.strip()
    for report in _pytest_reports(printed, outcome):
        yield from _pytest_xml(report, outcome)


def _pytest_reports(printed: tuple[str, ...], outcome: Outcome) -> set[Path]:
    """Where JUnit's XML lies: as pytest says at its end, and as it was told (with -q it says nothing)."""
    said = [match.group(1) for line in printed if "generated xml file" in line and (match := _PYTEST_XML.match(line))]
    told = f"{' '.join(outcome.command.argv)} {outcome.command.env.get('PYTEST_ADDOPTS', '')}"
    root = folder(outcome)
    return {root / name for name in (*said, *_PYTEST_OPTION.findall(told))[:_MOST_REPORTS]}


def _pytest_xml(report: Path, outcome: Outcome) -> Iterator[str]:
    """Names of a report below the folder in which the command ran; what the log names is only read."""
    root = folder(outcome)
    place = Path(os.path.realpath(report))
    if Path(os.path.realpath(root)) not in place.parents or not written_since(place, started(outcome)):
        return
    if place.stat().st_size > _LARGEST_REPORT:
        return
    text = read(place)
    # A document type is in no such report; without one no entity can be declared.
    if text is None or "<!DOCTYPE" in text or "<!ENTITY" in text:
        return
    try:
        elements = list(ET.fromstring(text).iter("testcase"))
    except (ET.ParseError, ValueError):
        return
    files: dict[str, tuple[str, ...]] = {}
    for element in elements:
        if len(element) and any(child.tag in ("failure", "error", "skipped") for child in element):
            continue
        class_name = element.get("classname", "")
        if class_name not in files:
            files[class_name] = _node(root, class_name) if len(files) < _MOST_FILES else ()
        if files[class_name]:
            yield "::".join((*files[class_name], element.get("name", "")))


def _node(root: Path, class_name: str) -> tuple[str, ...]:
    """`tests.test_x.TestA` → the file that is there and the classes in it; () where none is."""
    parts = class_name.split(".")
    if not all(re.fullmatch(r"[\w-]+", part) for part in parts):
        return ()
    for count in range(len(parts), 0, -1):
        file = "/".join(parts[:count]) + ".py"
        if (root / file).is_file():
            return (file, *parts[count:])
    return ()


def _unittest(printed: tuple[str, ...], outcome: Outcome) -> Iterator[str]:
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


def _go(printed: tuple[str, ...], outcome: Outcome) -> Iterator[str]:
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


def _jest(printed: tuple[str, ...], outcome: Outcome) -> Iterable[str]:
    root = folder(outcome)
    # By its files, as Jest runs failed tests again.
    return (name for name in jest.files(printed, "PASS")[:_MOST_FILES] if (root / name).is_file()) if _any(printed, "PASS ") else ()


def _vitest(printed: tuple[str, ...], outcome: Outcome) -> Iterator[str]:
    root = folder(outcome)
    names = dict.fromkeys(match.group(1) for line in printed if "✓" in line and (match := vitest.PASS_LINE.match(line)))
    failed = {match.group(1) for line in printed if "FAIL" in line and (match := vitest.FAIL_LINE.match(line))}
    yield from (name for name in [*names][:_MOST_FILES] if name not in failed and (root / name).is_file())


def _surefire(printed: tuple[str, ...], outcome: Outcome) -> Iterator[str]:
    if _any(printed, "surefire"):
        yield from _by_cases(maven_surefire.reports(folder(outcome)), outcome)


def _gradle(printed: tuple[str, ...], outcome: Outcome) -> Iterator[str]:
    if _any(printed, "> Task :", " tests completed, ", "BUILD SUCCESSFUL in "):
        root = folder(outcome)
        places = [place for form in ("build/test-results/*", "*/build/test-results/*") for place in sorted(root.glob(form))]
        yield from _by_cases(places[:_MOST_FILES], outcome)


def _dotnet(printed: tuple[str, ...], outcome: Outcome) -> Iterator[str]:
    """By lines such as `  Passed Acme.Tests.Cart.Adds [5 ms]` (console logger, verbosity normal)."""
    del outcome
    for line in printed:
        word, _, rest = line.removeprefix("  ").partition(" ")
        if line.startswith("  ") and word in ("Passed", "V") and line.endswith("]"):
            yield rest.rpartition(" [")[0]


def _by_cases(folders: Iterable[Path], outcome: Outcome) -> Iterator[str]:
    yield from (case.id for case in cases(folders, started(outcome)) or () if case.verdict == "passed")


def _any(printed: tuple[str, ...], *marks: str) -> bool:
    return any(mark in line for line in printed for mark in marks)


_READERS: Final[Mapping[str, Callable[[tuple[str, ...], Outcome], Iterable[str]]]] = {
    "pytest": _pytest,
    "unittest": _unittest,
    "jest": _jest,
    "vitest": _vitest,
    "go_test": _go,
    "maven_surefire": _surefire,
    "gradle_test": _gradle,
    "cargo_test": _matches(_CARGO, " ... ok", "{}"),
    "ctest": _matches(_CTEST, " Passed ", "{}:{}"),
    "nextest": _matches(_NEXTEST, " PASS [", "{} {}"),
    "dotnet_test": _dotnet,
}
