"""Jest, Vitest and Cypress: the test files that passed, by which they run tests again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from guard.frameworks import cypress as spec_table
from guard.frameworks import jest as jest_files
from guard.frameworks import vitest as vitest_lines
from guard.frameworks.output import folder
from guard.types import Outcome

_MOST_FILES = 2_000


def jest(printed: tuple[str, ...], outcome: Outcome) -> Iterable[str]:
    """Files by their lines `PASS src/a.test.js`."""
    if not any("PASS " in line for line in printed):
        return ()
    root = folder(outcome)
    return (name for name in jest_files.files(printed, "PASS")[:_MOST_FILES] if (root / name).is_file())


def vitest(printed: tuple[str, ...], outcome: Outcome) -> Iterator[str]:
    """Files with a mark of success, none of whose tests failed."""
    root = folder(outcome)
    names = dict.fromkeys(match.group(1) for line in printed if "✓" in line and (match := vitest_lines.PASS_LINE.match(line)))
    failed = {match.group(1) for line in printed if "FAIL" in line and (match := vitest_lines.FAIL_LINE.match(line))}
    yield from (name for name in [*names][:_MOST_FILES] if name not in failed and (root / name).is_file())


def cypress(printed: tuple[str, ...], outcome: Outcome) -> Iterable[str]:
    """Spec files with a mark of success in the closing table."""
    return spec_table.files(printed, folder(outcome), "✔")
