"""pytest: the failed tests from its cache, cross-checked with its summary; run again by `--lf --lfnf=none`."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Final

from guard.frameworks.invocation import (
    Invocation,
    find,
    module_arguments,
    plain_mention,
    program,
)
from guard.frameworks.narrowing import how_started, narrowed, not_all_ran, refused
from guard.frameworks.output import folder, lines, read_object
from guard.frameworks.verification import must_run, provable
from guard.types import Around, Change, FailedTests, Outcome, Refusal, Surroundings

NAME = "pytest"

# pytest's `--lfnf=none` (since 3.7) selects nothing, and so ends with 5, when no failure is recorded.
_FLAGS: Final = ("--lf", "--lfnf=none")

# "==== 1 failed, 2 passed in 0.12s ====", with -q without the rule around it.
_SUMMARY = re.compile(
    r"^(?:=+ )?((?:\d+ [a-z]+(?: [a-z]+)?, )*\d+ [a-z]+(?: [a-z]+)?) in [\d.]+s(?: \([\d:. a-z,]+\))?(?: =+)?$"
)
_COLLECTED = re.compile(r"^collected (\d+) items?((?: / \d+ \w+)*)$")
_WORKERS = re.compile(r"^\d+ workers? \[(\d+) items?\]")
_BANG = re.compile(r"^!{3,} .* !{3,}$")
_INFO = re.compile(r"^=+ short test summary info =+$")
_ROOT = re.compile(r"^rootdir: (.+?)(?:, (?:configfile|inifile|testpaths): .*)?$")
# Relative to the root; printed with -v, and where it is not the default (tox).
_CACHE = re.compile(r"^cachedir: (.+)$")
_COVERAGE = re.compile(r"^=+ tests coverage =+$|^-+ coverage: platform |^Required test coverage of ")
_MAKE_ERROR = re.compile(r"^g?make(?:\[\d+\])?: \*\*\* \[.*\] Error 1$")
_CRASH = re.compile(r"INTERNALERROR>|^\[gw\d+\] node down|worker '?gw\d+'? crashed")
# Options of one letter that may be bundled (`-vx`) and take no value.
_EXITFIRST = re.compile(r"^-[a-zA-Z]*x[a-zA-Z]*$")
_TAKES_VALUE = re.compile(r"^-[knmpocrWn]")
_REFUSED: Mapping[str, str] = {
    "--exitfirst": "stops at the first failure",
    "--maxfail": "stops after some failures",
    "--stepwise": "stops at the first failure",
    "--sw": "stops at the first failure",
    "--stepwise-skip": "stops at the first failure",
    "--sw-skip": "stops at the first failure",
    "--lf": "ran only the tests that failed before",
    "--last-failed": "ran only the tests that failed before",
    "--lfnf": "sets itself what to run when nothing failed",
    "--last-failed-no-failures": "sets itself what to run when nothing failed",
    "--cache-clear": "clears the cache that names the failed tests",
    "--collect-only": "runs no test",
    "--co": "runs no test",
    "--cov": "measures coverage, which a part of the tests would spoil",
    "--cov-fail-under": "measures coverage, which a part of the tests would spoil",
}


def ran(outcome: Outcome, surroundings: Surroundings) -> bool:
    """Whether the command is pytest, or the log has its summary line below its own header."""
    del surroundings
    found = find(outcome)
    if isinstance(found, Invocation) and found.words and _arguments(found) is not None:
        return True
    printed = lines(outcome)
    return bool(_summaries(printed)) and any(
        line.startswith(("=", "FAILED ", "ERROR "))
        and ("test session starts" in line or "::" in line or _INFO.match(line))
        for line in printed
    )


def failed(outcome: Outcome, surroundings: Surroundings) -> FailedTests | Refusal:
    """The entries of pytest's `lastfailed` cache, if they are exactly what this run's summary names.

    The cache keeps older failures and leaves failed subtests out, so neither it nor the log is believed alone.
    """
    found = find(outcome)
    behind_make = isinstance(found, Invocation) and found.through == "make"
    # pytest ends with 1 when all ran and some failed; make says 2 of any failing line, and names the 1.
    reason = not_all_ran(outcome, (2,) if behind_make else (1,))
    printed = lines(outcome)
    if not reason and behind_make and not any(_MAKE_ERROR.match(line) for line in printed):
        reason = "make does not say that pytest ended with 1"
    if reason:
        return refused(reason)
    summaries = _summaries(printed)
    if len(summaries) != 1:
        return refused("pytest printed no summary line" if not summaries else "pytest ran more than once")
    counts = summaries[0]
    if any(_BANG.match(line) for line in printed):
        return refused("pytest stopped before all tests ran")
    if any(_CRASH.search(line) for line in printed):
        return refused("pytest itself or one of its workers crashed")
    if any(_COVERAGE.match(line) for line in printed):
        return refused("pytest measures coverage, which a part of the tests would spoil")
    bad = counts.get("failed", 0) + counts.get("error", 0) + counts.get("errors", 0)
    if not bad:
        return refused("pytest's summary counts no failed test")
    ended = sum(
        counts.get(word, 0)
        for word in ("failed", "passed", "skipped", "xfailed", "xpassed", "error", "errors")
    )
    wanted = _wanted(printed)
    if wanted is not None and ended < wanted:
        return refused(f"only {ended} of {wanted} collected tests ran")
    named = _named(printed)
    if len(named) != bad:
        return refused("pytest's short summary does not name each failure")
    cached = _cached(outcome, surroundings, named)
    if isinstance(cached, str):
        return refused(cached)
    tests = cached[1]
    total = sum(counts.get(word, 0) for word in ("failed", "passed", "skipped", "xfailed", "xpassed"))
    return FailedTests(NAME, tests, max(total, len(tests)), True, "cache")


def rerun(tests: FailedTests, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal:
    """`--lf --lfnf=none`: in argv where pytest stands there, else by PYTEST_ADDOPTS or posargs."""
    found = how_started(tests, outcome)
    if isinstance(found, Refusal):
        return found
    env = {**outcome.command.env, **found.env}
    try:
        options = shlex.split(env.get("PYTEST_ADDOPTS", ""))
    except ValueError:
        return refused("PYTEST_ADDOPTS cannot be read")
    at = _arguments(found)
    if at is None:
        return refused("the command is not pytest itself")
    reason = _excluded((*options, *found.words[at:]))
    if reason:
        return refused(f"pytest {reason}")
    if not found.through:
        return narrowed(tests, argv=found.with_words((*found.words[:at], *_FLAGS, *found.words[at:])))
    if found.through in {"npm", "yarn", "pnpm", "bun"}:
        return narrowed(tests, argv=found.with_more(_FLAGS))
    reason = _excluded(tuple(re.split(r"[\s\"',\[\]]+", _mentions(found.text)))) or plain_mention(
        found, r"py\.?test"
    )
    if reason:
        return refused(f"{found.through}: {reason}")
    if found.through == "tox" and not re.search(
        r"pass_?env[\s\S]{0,400}?(PYTEST_ADDOPTS|PYTEST\*|PYTEST_\*|=\s*\*)", found.text
    ):
        return _by_posargs(tests, found)
    if "PYTEST_ADDOPTS" in found.env or re.search(r"PYTEST_ADDOPTS\s*[:?+]?=", found.text):
        return refused("the command sets PYTEST_ADDOPTS itself")
    cached = _cached(outcome, surroundings, _named(lines(outcome)))
    if isinstance(cached, str):
        return refused(cached)
    # The options reach every pytest of this command. With this one cache for all, a later session that the
    # failure had kept from starting finds no failure recorded, runs nothing, and so ends with 5.
    text = shlex.join((*_FLAGS, "-o", f"cache_dir={cached[0]}"))
    patch = Around(after=f" {text}") if env.get("PYTEST_ADDOPTS") else text
    return narrowed(tests, env={"PYTEST_ADDOPTS": patch})


def verified(change: Change, outcome: Outcome) -> bool:
    """Whether exactly the promised number of tests passed in one session, none skipped or unstable."""
    if not provable(change, outcome):
        return False
    summaries = _summaries(lines(outcome))
    if len(summaries) != 1:
        return False
    counts = dict(summaries[0])
    for word in ("deselected", "warning", "warnings", "subtests passed", "subtest passed"):
        counts.pop(word, None)
    return counts == {"passed": len(must_run(change))}


def _arguments(found: Invocation) -> int | None:
    """Where pytest's own arguments begin in the words; behind make, tox and nox 0; None: not pytest."""
    if found.through in {"make", "tox", "nox"}:
        return 0 if re.search(r"py\.?test", found.text) else None
    if program(found.words) in {"pytest", "py.test"}:
        return 1
    return module_arguments(found.words, "pytest")


def _excluded(options: tuple[str, ...]) -> str:
    """Why one of pytest's options forbids a narrowed run; empty where none does."""
    for option in options:
        name = option.partition("=")[0]
        if name in _REFUSED:
            return _REFUSED[name]
        # argparse takes any unambiguous beginning of a long option.
        if name.startswith(
            ("--maxf", "--exitf", "--cov-f", "--stepw", "--last-f", "--cache-c", "--collect-o")
        ):
            return f"was given {name}"
        if _EXITFIRST.match(option) and not _TAKES_VALUE.match(option):
            return _REFUSED["--exitfirst"]
        if option.replace(" ", "") in {"no:cacheprovider", "-pno:cacheprovider"}:
            return "runs without its cache"
        if option == "--":
            break
    return ""


def _mentions(text: str) -> str:
    """The lines of a Makefile, tox.ini or noxfile that name pytest."""
    return " ".join(line for line in text.splitlines() if re.search(r"py\.?test", line))


def _by_posargs(tests: FailedTests, found: Invocation) -> Change | Refusal:
    """tox's own way to hand arguments on: `{posargs}` in the one line that runs pytest."""
    runs = [
        line.strip()
        for line in found.text.splitlines()
        if re.search(r"^\s*(commands\s*=\s*)?(\S*python\S* -m )?\S*py\.?test\b", line)
    ]
    place = re.search(r"\{posargs(?::([^{}]*))?\}", runs[0]) if len(runs) == 1 else None
    if place is None or "--" in found.words or "--" in found.argv:
        return refused("tox does not pass PYTEST_ADDOPTS on (pass_env), nor arguments to one pytest")
    try:
        default = tuple(shlex.split(place.group(1) or ""))
    except ValueError:
        return refused("the default of {posargs} cannot be read")
    if _excluded(default):
        return refused(f"pytest {_excluded(default)}")
    if found.script_at is not None:
        return refused("tox stands inside a script")
    return narrowed(tests, argv=(*found.argv, "--", *default, *_FLAGS))


def _summaries(printed: tuple[str, ...]) -> list[dict[str, int]]:
    """The counts of each summary line, by pytest's own words."""
    found = []
    for line in printed:
        match = _SUMMARY.match(line)
        if match:
            pairs = (part.partition(" ") for part in match.group(1).split(", "))
            found.append({word: int(number) for number, _, word in pairs})
    return found


def _wanted(printed: tuple[str, ...]) -> int | None:
    """How many tests were collected and not deselected, as pytest or xdist says; None with -q."""
    for line in printed:
        match = _COLLECTED.match(line)
        if match:
            parts: dict[str, int] = {
                word: int(number) for number, word in re.findall(r"/ (\d+) (\w+)", match.group(2))
            }
            return parts.get("selected", int(match.group(1)) - parts.get("deselected", 0))
        match = _WORKERS.match(line)
        if match:
            return int(match.group(1))
    return None


def _named(printed: tuple[str, ...]) -> tuple[str, ...]:
    """What stands behind FAILED, ERROR or SUBFAILED in the last short summary."""
    starts = [number for number, line in enumerate(printed) if _INFO.match(line)]
    if not starts:
        return ()
    found = []
    for line in printed[starts[-1] + 1 :]:
        if _SUMMARY.match(line):
            break
        word, _, rest = line.partition(" ")
        if word in {"FAILED", "ERROR"} and rest:
            found.append(rest)
        elif word.startswith(("SUBFAIL", "[")) and "::" in rest:
            # A failed subtest is not in the cache: it must make the comparison fail.
            found.append(line)
    return tuple(found)


def _cached(
    outcome: Outcome, surroundings: Surroundings, named: tuple[str, ...]
) -> tuple[Path, tuple[str, ...]] | str:
    """The cache whose entries are exactly the named failures, and these; else why there is none."""
    printed = lines(outcome)
    cwd = folder(outcome)
    roots = [cwd]
    workspace = Path(surroundings.workspace).absolute()
    roots += [parent for parent in cwd.parents if parent == workspace or workspace in parent.parents]
    shown = [Path(match.group(1)) for line in printed if (match := _ROOT.match(line))]
    roots += [root for root in shown if root.is_absolute()]
    caches = [".pytest_cache", *(match.group(1) for line in printed if (match := _CACHE.match(line)))]
    seen = False
    for root, cache in product(dict.fromkeys(roots), dict.fromkeys(caches)):
        place = Path(os.path.normpath(root / cache))
        # What the log names is only read, and only below the workspace or where the command ran.
        if not {cwd, workspace} & {place, *place.parents}:
            continue
        entries = _entries(place)
        if entries is None:
            continue
        seen = True
        if _same(entries, named, root, cwd):
            return place, entries
    return (
        "pytest's cache does not agree with its summary" if seen else "pytest left no cache of failed tests"
    )


def _entries(cache: Path) -> tuple[str, ...] | None:
    """The names in `lastfailed` of a cache folder."""
    data = read_object(cache / "v" / "cache" / "lastfailed")
    return None if data is None else tuple(data)


def _same(entries: tuple[str, ...], named: tuple[str, ...], root: Path, cwd: Path) -> bool:
    """Whether cache and summary name the same tests, one for one. The summary's paths start at `cwd`."""
    if len(entries) != len(named) or not all("::" in entry for entry in entries):
        return False
    left = list(named)
    for entry in sorted(entries, key=len, reverse=True):
        file, colons, rest = entry.partition("::")
        shown = {entry, os.path.relpath(root / file, cwd) + colons + rest}
        hit = next(
            (text for text in left if any(text == name or text.startswith(f"{name} - ") for name in shown)),
            None,
        )
        if hit is None:
            return False
        left.remove(hit)
    return True
