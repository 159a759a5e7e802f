"""Cypress: the spec files that failed, from its closing table, run again by `--spec`.

Written from its documentation and from logs; it downloads its own browser, so it was not run where this was made.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from guard.frameworks.invocation import Invocation, find, program
from guard.frameworks.narrowing import how_started, narrowed, not_all_ran, refused
from guard.frameworks.options import chosen
from guard.frameworks.output import folder, lines
from guard.frameworks.verification import must_run, provable
from guard.types import Change, FailedTests, Outcome, Refusal, Surroundings

NAME = "cypress"

_FINISHED = re.compile(r"^\s*\(Run Finished\)\s*$")
_ROW = re.compile(r"^\s*│ ([✔✖]) {1,2}(\S.*?) {2,}(?:\d+:\d\d|\d+ms|-) ")
_TORN = re.compile(r"^\s*│ {4,}\S")
_RUNNING = re.compile(r"^\s*Running:\s+.*\((\d+) of (\d+)\)\s*$")
_BAD = re.compile(r"^\s*✖ {1,2}\d+ of \d+ failed \(\d+%\)")
_FLAGS: Final = frozenset({"--headless", "--headed", "-q", "--quiet", "--no-exit", "--e2e"})
_VALUED: Final = frozenset({"-b", "--browser", "-c", "--config", "-C", "--config-file", "-e", "--env", "-P", "--project", "-p", "--port", "-r", "--reporter", "-o", "--reporter-options"})
_MOST_FILES: Final = 5000


def ran(outcome: Outcome, surroundings: Surroundings) -> bool:
    """Whether the command is `cypress run`, or the log has its closing table."""
    del surroundings
    found = find(outcome)
    if isinstance(found, Invocation) and program(found.words) == "cypress" and found.words[1:2] == ("run",):
        return True
    return any(_FINISHED.match(line) for line in lines(outcome))


def failed(outcome: Outcome, surroundings: Surroundings) -> FailedTests | Refusal:
    """The paths of the failed spec files; each name of the table must be one file of the project."""
    del surroundings
    printed = lines(outcome)
    reason = not_all_ran(outcome)
    rows = _rows(printed)
    if not reason and rows is None:
        reason = "Cypress printed no closing table, or a name in it is cut"
    started = [match.group(2) for line in printed if (match := _RUNNING.match(line))]
    if not reason and rows is not None and {str(len(rows))} != set(started):
        reason = "Cypress did not run every spec file"
    if reason or rows is None:
        return refused(reason)
    root = folder(outcome)
    names = [name for mark, name in rows if mark == "✖"]
    files = [_file(root, name) for name in names]
    if not names or not any(_BAD.match(line) for line in printed) or None in files:
        return refused("a failed spec file of Cypress's table cannot be told")
    return FailedTests(NAME, tuple(str(file) for file in files), len(rows), True, "log")


def rerun(tests: FailedTests, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal:
    """`--spec` with the files, which then run whole."""
    del surroundings
    found = how_started(tests, outcome)
    if isinstance(found, Refusal):
        return found
    if program(found.words) != "cypress" or found.words[1:2] != ("run",):
        return refused("the command is not `cypress run` itself")
    told = chosen(found.words[2:], _FLAGS, _VALUED)
    if isinstance(told, str):
        return refused(f"Cypress's option {told} chooses specs or records the run")
    argv = found.with_more(("--spec", ",".join(tests.tests)))
    if argv is None:
        return refused(f"{found.through} hands no arguments on to Cypress")
    return narrowed(tests, "spec file", argv=argv)


def verified(change: Change, outcome: Outcome) -> bool:
    """Whether the closing table holds exactly as many spec files as were promised, each with its mark of success."""
    if not provable(change, outcome):
        return False
    rows = _rows(lines(outcome))
    wanted = must_run(change)
    if rows is None or len(rows) != len(wanted):
        return False
    return all(mark == "✔" for mark, _ in rows) and all(any(name.endswith(row) for _, row in rows) for name in wanted)


def files(printed: tuple[str, ...], root: Path, mark: str) -> tuple[str, ...]:
    """The spec files with that mark (✔ or ✖) in the closing table; those that are not one file of the project left out."""
    found = (_file(root, name) for shown, name in (_rows(printed) or ()) if shown == mark)
    return tuple(name for name in found if name is not None)


def _rows(printed: tuple[str, ...]) -> list[tuple[str, str]] | None:
    """(mark, name) of the one closing table; None where there is none, or where a name is torn over two lines."""
    places = [number for number, line in enumerate(printed) if _FINISHED.match(line)]
    if len(places) != 1:
        return None
    rest = printed[places[0] + 1 :]
    if any(_TORN.match(line) for line in rest):
        return None
    return [(match.group(1), match.group(2)) for line in rest if (match := _ROW.match(line))] or None


def _file(root: Path, name: str) -> str | None:
    """The one file of the project whose path ends in the name; None for none or several."""
    if name.startswith(("/", "-")) or ".." in name.split("/") or "," in name:
        return None
    found: list[str] = []
    seen = 0
    for place in ("cypress", "src", "e2e", "test", "tests"):
        for path in (root / place).rglob(Path(name).name) if (root / place).is_dir() else ():
            seen += 1
            relative = path.relative_to(root).as_posix()
            if "node_modules" not in path.parts and path.is_file() and f"/{relative}".endswith(f"/{name}"):
                found.append(relative)
            if seen > _MOST_FILES:
                return None
    return found[0] if len(found) == 1 else None
