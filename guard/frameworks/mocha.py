"""Mocha: the failed tests' full titles from its list of failures, run again by `--grep`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from guard.frameworks.invocation import Invocation, find, program
from guard.frameworks.narrowing import how_started, narrowed, not_all_ran, refused
from guard.frameworks.output import folder, lines, read, read_object
from guard.frameworks.verification import must_run, provable
from guard.types import Change, FailedTests, Outcome, Refusal, Surroundings

NAME = "mocha"

_PASSING = re.compile(r"^  (\d+) passing \(\d+\w+\)$")
_FAILING = re.compile(r"^  (\d+) failing$")
_PENDING = re.compile(r"^  (\d+) pending$")
_ENTRY = re.compile(r"^  (\d+)\) (.*)$")
_HOOK = re.compile(r'"(before|after) (all|each)" hook')
_OPTIONS: Mapping[str, str] = {
    "--bail": "stops at the first failure",
    "-b": "stops at the first failure",
    "--grep": "chooses tests by title already",
    "-g": "chooses tests by title already",
    "--fgrep": "chooses tests by title already",
    "-f": "chooses tests by title already",
    "--invert": "chooses tests by title already",
    "-i": "chooses tests by title already",
    "--reporter": "has a reporter that guard cannot read",
    "-R": "has a reporter that guard cannot read",
    "--watch": "watches",
    "-w": "watches",
    "--config": "has settings elsewhere",
    "--opts": "has settings elsewhere",
    "--package": "has settings elsewhere",
    "--dry-run": "runs no test",
}
_CONFIGS: Final = (
    ".mocharc.js",
    ".mocharc.cjs",
    ".mocharc.mjs",
    ".mocharc.yaml",
    ".mocharc.yml",
    ".mocharc.jsonc",
    ".mocharc.json",
    "test/mocha.opts",
)
_MOST_FILES: Final = 2000


def ran(outcome: Outcome, surroundings: Surroundings) -> bool:
    """Whether the command is Mocha, or the log has its summary."""
    del surroundings
    found = find(outcome)
    if isinstance(found, Invocation) and program(found.words) in {"mocha", "_mocha"}:
        return True
    printed = lines(outcome)
    return any(_PASSING.match(line) for line in printed) and any(_FAILING.match(line) for line in printed)


def failed(outcome: Outcome, surroundings: Surroundings) -> FailedTests | Refusal:
    """The full titles in the list of failures, as many as the summary counts; Mocha keeps no record itself."""
    del surroundings
    printed = lines(outcome)
    counts = _counts(printed)
    if counts is None:
        return refused(not_all_ran(outcome) or "Mocha printed no summary, or ran more than once")
    passing, failing, _ = counts
    # Mocha ends with the number of failures; npm and yarn hand that on, some with 1.
    reason = not_all_ran(outcome, (min(failing, 255), 1))
    if not reason and any(_HOOK.search(line) for line in printed):
        reason = "a hook failed, after which Mocha leaves tests out"
    if reason:
        return refused(reason)
    titles = _titles(printed)
    if len(titles) != failing or len(set(titles)) != failing:
        return refused("Mocha's list of failures does not agree with its summary")
    return FailedTests(NAME, titles, passing + failing, True, "log")


def rerun(tests: FailedTests, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal:
    """`--grep` with the anchored titles, in which all but letters and digits is any one character."""
    del surroundings
    found = how_started(tests, outcome)
    if isinstance(found, Refusal):
        return found
    if program(found.words) not in {"mocha", "_mocha"}:
        return refused("the command is not Mocha itself")
    for word in found.words[1:]:
        name = word.partition("=")[0]
        if name in _OPTIONS and not (
            name in {"--reporter", "-R"} and _reporter(found.words) in {"spec", "dot", "list"}
        ):
            return refused(f"Mocha {_OPTIONS[name]}")
        if re.match(r"^-[a-zA-Z]*[bgfi]", word) and not word.startswith("--"):
            return refused("Mocha was given options that guard cannot take apart")
        if word == "--":
            return refused("Mocha takes no option behind --")
    reason = _settings(folder(outcome))
    if reason:
        return refused(reason)
    pattern = "^(" + "|".join(re.sub(r"[^A-Za-z0-9 ]", ".", title) for title in tests.tests) + ")$"
    # --fail-zero (since 9) fails a run without tests; older ones ignore it, and the verification tells.
    argv = found.with_more(("--fail-zero", f"--grep={pattern}"))
    if argv is None:
        return refused(f"{found.through} hands no arguments on to Mocha")
    return narrowed(tests, argv=argv)


def verified(change: Change, outcome: Outcome) -> bool:
    """Whether Mocha counts exactly as many passing tests as were promised, none pending or failing."""
    return provable(change, outcome) and _counts(lines(outcome)) == (len(must_run(change)), 0, 0)


def _counts(printed: tuple[str, ...]) -> tuple[int, int, int] | None:
    """(passing, failing, pending) of the one summary; None where there is none or more than one."""
    found = []
    for pattern in (_PASSING, _FAILING, _PENDING):
        numbers = [int(match.group(1)) for line in printed if (match := pattern.match(line))]
        if len(numbers) > 1 or (pattern is _PASSING and not numbers):
            return None
        found.append(numbers[0] if numbers else 0)
    return found[0], found[1], found[2]


def _titles(printed: tuple[str, ...]) -> tuple[str, ...]:
    """Full titles below "N failing": each from its number to the line that ends with a colon."""
    start = next((number for number, line in enumerate(printed) if _FAILING.match(line)), None)
    if start is None:
        return ()
    titles: list[str] = []
    parts: list[str] | None = None
    for line in printed[start + 1 :]:
        match = _ENTRY.match(line)
        if match and int(match.group(1)) == len(titles) + 1 and parts is None:
            parts = [match.group(2).strip()]
        elif parts is not None and line.strip():
            parts.append(line.strip())
        elif parts is not None:
            # An empty line inside a title: its end cannot be told.
            return ()
        if parts is not None and parts[-1].endswith(":"):
            titles.append(" ".join(parts)[:-1])
            parts = None
    return tuple(titles)


def _reporter(words: tuple[str, ...]) -> str:
    """The reporter that the words name."""
    for number, word in enumerate(words):
        if word.startswith("--reporter="):
            return word.partition("=")[2]
        if word in {"--reporter", "-R"} and number + 1 < len(words):
            return words[number + 1]
    return ""


def _settings(root: Path) -> str:
    """Why Mocha's settings or the tests' own code forbid a narrowed run; empty where they do not."""
    for name in _CONFIGS:
        text = read(root / name)
        if text and re.search(r"\b(bail|grep|fgrep|invert|reporter)\b", text):
            return f"{name} sets bail, grep or reporter"
    manifest = root / "package.json"
    package = read_object(manifest) if manifest.is_file() else {}
    if package is None:
        return "package.json cannot be read"
    own = package.get("mocha")
    if isinstance(own, dict) and {"bail", "b", "grep", "fgrep", "g", "f", "invert", "reporter"} & set(own):
        return "package.json sets bail, grep or reporter"
    # A suite may stop by itself: `this.bail(true)`. It leaves no trace in the log.
    seen = 0
    for place in ("test", "tests", "spec", "src"):
        for path in sorted((root / place).rglob("*.[cmjt]*[js]*")) if (root / place).is_dir() else ():
            seen += 1
            if seen > _MOST_FILES:
                return "too many test files to be sure that none stops early"
            if ".bail(" in (read(path) or ""):
                return "a test file stops at its first failure"
    return ""
