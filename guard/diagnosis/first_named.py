"""A line that only counts what failed → the line that names the first of what it counts: what a person scrolls up to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from guard.diagnosis.lines import Log
from guard.types import LABELS

_BACK_BYTES = 2 << 20
_MOST_LINES = 10_000
_WIDE = 600
"""Characters of a line that are looked at: titles are shorter, and a hostile line costs no more."""
_AHEAD_LINES = 60
"""Some frameworks print their totals first and what failed below them."""
_HEADING_LINES = 4
_BLOCK_LINES = 60
"""Lines without a finding after which a compiler's or a linter's report is another one."""
_REPORT_LINES = 2000


@dataclass(frozen=True)
class _Opener:
    """How the report of one test that failed begins."""

    words: bytes
    """A pattern for what must stand in the raw line."""
    pattern: re.Pattern[str]
    """A pattern for the cleaned line."""
    below: re.Pattern[str] | None = None
    """What one of the few lines above must say, where the line itself could be anybody's."""


_LISTED = re.compile(
    r"(?i)^\s*(?:\d+ (?:failing|failed|failures?|errors?)\b|there (?:was|were) \d+ (?:failures?|errors?)|(?:failures|errors|failed examples):?\s*$"
    r"|failed tests?:?\s*$|finished in [\d.]+)"
)
_OPENERS = tuple(
    _Opener(words, re.compile(pattern), below)
    for words, pattern, below in (
        (rb"--- FAIL: ", r"^\s*--- FAIL: \S", None),  # go test
        (rb"1\) ", r"^\s*1\) \S", _LISTED),  # mocha, PHPUnit, RSpec, Minitest, ExUnit, Jasmine, Playwright
        (rb"1\) ", r"^\s*1\) (?:\[[\w -]+\] › |Failure:|Error:|Failed : |Error : |test .* \()", None),
        (rb"\xe2\x97\x8f ", r"^\s*● (?!Console|Test suite failed to run\s*$)\S", None),  # jest
        (rb"\xe2\x97\x8f ", r"^\s*● Test suite failed to run", None),
        (rb"FAIL ", r"^\s*FAIL\s+(?:\|[\w-]+\| )?\S+\.\w+ > \S", None),  # vitest
        (rb"\xe2\x9c[\x96\x97\x98]|\xe2\xa8\xaf|\xc3\x97", r"^\s*[✖✗✘⨯×] (?!\d+ (?:tests?|problems?|failing)|failing tests)\S", None),
        (rb"not ok \d", r"^\s*not ok \d+(?!.*# (?:TODO|SKIP))", None),  # TAP
        (rb"____ ", r"^_{3,} \S.* _{3,}$", None),  # pytest
        (rb"FAILED |ERROR ", r"^(?:FAILED|ERROR) \S+::", None),
        (rb"FAIL: |ERROR: ", r"^(?:FAIL|ERROR): \w+ \(\S+\)", None),  # unittest
        (rb"<<< (?:FAILURE|ERROR)!", r"<<< (?:FAILURE|ERROR)!", None),  # Surefire
        (rb" FAILED", r"^(?=\S[^>]* > ).* FAILED$", None),  # Gradle
        (rb": Failure", r"^\S.*:\d+: Failure$", None),  # GoogleTest
        (rb"  FAILED  ", r"^\[  FAILED  \] \S+\.\S", None),
        (rb"\*\*\*", r"^\s*\d+/\d+ Test\s+#\d+: .*\*\*\*(?:Failed|Exception|Timeout|Not Run)", None),  # CTest
        (rb"FAILED", r"\bFAILED:$|\*\*\* FAILED \*\*\*|^(?=[^)]*\) ).* FAILED$", None),  # Catch2, ScalaTest, Karma
        (rb" stdout ----", r"^---- \S+ stdout ----", None),  # cargo
        (rb"Failed |\[FAIL\]", r"^\s*Failed [\w.]+(?:\(.*\))?(?: \[[<\d].*\])?$|\[FAIL\]", None),  # dotnet test, xUnit, Ginkgo
        (rb"-\[|Test Case ", r"error: -\[\S+ \S+\] : |^Test Case '.*' failed", None),  # XCTest
        (rb"FAIL", r"^\s+\S.*:\s+FAIL(?: \(.*\))?$", None),  # tasty
        (rb"FAILED \[|\*failed\*|failed on line ", r"FAILED \[\d+\]|\*failed\*|^\S+ failed on line \d+", None),  # Hspec, EUnit, Common Test
        (rb"Failure|Error", r"^\s*(?:-- |── )(?:\d+\. )?(?:Failure|Error)(?: \(|: )\S|^(?:\d+\. )?(?:Failure|Error)(?: \(|: ).*(?:@\S{1,100}#\d+|\S{1,100}\.[Rr]:\d+)", None),  # testthat
        (rb"Failed test", r"^\s*#\s+Failed test\b", None),  # Test::More
        (rb" in \(", r"^(?:FAIL|ERROR) in \(", None),  # clojure.test
        (rb"==== ", r"^==== \S.* FAILED\s*$", None),  # tcltest
        (rb":[FE]:", r"^\S+:\d+:[FE]:\S.*:\d+: ", None),  # Check
        (rb"FAILURE", r"^FAILURE$", None),  # rackunit
        (rb"ASSERT:", r"^ASSERT:", None),  # shUnit2
        (rb": FAIL ", r"^\S+:\d+: FAIL \S", None),  # SRFI 64
        (rb"unittest\]|AssertError@", r"^\S+\(\d+\): \[unittest\] |core\.exception\.\w+@\S", None),  # D
        (rb"ERROR: ", r"^\S+\.\w+(?::\d+|\(\d+\)): (?:FATAL )?ERROR: ", None),  # doctest for C++
        (rb"Test Failed at|Error During Test at", r"Test Failed at|Error During Test at", None),  # Julia
        (rb"Failure |Error |Failure: |Error: ", r"^(?:Failure|Error) (?:→|->) |^(?:Failure|Error): test\w*\(", None),  # busted, test-unit
        (rb"\| FAIL \|", r"\| FAIL \|", None),  # Robot Framework
        (rb"\(fail\) ", r"^\(fail\) \S", None),  # bun
        (rb"error: in ", r"error: in \"", None),  # Boost.Test
        (rb"\xe2\x80\xa2 Failure", r"^• Failure", None),  # Ginkgo
    )
)
_ANYONES = re.compile(
    # Where no framework of the list spoke: `FAIL: name`, `name ... FAILED`, `[ FAIL ] name`.
    r"^\s*(?:\[\s*)?(?:FAIL|FAILED|FAILURE)\b(?:\s*\])?[:!]?\s+(?=\S{0,200}[A-Za-z_])\S{1,200}\s*(?:\(.{0,60}\)|\[.{0,60}\])?$"
    r"|^(?!Result: )\s*\S.{1,200}?(?:\.{2,80}|:|\s-|\s)\s{0,80}(?:\[\s*)?(?:FAIL|FAILED|FAILURE|NOT OK)\b(?:\s*\])?!?\s*(?:\(.{0,60}\))?$"
)
_ANYONES_BYTES = re.compile(rb"FAIL|NOT OK")
_GO = re.compile(r"^\s*--- FAIL: (\S+)")
_OPENING_BYTES = re.compile(rb"|".join(rb"(?:" + one.words + rb")" for one in _OPENERS))

_FINDING = re.compile(
    r"^\s*(?:\[\w+\]\s+)*(?:ERROR in )?(?:[A-Za-z]:)?[^\s:()\[\]{}'\"]*[^\s:()\[\]{}'\".]\.\w{1,12}(?::\d+(?::\d+)?(?:-\d+)?:?\s|\(\d+(?:,\d+)?\)\s*:|:\[\d+,\d+\])\s*\S"
    r"|^\s+\d+:\d+\s+(?:error|warning)\s|^error(?:\[E\d+\])?: |^\s*-->\s"
)
_MESSAGE_LINES = 15
_MESSAGE = re.compile(
    r"^\s*(?!Error: Test failures)(?:E  +\S|operator: |message: |expected|actual|got\b|want\b|Expected|Actual|Received|Failed asserting|Error:|error:|Error Trace:|FAILED|"
    r"thread '.*' panicked|--- \S|panic: |assertion|(?:[\w.]+\.)?\w*(?:Error|Exception|Failure)\b)|_test\.go:\d+: "
)
_GRAVE = re.compile(r"(?i)\berror\b|\bfatal\b|\[E\d+\]")


def first_named(label: str, index: int, log: Log) -> int | None:
    """The line (by index) that names the first test, or the first place in the code, that the line at `index` only counts.

    None where the line names it itself or nothing better stands there.
    """
    family = LABELS[label]
    if family == "tests":
        return _first_test(index, log)
    if family == "code":
        return _first_finding(index, log)
    return None


def _first_test(index: int, log: Log) -> int | None:
    first = parent = None
    for at in _candidates(_OPENING_BYTES, index, log):
        if parent is not None:
            inner = _GO.match(log.text(at))
            if inner is None or not inner.group(1).startswith(parent + "/"):
                break
        elif not opens(at, log):
            continue
        first = at
        outer = _GO.match(log.text(at))
        if outer is None:
            break
        parent = outer.group(1)
    if first is None:
        first = next((at for at in _candidates(_ANYONES_BYTES, index, log) if _ANYONES.search(log.text(at)[:_WIDE])), None)
    return first if first != index else None


def _candidates(words: re.Pattern[bytes], index: int, log: Log) -> Iterator[int]:
    """Lines that may open a report: from before the totals in order, then from behind them."""
    begin = max(log.starts[index] - _BACK_BYTES, 0)
    ahead = min(index + _AHEAD_LINES, len(log) - 1)
    end = log.starts[ahead + 1] if ahead + 1 < len(log) else len(log.data)
    last, seen = -1, 0
    for match in words.finditer(log.data, begin, end):
        at = log.index_of(match.start())
        if at != last:
            last, seen = at, seen + 1
            if seen > _MOST_LINES:
                return
            yield at


def opens(at: int, log: Log) -> bool:
    """Whether a line opens a framework's report of one test that failed."""
    text = log.text(at)[:_WIDE]
    for one in _OPENERS:
        if one.pattern.search(text) and (one.below is None or _headed(at, one.below, log)):
            return True
    return False


def _headed(at: int, heading: re.Pattern[str], log: Log) -> bool:
    return any(heading.search(log.text(above)) for above in range(max(at - _HEADING_LINES, 0), at))


def _first_finding(index: int, log: Log) -> int | None:
    if _FINDING.search(log.text(index)[:_WIDE]):
        return None
    first = grave = None
    gap = 0
    for at in range(index - 1, max(index - _REPORT_LINES, -1), -1):
        text = log.text(at)[:_WIDE]
        if _FINDING.search(text):
            gap = 0
            first = at
            if _GRAVE.search(text):
                grave = at
            continue
        gap += 1
        if gap > _BLOCK_LINES:
            break
    return grave if grave is not None else first


def message(index: int, log: Log) -> int | None:
    """The line below one that names a failed test which says what was wrong with it; None where there is none."""
    first = None
    for at in range(index + 1, min(index + 1 + _MESSAGE_LINES, len(log))):
        text = log.text(at)[:_WIDE]
        if opens(at, log):
            break
        if _MESSAGE.search(text):
            return at
        if first is None and len(text.strip()) > 3:
            first = at
    return first
