"""RSpec: the failed examples from its own list of commands, run again by their locations."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Final

from guard.frameworks.invocation import Invocation, find, program
from guard.frameworks.narrowing import how_started, narrowed, not_all_ran, refused
from guard.frameworks.options import chosen
from guard.frameworks.output import folder, lines, read
from guard.frameworks.verification import must_run, provable
from guard.types import Change, FailedTests, Outcome, Refusal, Surroundings

NAME = "rspec"

_SUMMARY = re.compile(r"^(\d+) examples?, (\d+) failures?(?:, (\d+) pending)?(?:, (\d+) errors? occurred outside of examples)?$")
# "rspec ./spec/a_spec.rb:2 # outer flaky"; by id where several examples stand in that line.
_ENTRY = re.compile(r"^rspec (?=[.'\"/])(.+?) # ")
_PLACE = re.compile(r"^\./[^\x00-\x1f:\[\]]+\.rb(?::\d+|\[\d+(?::\d+)*\])$")
_FLAGS: Final = frozenset(
    {"-c", "--color", "--colour", "--force-color", "--no-color", "-w", "--warnings", "-b", "--backtrace", "--no-profile", "-p", "--profile"}
)
_VALUED: Final = frozenset({"-I", "-r", "--require", "--order", "--seed", "-f", "--format", "-o", "--out", "--deprecation-out", "--default-path"})
_STOPS = re.compile(r"\bfail_fast\b|--fail-fast|--only-failures|--next-failure|--tag\b|--example\b|failure_exit_code|--failure-exit-code|--dry-run")
_SETTINGS: Final = (".rspec", ".rspec-local", "spec/spec_helper.rb", "spec/rails_helper.rb")


def ran(outcome: Outcome, surroundings: Surroundings) -> bool:
    """Whether the command is RSpec, or the log has its summary."""
    del surroundings
    found = find(outcome)
    if isinstance(found, Invocation) and program(found.words) == "rspec":
        return True
    return any(_SUMMARY.match(line) for line in lines(outcome))


def failed(outcome: Outcome, surroundings: Surroundings) -> FailedTests | Refusal:
    """The locations below "Failed examples:", as many as the summary counts; all in files that are here."""
    del surroundings
    printed = lines(outcome)
    reason = not_all_ran(outcome, (1,))
    counts = [match for line in printed if (match := _SUMMARY.match(line))]
    if not reason and len(counts) != 1:
        reason = "RSpec printed no summary, or ran more than once"
    if not reason and counts[0].group(4):
        reason = "an error occurred outside of the examples: RSpec left some out"
    if reason:
        return refused(reason)
    total, bad = int(counts[0].group(1)), int(counts[0].group(2))
    places = _places(printed)
    root = folder(outcome)
    if len(places) != bad or len(set(places)) != bad:
        return refused("RSpec's list of failures does not agree with its summary")
    if not all(_PLACE.match(place) and (root / re.split(r"[:\[]", place)[0]).is_file() for place in places):
        return refused("a failed example has a location that cannot be chosen here")
    return FailedTests(NAME, places, total, True, "log")


def rerun(tests: FailedTests, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal:
    """The locations instead of the files that the user named."""
    del surroundings
    found = how_started(tests, outcome)
    if isinstance(found, Refusal):
        return found
    if found.through or program(found.words) != "rspec":
        return refused("the command is not RSpec itself")
    told = chosen(found.words[1:], _FLAGS, _VALUED)
    if isinstance(told, str):
        return refused(f"RSpec's option {told} may leave examples out")
    options, files = told
    if any(re.search(r":\d+$|\[[\d:,]+\]$", name) for name in files):
        return refused("RSpec was told to choose examples already")
    for name in (*_SETTINGS, str(Path(outcome.command.env.get("HOME", "/nonexistent")) / ".rspec")):
        if _STOPS.search(read(folder(outcome) / name) or ""):
            return refused(f"{name} lets RSpec leave examples out")
    if outcome.command.env.get("SPEC_OPTS"):
        return refused("SPEC_OPTS may let RSpec leave examples out")
    return narrowed(tests, "example", argv=found.with_words((found.words[0], *options, *tests.tests)))


def verified(change: Change, outcome: Outcome) -> bool:
    """Whether RSpec counts exactly as many examples as were promised, none failed or pending."""
    if not provable(change, outcome):
        return False
    counts = [match for line in lines(outcome) if (match := _SUMMARY.match(line))]
    return len(counts) == 1 and counts[0].groups() == (str(len(must_run(change))), "0", None, None)


def _places(printed: tuple[str, ...]) -> tuple[str, ...]:
    found = []
    start = next((number for number, line in enumerate(printed) if line == "Failed examples:"), len(printed))
    for line in printed[start + 1 :]:
        if match := _ENTRY.match(line):
            try:
                words = shlex.split(match.group(1))
            except ValueError:
                words = []
            found.append(words[0] if len(words) == 1 else "")
    return tuple(found)
