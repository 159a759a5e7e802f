"""CTest: the failed tests from `LastTestsFailed.log`, run again by its own `--rerun-failed`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from guard.frameworks.invocation import Invocation, find, program
from guard.frameworks.narrowing import how_started, narrowed, not_all_ran, refused
from guard.frameworks.output import folder, lines, read
from guard.frameworks.verification import must_run, provable
from guard.types import Change, FailedTests, Outcome, Refusal, Surroundings

NAME = "ctest"

_SUMMARY = re.compile(r"^(\d+)% tests passed, (\d+) tests? failed out of (\d+)$")
_ENTRY = re.compile(r"^\s+(\d+) - (.+?) \(([^()]+)\)(?: +[\w .-]+)?$")
_PASSED = re.compile(r"^ *\d+/\d+ Test +#(\d+): (.+?) \.+ +Passed +[\d.]+ sec$")
# Each test that came to its end: "3/7 Test #5: name ...".
_DONE = re.compile(r"^ *(\d+)/(\d+) Test +#\d+: ")
_PROJECT = re.compile(r"^Test project (.+)$")
_OPTIONS: Mapping[str, str] = {
    "--stop-on-failure": "stops at the first failure",
    "--rerun-failed": "ran only the tests that failed before",
    "-N": "runs no test",
    "--show-only": "runs no test",
    "-S": "runs a dashboard script",
    "--script": "runs a dashboard script",
    "-D": "runs a dashboard",
    "--dashboard": "runs a dashboard",
    "-T": "runs a dashboard step",
    "--test-action": "runs a dashboard step",
    "-M": "runs a dashboard",
    "--stop-time": "stops at a time of day",
    "-Q": "prints nothing",
    "--quiet": "prints nothing",
    "--build-and-test": "builds as well",
    "--no-tests": "says itself what no tests mean",
}


def ran(outcome: Outcome, surroundings: Surroundings) -> bool:
    """Whether the command is CTest, or the log has its summary."""
    del surroundings
    found = find(outcome)
    if isinstance(found, Invocation) and program(found.words) == "ctest":
        return True
    return any(_SUMMARY.match(line) for line in lines(outcome))


def failed(outcome: Outcome, surroundings: Surroundings) -> FailedTests | Refusal:
    """The entries (`number:name`) of the record, if they are exactly what the summary names."""
    found = find(outcome)
    behind_make = isinstance(found, Invocation) and found.through == "make"
    # CTest ends with 8 when tests failed.
    reason = not_all_ran(outcome, (2,) if behind_make else (8,))
    printed = lines(outcome)
    if (
        not reason
        and behind_make
        and not any(re.match(r"^g?make(\[\d+\])?: \*\*\* \[.*\] Error 8$", line) for line in printed)
    ):
        reason = "make does not say that CTest ended with 8"
    summaries = [match for line in printed if (match := _SUMMARY.match(line))]
    if not reason and len(summaries) != 1:
        reason = "CTest printed no summary" if not summaries else "CTest ran more than once"
    if reason:
        return refused(reason)
    count, total = int(summaries[0].group(2)), int(summaries[0].group(3))
    done = [int(match.group(2)) for line in printed if (match := _DONE.match(line))]
    if len(done) != total or set(done) != {total}:
        # A preset can stop at the first failure too.
        return refused("CTest did not come to the end of its list")
    named = _named(printed)
    if len(named) != count:
        return refused("CTest's list of failures does not agree with its summary")
    if any(why == "Not Run" for why in named.values()):
        return refused("a test could not be run at all")
    for place in _places(outcome, surroundings, printed):
        text = read(place / "Testing" / "Temporary" / "LastTestsFailed.log")
        if text is not None and set(text.splitlines()) == set(named):
            return FailedTests(NAME, tuple(text.splitlines()), total, True, "report")
    return refused("CTest's record of failures is not there or does not agree with its summary")


def rerun(tests: FailedTests, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal:
    """CTest's own `--rerun-failed`; in a Makefile that CMake wrote, as ARGS."""
    del surroundings
    found = how_started(tests, outcome)
    if isinstance(found, Refusal):
        return found
    if _generated(found):
        if any(word.startswith("ARGS=") for word in found.argv) or outcome.command.env.get("ARGS"):
            return refused("the command sets ARGS itself")
        if found.script_at is not None:
            return refused("make stands inside a script")
        return narrowed(tests, argv=(*found.argv, "ARGS=--rerun-failed"))
    if found.through or program(found.words) != "ctest":
        return refused("the command is not CTest itself")
    for word in found.words[1:]:
        name = word.partition("=")[0]
        if name in _OPTIONS:
            return refused(f"CTest {_OPTIONS[name]}")
    return narrowed(tests, argv=found.with_words((found.words[0], "--rerun-failed", *found.words[1:])))


def verified(change: Change, outcome: Outcome) -> bool:
    """Whether each promised test has its Passed line and the one summary counts no failure."""
    if not provable(change, outcome):
        return False
    printed = lines(outcome)
    summaries = [match for line in printed if (match := _SUMMARY.match(line))]
    passed = {f"{match.group(1)}:{match.group(2)}" for line in printed if (match := _PASSED.match(line))}
    return len(summaries) == 1 and summaries[0].group(2) == "0" and set(must_run(change)) <= passed


def _generated(found: Invocation) -> bool:
    """Whether this is `make test` on a Makefile of CMake, whose target hands ARGS to CTest."""
    return (
        found.through == "make"
        and found.text.startswith("# CMAKE generated file")
        and [word for word in found.argv if word in {"test", "check"}] == ["test"]
    )


def _named(printed: tuple[str, ...]) -> dict[str, str]:
    """`number:name` -> why, of the list below "The following tests FAILED:"."""
    found: dict[str, str] = {}
    inside = False
    for line in printed:
        if line.strip() == "The following tests FAILED:":
            inside = True
        elif inside and (match := _ENTRY.match(line)):
            found[f"{match.group(1)}:{match.group(2)}"] = match.group(3)
        elif inside and line.strip():
            inside = False
    return found


def _places(outcome: Outcome, surroundings: Surroundings, printed: tuple[str, ...]) -> list[Path]:
    """Where the build tree may be: where the command ran, or the one that CTest names, below the workspace."""
    places = [folder(outcome)]
    workspace = Path(surroundings.workspace).absolute()
    for line in printed:
        match = _PROJECT.match(line)
        if match:
            place = Path(match.group(1))
            if place.is_absolute() and {folder(outcome), workspace} & {place, *place.parents}:
                places.append(place)
    return places
