"""The tests that a team knows to be flaky, from a file of theirs: one name a line as the framework names it, `*` for any text.

Read, never written. A failure of such tests alone is worth the second run that a plain test failure is not; the verdict
is the run's all the same: red stays red.
"""

from __future__ import annotations

import re
from pathlib import Path

from guard.frameworks import FRAMEWORKS
from guard.types import FailedTests, Outcome, Surroundings

_MOST_BYTES = 1 << 20


def all_known(file: Path, outcome: Outcome, surroundings: Surroundings) -> tuple[str, ...]:
    """The failed tests of the attempt if the file names each of them; () where it does not, or where they cannot be told."""
    ran = [framework for framework in FRAMEWORKS.values() if framework.ran(outcome, surroundings)]
    if len(ran) != 1:
        return ()
    tests = ran[0].failed(outcome, surroundings)
    if not isinstance(tests, FailedTests) or not tests.tests:
        return ()
    known = patterns(file)
    return tests.tests if all(any(one.fullmatch(name) for one in known) for name in tests.tests) else ()


def patterns(file: Path) -> tuple[re.Pattern[str], ...]:
    """The names of the file; () where it cannot be read. Lines that begin with `#` and empty ones say nothing."""
    try:
        with file.open("rb") as source:
            text = source.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ()
    names = (line.strip() for line in text.splitlines())
    return tuple(
        re.compile(".*".join(re.escape(part) for part in re.split(r"\*+", name)), re.DOTALL)
        for name in names
        if name and not name.startswith("#") and name.strip("*")
    )
