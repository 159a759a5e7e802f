"""An attempt → the test reports that it wrote: those that another run's results can be merged into, and those that it would spoil."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from guard.frameworks.output import folder, started
from guard.types import Outcome, Surroundings

_MOST_ENTRIES: Final = 60_000
_MOST_REPORTS: Final = 2_000
_DEEPEST: Final = 16
_HEAD: Final = 4096
_LARGEST_PAGE: Final = 4 << 20
_SHORTEST_NAME: Final = 5
"""Of a test, to be looked for in a page."""
# Folders that hold no report, or what was installed.
_SKIPPED: Final = frozenset(
    {".git", ".hg", ".svn", "node_modules", ".venv", "venv", "site-packages", ".tox", ".nox", "__pycache__", ".pipeguard"}
)
# Files whose text is looked at; all other names are never opened.
_SUFFIXES: Final = (".xml", ".json", ".info", ".trx", ".out", ".cov", ".html", ".htm")
# Words of the user's command and of variables that reporters are told their file by.
_PATHS: Final = re.compile(r"[^\s\"'`=:,;|&<>(){}$*?]+\.(?:xml|json)\b")
_VARIABLE: Final = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")
_TOLD: Final = ("PYTEST_ADDOPTS", "JEST_JUNIT_", "MOCHA_FILE", "PLAYWRIGHT_JUNIT_", "VITEST_", "GOTESTSUM_")
_JUNIT: Final = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--(?:[^-]|-(?!->))*-->\s*)*<testsuites?[\s/>]")
# What holds all tests of a run in a form that guard does not merge. Cobertura and Clover: `<coverage`;
# TRX: `<TestRun`; xUnit.net: `<assemblies`; NUnit: `<test-run`, `<test-results`; JSON of Jest, Vitest, Mocha, Playwright,
# pytest-json-report, RSpec; lcov; a profile of Go.
_SPOILT: Final = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*(?:(?:<\?xml[^>]*\?>\s*|<!(?:DOCTYPE|--)[^>]*>\s*)*<(?:coverage|TestRun|assemblies|test-run|test-results)[\s>]"
    rb'|\{\s*(?:"num(?:Failed|Total)TestSuites"|"stats"\s*:\s*\{\s*"suites"|"config"\s*:\s*\{\s*"configFile"'
    rb'|"created"\s*:\s*[\d.]+,\s*"duration"|"version"\s*:\s*"[\d.]+",\s*(?:"seed"\s*:\s*\d+,\s*)?"examples")|(?:TN:[^\n]*\s+)?SF:|mode: (?:set|count|atomic)\r?\n)'
)
# Pages of pytest-html, Jest, Mochawesome, Playwright, Surefire, Gradle, RSpec, PHPUnit, Vitest, coverage tools: by the title, or the generator's name.
_PAGE: Final = re.compile(
    rb"(?is)\A(?:\xef\xbb\xbf)?\s*(?:<!doctype html|<html)(?=.*?(?:<title[^>]*>[^<]*\b(?:tests?|specs?|unit|jest|mocha\w*|vitest|playwright|cypress|rspec"
    rb"|pytest|surefire|junit|testng|phpunit|testdox|allure|cucumber|coverage)\b[^<]*</title|\bpytest-html\b|\bmochawesome\b))"
)
_GRADLES: Final = "/build/reports/tests/"
# coverage.py's data: `.coverage`, and one for each process where it runs in parallel.
_COVERAGE: Final = re.compile(r"^\.coverage(?:\.[\w.-]+)?$")


@dataclass(frozen=True)
class Reports:
    """What one attempt left of reports; real paths."""

    junit: tuple[str, ...] = ()
    spoilt: str = ""
    """One that a part of the tests would overwrite and that cannot be merged; empty: none was found."""


def written(outcome: Outcome, surroundings: Surroundings, tests: tuple[str, ...] = ()) -> Reports:
    """The reports below the command's folder and the workspace, and those that the command names, written since it began.

    A page that has one of the `tests` by its own name is a report of tests, whatever its title says. Links are not followed; of a tree with more than 60,000 entries the rest is not looked at.
    """
    since = started(outcome)
    if since is None:
        return Reports()
    junit: dict[str, None] = {}
    spoilt = ""
    for path in _candidates(outcome, surroundings, since):
        if _COVERAGE.match(path.name):
            spoilt = spoilt or str(path)
            continue
        head = _head(path)
        if _JUNIT.match(head):
            junit[str(path)] = None
        elif _SPOILT.match(head) or (path.suffix in (".html", ".htm") and not spoilt and _is_page(path, head, tests)):
            spoilt = spoilt or str(path)
        if len(junit) >= _MOST_REPORTS:
            break
    return Reports(tuple(sorted(junit)), spoilt)


def is_junit(path: Path) -> bool:
    """Whether a plain file begins as a JUnit report does."""
    return bool(_JUNIT.match(_head(path)))


def fresh(path: Path, since: float) -> bool:
    """Whether it is a plain file, no link, that was written at or after a moment (seconds since the epoch)."""
    try:
        found = path.lstat()
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(found.st_mode) and found.st_mtime >= since


def _candidates(outcome: Outcome, surroundings: Surroundings, since: float) -> Iterator[Path]:
    """Real paths, some perhaps twice."""
    cwd, command = folder(outcome), outcome.command
    texts = [*command.argv, command.script or ""]
    texts += [value for name, value in command.env.items() if name.startswith(_TOLD)]
    for text in texts:
        whole = _VARIABLE.sub(lambda match: command.env.get(match.group(1), match.group()), text)
        for match in _PATHS.finditer(whole):
            named = _real(Path(os.path.normpath(cwd / match.group())))
            if fresh(named, since):
                yield named
    left = _MOST_ENTRIES
    for root in _roots(cwd, Path(surroundings.workspace).absolute()):
        for path, entries in _walk(root, left):
            left = entries
            if fresh(path, since):
                yield path


def _roots(cwd: Path, workspace: Path) -> list[Path]:
    """The command's folder and the workspace, the outer one alone where one lies in the other; never `/`."""
    roots = [Path(os.path.realpath(cwd)), Path(os.path.realpath(workspace))]
    inner = {one for one in roots for other in roots if other in one.parents}
    return [one for one in dict.fromkeys(roots) if one not in inner and one != Path("/")]


def _walk(root: Path, left: int) -> Iterator[tuple[Path, int]]:
    """Files that may be reports, breadth first, with how many entries may still be looked at."""
    waiting = [(root, 0)]
    while waiting and left > 0:
        here, depth = waiting.pop(0)
        try:
            with os.scandir(here) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            left -= 1
            if left <= 0:
                return
            try:
                inside = entry.is_dir(follow_symlinks=False)
            except OSError:
                continue
            if inside:
                if entry.name not in _SKIPPED and depth < _DEEPEST:
                    waiting.append((here / entry.name, depth + 1))
            elif entry.name.endswith(_SUFFIXES) or _COVERAGE.match(entry.name):
                yield here / entry.name, left


def _real(path: Path) -> Path:
    """The path with the links of its folder followed; the last part stands as it is."""
    return Path(os.path.realpath(path.parent)) / path.name


def _is_page(path: Path, head: bytes, tests: tuple[str, ...]) -> bool:
    """Whether a page reports on tests: its head says so, or it names a failed one.

    Gradle's own pages are left out: it writes them beside each run's JUnit reports, asked or not.
    """
    if _GRADLES in path.as_posix():
        return False
    if _PAGE.match(head):
        return True
    names = {name for test in tests if len(name := re.split(r"::|#|\s|\.", test)[-1]) >= _SHORTEST_NAME}
    text = _head(path, _LARGEST_PAGE)
    return any(name.encode() in text for name in names)


def _head(path: Path, most: int = _HEAD) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return b""
    with os.fdopen(descriptor, "rb") as file:
        return file.read(most) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
