"""What a line is, apart from what it says: a passing test's own text, an assertion, quoted source, a retry.

A test named `test_disk_full`, an assertion on status 503 and a passing test that prints "connection refused" are
not causes.
"""

from __future__ import annotations

import re

from guard.diagnosis.lines import Log

# A test runner's line for a test that passed: pytest, unittest, go, TAP, jest/vitest/mocha, cargo, ctest, gtest.
_PASSED = re.compile(
    r"(?:\bPASSED\b|^\s*ok \d+\b|^\s*(?:✓|✔|√)\s|^--- PASS: |^\s*--- PASS: |\.\.\. ok$|^test .* \.\.\. ok\b"
    r"|\s+Passed\s+\d+\.\d+ sec|^\[\s+OK \] |^PASS\s|\bSUCCESS(?:FUL)?\b\s*$|^\s*\S+\s+\.{3,}\s*(?:ok|passed)\b)"
)
# Where a test begins to run or is named, without a verdict.
_NAMED = re.compile(r"^(?:=== (?:RUN|PAUSE|CONT)|\s*\[ RUN      \]|Running \S*[Tt]est\S*$|test \S+ \.\.\.)")
# The words of an assertion: what a test expected and got is the test's text.
_ASSERTION = re.compile(
    r"(?:^E\s+(?:(?:assert|AssertionError)\b|[-+?](?:\s|$)|\s+where\b)|\bassert(?:ion)?(?:Error|Failed\w*)?\b[^:]*(?:==|!=|:| in | is )"
    r"|(?<!\()\bexpect(?:ed)?\b.*\bto (?:be|equal|contain|match|have|throw)\b"
    # A download that is checked says what it expected too.
    r"|^(?!.*\b(?:checksum|hash|sha-?\d{1,3}|md5|digest|integrity|run failed to complete|crc\d*)\b).*(?<!\()\bexpect(?:ed)?\b.*\b(?:but (?:got|was|received)|received|actual|got)\b"
    r"|^\s*(?:Expected|Received|Actual|expected|actual|got|want|left|right)\s*(?:value)?[:=]"
    r"|^\s*(?:await )?expect\(|\bassert(?:Equals?|That|True|False|Raises|In|Contains)?\s*\()",
    re.IGNORECASE,
)
# A line of source code shown by a compiler, a linter, a traceback or a diff.
_SOURCE = re.compile(
    r"^(?:>\s{2,}\S|\s*\d+ \| |\s*\| |\s*-->\s|\s*File \"[^\"]+\", line \d+|\s+at [\w$.<>]+ ?\(|\+\+\+ |--- a/|@@ |[+-]\s{2,}\S"
    # Go's lists of errors begin with a tab and a star, which no comment does.
    r"|\s*(?:#|//|/\*).{10,}$|(?!\t\* )\s+\* .{10,}$)"
)
# A signature that asks for the mark at the line's beginning knows that its tool prints it: `#` of the JVM, `*` of Vault, `-->` of Cargo.
_ASKS_FOR_MARK = re.compile(r"\^(?:\\s[*+])?(?:#|-->|\\\*|\[\*)")
# A shell that shows the command it is about to run (`set -x`, runners' echo): not yet a result.
_ECHOED = re.compile(r"^(?:\++ |\$ |> (?=@?[\w./-]+@\d)|Run )\S")
_LINTER = re.compile(
    r"^\S+\.\w{1,6}:\d+(?::\d+)?:? +(?:[A-Z]{1,4}\d{2,5}\b|(?:warning|note|info|hint)\b)"
    # A link checker's list of links: that one could not be reached is its finding.
    r"|^\s*\d+\. \[L\d+\] |^\s*(?:[*-]\s+)?(?:External link|\[?[✖✗]\]?|\[(?:\d{3}|ERR\w*|ERROR|TIMEOUT)\]) https?://"
)
# Said while something is tried again.
_RETRYING = re.compile(
    r"(?i)\b(?:retry(?:ing)?|will (?:retry|try again)|trying again|attempt \d+ (?:of|/) ?\d+|backing off|re-?trying in|tries (?:remaining|left)|retries (?:remaining|left))\b"
    r"|(?i:\battempt (?:#?\d+|[a-z]+) failed\b)|\(try: ?\d+\)"  # npm, scripts; wget
)
_SAID_BELOW = 2
_WIDE = 600
# The two sides of an assertion, line against line: unittest, pytest, jest, mocha, RSpec.
_SIDE = re.compile(r"^\s*[-+?](?: |$)")
_SIDES_BEGIN = re.compile(r"Error: .* != |\bAssertion|\b[Ee]xpected\b|\bReceived\b|\bactual\b|\bDiff:|\+ actual|- expected|\bdiffer\b")
_MOST_SIDES = 60
_CAPTURED = re.compile(r"^-+ ?Captured (?:stdout|stderr|log)\b")
_SECTION = re.compile(r"^[=_-]{5,}|^={3,} ")


class Lines:
    """Answers about the lines of one log, each worked out once."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._own: dict[int, bool] = {}

    def is_tests_text(self, index: int) -> bool:
        """Whether the line is what a test prints, names or asserts rather than what befell the job."""
        answer = self._own.get(index)
        if answer is None:
            text = self._log.text(index)
            answer = self._own[index] = bool(
                _PASSED.search(text)
                or _NAMED.match(text)
                or _ASSERTION.search(text)
                or self._captured(index)
                or self._side(index)
            )
        return answer

    def is_quoted(self, index: int, pattern: str = "") -> bool:
        """Whether the line shows source code, a linter's finding or a command that is only echoed; `pattern`: what found it."""
        text = self._log.text(index)
        if _LINTER.match(text) or _ECHOED.match(text):
            return True
        return bool(_SOURCE.match(text)) and not (text.lstrip()[:1] in ("#", "*", "-") and _ASKS_FOR_MARK.search(pattern))

    def is_retried(self, index: int) -> bool:
        """Whether the line itself, or one right below it, says that it will be tried again."""
        last = min(index + _SAID_BELOW + 1, len(self._log))
        return any(_RETRYING.search(self._log.text(at)[:_WIDE]) is not None for at in range(index, last))

    def _side(self, index: int) -> bool:
        """Whether the line is one side of what an assertion compared."""
        if not _SIDE.match(self._log.text(index)):
            return False
        for other in range(index - 1, max(index - _MOST_SIDES, -1), -1):
            text = self._log.text(other)
            if _SIDES_BEGIN.search(text):
                return True
            if text.strip() and not _SIDE.match(text) and not text.startswith(" "):
                return False
        return False

    def _captured(self, index: int) -> bool:
        """Whether pytest shows here what a test printed."""
        for other in range(index - 1, max(index - 60, -1), -1):
            text = self._log.text(other)
            if _CAPTURED.match(text):
                return True
            if _SECTION.match(text):
                return False
        return False
