"""pytest: passes by a verbose log and by JUnit's XML, as node ids."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from guard.frameworks.output import folder
from guard.frameworks.passed.reports import below, passed_cases
from guard.types import Outcome

_MOST_FILES = 2_000
# "tests/test_x.py::test_a PASSED   [ 50%]" with -v; by xdist "[gw0] [ 50%] PASSED tests/test_x.py::test_a".
_END = re.compile(r"(?: +\[ *\d+%\])?$")
_WORKER = re.compile(r"\[gw\d+\] \[ *\d+%\]$")
# pytest's own last words on --junitxml: "- generated xml file: /w/junit.xml -".
_XML = re.compile(r"^-+ generated xml file: (.+?) -+$")
_OPTION = re.compile(r"--junit-?xml[= ][\"']?([^\s\"';&|]+)")


def names(printed: tuple[str, ...], outcome: Outcome) -> Iterator[str]:
    """Node ids, by a verbose log and by `--junitxml`."""
    for line in printed:
        if "PASSED" in line and "::" in line:
            before, _, behind = line.partition(" PASSED")
            if "::" in before and _END.match(behind):
                yield before
            elif "::" in behind and _WORKER.match(before):
                yield behind.strip()
    for report in _reports(printed, outcome):
        yield from _xml(report, outcome)


def _reports(printed: tuple[str, ...], outcome: Outcome) -> list[Path]:
    """Where JUnit's XML lies: as pytest says at its end, and as it was told (with -q it says nothing)."""
    said = [match.group(1) for line in printed if "generated xml file" in line and (match := _XML.match(line))]
    told = f"{' '.join(outcome.command.argv)} {outcome.command.env.get('PYTEST_ADDOPTS', '')}"
    return below(outcome, (*said, *_OPTION.findall(told)))


def _xml(report: Path, outcome: Outcome) -> Iterator[str]:
    root = folder(outcome)
    files: dict[str, tuple[str, ...]] = {}
    for element in passed_cases(report, outcome):
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
