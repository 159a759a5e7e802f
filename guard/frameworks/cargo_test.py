"""cargo test: the failed tests target by target, run again by exact name; only after `--no-fail-fast`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from guard.frameworks import nextest
from guard.frameworks.invocation import Invocation, find, program
from guard.frameworks.narrowing import how_started, narrowed, not_all_ran, refused
from guard.frameworks.output import lines
from guard.frameworks.verification import must_run, provable
from guard.types import Change, FailedTests, Outcome, Refusal, Surroundings

NAME = "cargo_test"

# libtest prints these on stdout, one block a target; cargo's own "Running" lines go to stderr.
_BLOCK = re.compile(r"^running (\d+) tests?$")
_LINE = re.compile(
    r"^test (.+?)(?: - should panic| - compile(?: fail)?)? \.\.\. (ok|FAILED|ignored(?:, .*)?)$"
)
_RESULT = re.compile(
    r"^test result: (ok|FAILED)\. (\d+) passed; (\d+) failed; (\d+) ignored; (\d+) measured; (\d+) filtered out(?:; .*)?$"
)
_TARGETS = re.compile(r"^error: (\d+) targets? failed:$")
_BROKEN = re.compile(
    r"^error: could not compile|^error\[E\d+\]|^\s*process didn't exit successfully: .*\(signal: |panicked while (?:processing|panicking)"
    r"|fatal runtime error"
)
_OPTIONS: Mapping[str, str] = {
    "--no-run": "runs no test",
    "--fail-fast": "stops at the first failure",
}
_HARNESS: Mapping[str, str] = {
    "--list": "runs no test",
    "--skip": "leaves tests out by name",
    "--bench": "runs benchmarks",
    "--format": "prints in a form that guard cannot read",
    "-q": "prints in a form that guard cannot read",
    "--quiet": "prints in a form that guard cannot read",
    "--fail-fast": "stops at the first failure",
}


def ran(outcome: Outcome, surroundings: Surroundings) -> bool:
    """Whether the command is `cargo test`, or the log has the results of a test target."""
    del surroundings
    found = find(outcome)
    if isinstance(found, Invocation) and _at(found) is not None:
        return True
    printed = lines(outcome)
    # nextest prints each failed test's own output, in which libtest speaks as well.
    return any(_RESULT.match(line) for line in printed) and not any(nextest.SUMMARY.match(line) for line in printed)


def failed(outcome: Outcome, surroundings: Surroundings) -> FailedTests | Refusal:
    """The names that libtest marks FAILED, as many as its results count; it keeps no record itself."""
    del surroundings
    reason = not_all_ran(outcome, (101,))
    found = find(outcome)
    if not reason and (isinstance(found, str) or "--no-fail-fast" not in found.words):
        # Without it cargo leaves out every target behind the first that failed.
        reason = "without --no-fail-fast cargo leaves out the targets behind a failed one"
    printed = lines(outcome)
    if not reason and any(_BROKEN.search(line) for line in printed):
        reason = "a test target could not be built, or crashed"
    if reason:
        return refused(reason)
    blocks = _blocks(printed)
    if isinstance(blocks, str):
        return refused(blocks)
    names = [name for block in blocks for name, verdict in block if verdict == "FAILED"]
    bad_blocks = sum(any(verdict == "FAILED" for _, verdict in block) for block in blocks)
    if not names:
        return refused("cargo test does not name the failed tests")
    counted = [int(match.group(1)) for line in printed if (match := _TARGETS.match(line))]
    if sum(counted) != bad_blocks or len(counted) != 1:
        return refused("cargo's count of failed targets does not agree with their results")
    total = sum(len(block) for block in blocks)
    return FailedTests(NAME, tuple(names), total, True, "log")


def rerun(tests: FailedTests, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal:
    """The names behind `-- --exact`, each one word."""
    del surroundings
    found = how_started(tests, outcome)
    if isinstance(found, Refusal):
        return found
    at = _at(found)
    if at is None or found.through:
        return refused("the command is not `cargo test` itself")
    words = found.words[at:]
    split = words.index("--") if "--" in words else len(words)
    own, harness = words[:split], words[split + 1 :]
    for word in own:
        if word.partition("=")[0] in _OPTIONS:
            return refused(f"cargo test {_OPTIONS[word.partition('=')[0]]}")
    for word in harness:
        if word.partition("=")[0] in _HARNESS:
            return refused(f"cargo test {_HARNESS[word.partition('=')[0]]}")
        if not word.startswith("-") and not re.match(r"^\d+$", word):
            return refused("cargo test chooses tests by name already")
    if any(name.startswith("-") for name in tests.tests):
        return refused("a failed test has a name that could be taken for an option")
    if any(re.search(r"\s", name) for name in tests.tests):
        # cargo hands the words on to rustdoc in one string, which is split at spaces.
        return refused("a doc test cannot be chosen by its name")
    names = tuple(dict.fromkeys(tests.tests))
    if "--exact" in harness:
        return refused("cargo test chooses tests by name already")
    return narrowed(
        tests, argv=found.with_words((*found.words[:at], *own, "--", *harness, "--exact", *names))
    )


def verified(change: Change, outcome: Outcome) -> bool:
    """Whether each promised name is seen `ok` at least as often as it had failed, and no target failed."""
    if not provable(change, outcome):
        return False
    blocks = _blocks(lines(outcome))
    if isinstance(blocks, str):
        return False
    passed = [name for block in blocks for name, verdict in block if verdict == "ok"]
    if any(verdict == "FAILED" for block in blocks for _, verdict in block):
        return False
    wanted = must_run(change)
    return all(passed.count(name) >= wanted.count(name) for name in wanted)


def _at(found: Invocation) -> int | None:
    """Where the arguments of `cargo test` begin."""
    words = found.words
    at = 2 if len(words) > 1 and words[1].startswith("+") else 1
    if program(words) == "cargo" and words[at : at + 1] in {("test",), ("t",)}:
        return at + 1
    return None


def _blocks(printed: tuple[str, ...]) -> list[list[tuple[str, str]]] | str:
    """(name, verdict) of each test of each target; a sentence where lines and counts do not agree.

    Output of a test may stand inside a line, so the list at the end of a block has to bear it out.
    """
    blocks: list[list[tuple[str, str]]] = []
    current: list[tuple[str, str]] | None = None
    announced = 0
    listing = False
    for line in printed:
        if match := _BLOCK.match(line):
            if current is not None:
                return "a test target did not come to its end"
            current, announced, listing = [], int(match.group(1)), True
        elif line in {"failures:", "successes:"}:
            # What the tests themselves printed follows.
            listing = False
        elif current is not None and listing and (match := _LINE.match(line)):
            current.append((match.group(1), match.group(2).partition(",")[0]))
        elif match := _RESULT.match(line):
            counts = [int(match.group(number)) for number in range(2, 5)]
            verdicts = [verdict for _, verdict in current or ()]
            seen = [verdicts.count(word) for word in ("ok", "FAILED", "ignored")]
            if current is None or seen != counts or sum(seen) != announced:
                return "the results of a test target do not agree with its lines"
            blocks.append(current)
            current = None
    if current is not None or not blocks:
        return "a test target did not come to its end"
    return blocks
