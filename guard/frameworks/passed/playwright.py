"""Playwright Test: tests by project, file and titles, as its reporters print them; it runs them again by ids that nobody can read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from guard.frameworks.output import folder, read
from guard.frameworks.passed.reports import below, passed_cases
from guard.types import Outcome

# "  ✓  1 [chromium] › e2e/a.spec.js:3:1 › cart › adds (31ms)"; where the terminal has no such mark, "  ok 1 …".
_PASS = re.compile(r"^  (?:[✓✔] |ok) +\d+ (\S.* › .+?)(?: \(retry #\d+\))? \([\d.]+\w+\)$")
# "  1) [chromium] › e2e/a.spec.js:3:1 › cart › adds ────────"; older ones end it with "=".
_FAIL = re.compile(r"^  \d+\) (\S.* › .+?)(?: [─=]+)?$")
_PLACE = re.compile(r":\d+:\d+(?= › )")
_OUTPUT = re.compile(r"outputFile:\s*['\"]([^'\"]+)['\"]")
_TEST_DIR = re.compile(r"testDir:\s*['\"]([^'\"]+)['\"]")
_CONFIGS = ("playwright.config.ts", "playwright.config.js", "playwright.config.mjs", "playwright.config.cjs")
_VARIABLES = ("PLAYWRIGHT_JUNIT_OUTPUT_NAME", "PLAYWRIGHT_JUNIT_OUTPUT_FILE")


def names(printed: tuple[str, ...], outcome: Outcome) -> Iterator[str]:
    """Tests that passed, by the reporter `list` and by JUnit's XML."""
    yield from (_named(match.group(1)) for line in printed if " › " in line and (match := _PASS.match(line)))
    config = next(filter(None, (read(folder(outcome) / name) for name in _CONFIGS)), "") or ""
    told = [outcome.command.env.get(name, "") for name in _VARIABLES]
    place = _TEST_DIR.search(config)
    for report in below(outcome, (*told, *_OUTPUT.findall(config))):
        for case in passed_cases(report, outcome):
            # The report names a file as seen from the folder of tests, the log as seen from where the command ran; and a
            # project where others name a machine.
            parts = ((place.group(1) if place else "").removeprefix("./").strip("/"), case.get("classname", ""))
            project = f"[{case.get('hostname')}] › " if case.get("hostname") else ""
            yield f"{project}{'/'.join(filter(None, parts))} › {case.get('name', '')}"


def failures(printed: tuple[str, ...]) -> Iterator[str]:
    """Tests below the numbers of the failures."""
    yield from (_named(match.group(1)) for line in printed if " › " in line and (match := _FAIL.match(line)))


def _named(text: str) -> str:
    return _PLACE.sub("", text)
