"""PHPUnit: the failed tests from its numbered list, run again by `--filter`."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from guard.frameworks.invocation import Invocation, find, program
from guard.frameworks.narrowing import how_started, narrowed, not_all_ran, refused
from guard.frameworks.options import chosen
from guard.frameworks.output import folder, lines, read
from guard.frameworks.verification import must_run, provable
from guard.types import Change, FailedTests, Outcome, Refusal, Surroundings

NAME = "phpunit"

# PHPUnit 9 to 12
_TOTAL = re.compile(r"^Tests: (\d+), Assertions: \d+(?:, [A-Z].*)?\.$")
_COUNT = re.compile(r"\b(Errors|Failures|Skipped|Incomplete): (\d+)")
_HEADING = re.compile(r"^There (?:was|were) (\d+) (error|failure|risky|skipped|incomplete|warning|notice|deprecation|PHPUnit|PHP)")
_ENTRY = re.compile(r"^(\d+)\) ([A-Za-z_\\][\w\\]*::\w+)((?: with data set (?:#\d+|\".*?\"))?)(?: \(.*)?$")
_OK = re.compile(r"^OK \((\d+) tests?, \d+ assertions?\)$")
_FLAGS: Final = frozenset(
    {"--colors", "--testdox", "--verbose", "-v", "--debug", "--no-coverage", "--no-logging", "--display-deprecations", "--display-warnings",
     "--display-notices", "--display-skipped", "--display-incomplete", "--no-progress", "--process-isolation", "--strict-coverage",
     "--fail-on-warning", "--fail-on-risky", "--fail-on-deprecation", "--fail-on-notice", "--do-not-cache-result"}
)  # fmt: skip
_VALUED: Final = frozenset(
    {"-c", "--configuration", "--bootstrap", "--testsuite", "--group", "--exclude-group", "--colors", "--order-by", "--random-order-seed",
     "--log-junit", "--log-teamcity", "--testdox-html", "--testdox-text", "--cache-directory", "-d", "--test-suffix", "--include-path"}
)  # fmt: skip
_STOPS = re.compile(r"\bstopOn\w+\s*=\s*[\"']true[\"']")
_SETTINGS: Final = ("phpunit.xml", "phpunit.xml.dist", "phpunit.dist.xml")


def ran(outcome: Outcome, surroundings: Surroundings) -> bool:
    """Whether the command is PHPUnit, or the log has its banner."""
    del surroundings
    found = find(outcome)
    if isinstance(found, Invocation) and program(_words(found)) in {"phpunit", "simple-phpunit"}:
        return True
    return any(re.match(r"^PHPUnit \d+\.\d+\.\d+ by Sebastian Bergmann", line) for line in lines(outcome))


def failed(outcome: Outcome, surroundings: Surroundings) -> FailedTests | Refusal:
    """The names in its lists of errors and failures, as many as its last line counts."""
    del surroundings
    printed = lines(outcome)
    reason = not_all_ran(outcome, (1, 2))
    totals = [(match, line) for line in printed if (match := _TOTAL.match(line))]
    if not reason and len(totals) != 1:
        reason = "PHPUnit printed no summary, or ran more than once"
    if reason:
        return refused(reason)
    counts = {name: int(number) for name, number in _COUNT.findall(totals[0][1])}
    if counts.get("Skipped"):
        # A test that depends on a failed one is skipped: it would not run again either.
        return refused("tests were skipped, perhaps because they depend on a failed one")
    names = _names(printed)
    if len(names) != counts.get("Errors", 0) + counts.get("Failures", 0) or len(set(names)) != len(names):
        return refused("PHPUnit's lists of errors and failures do not agree with its summary")
    return FailedTests(NAME, names, int(totals[0][0].group(1)), True, "log")


def rerun(tests: FailedTests, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal:
    """`--filter` with the anchored names, in which all but letters and digits is any one character."""
    del surroundings
    found = how_started(tests, outcome)
    if isinstance(found, Refusal):
        return found
    words = _words(found)
    if found.through or program(words) not in {"phpunit", "simple-phpunit"}:
        return refused("the command is not PHPUnit itself")
    told = chosen(words[1:], _FLAGS, _VALUED)
    if isinstance(told, str):
        return refused(f"PHPUnit's option {told} may leave tests out")
    options, _ = told
    named = next((value for name, value in pairwise(options) if name in ("-c", "--configuration")), "")
    for name in (named, *_SETTINGS):
        if name and _STOPS.search(read(folder(outcome) / name) or ""):
            return refused(f"{name} lets PHPUnit stop early")
    if any(not name.isascii() for name in tests.tests):
        return refused("a failed test has a name that --filter does not take")
    pattern = "/^(" + "|".join(re.sub(r"[^A-Za-z0-9 ]", ".", name) for name in tests.tests) + ")$/"
    return narrowed(tests, argv=found.with_words((*found.words, "--filter", pattern)))


def verified(change: Change, outcome: Outcome) -> bool:
    """Whether PHPUnit says OK for exactly as many tests as were promised."""
    if not provable(change, outcome):
        return False
    counts = [match.group(1) for line in lines(outcome) if (match := _OK.match(line))]
    return counts == [str(len(must_run(change)))]


def _words(found: Invocation) -> tuple[str, ...]:
    """PHPUnit's own words, also of `php vendor/bin/phpunit`."""
    words = found.words
    at = 1
    if program(words) == "php":
        while at + 1 < len(words) and words[at] == "-d":
            at += 2
        return words[at:]
    return words


def _names(printed: tuple[str, ...]) -> tuple[str, ...]:
    found: list[str] = []
    inside, wanted = "", 0
    for line in printed:
        if match := _HEADING.match(line):
            inside, wanted = match.group(2), 1
        elif inside in ("error", "failure") and (match := _ENTRY.match(line)) and int(match.group(1)) == wanted:
            found.append(match.group(2) + match.group(3))
            wanted += 1
    return tuple(found)
