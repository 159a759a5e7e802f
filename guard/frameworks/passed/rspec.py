"""RSpec: examples by their full descriptions, which stay where lines move; by the documentation format, JSON and JUnit's XML.

RSpec runs an example again by its place, which none of these formats names alike and which changes with every edit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from guard.frameworks.output import folder, read
from guard.frameworks.passed.reports import below, own_text, passed_cases
from guard.types import Outcome

_SUMMARY = re.compile(r"^(\d+) examples?, (\d+) failures?(?:, (\d+) pending)?")
_SECTIONS = ("Pending:", "Failures:", "Finished in ")
_MARK = re.compile(r" \((?:FAILED|PENDING)\b[^()]*(?:\([^()]*\)[^()]*)*\)$")
_INDENT = re.compile(r"^((?:  )*)(\S.*)$")
_FAILED = re.compile(r"^rspec [.'\"/].+? # (.+)$")
_MOST_STARTS = 50
_OPTION = re.compile(r"(?:--out|-o)[= ]?[\"']?([^\s\"';&|]+)")


def names(printed: tuple[str, ...], outcome: Outcome) -> Iterator[str]:
    """Full descriptions of examples that passed."""
    yield from _documented(printed)
    told = f"{' '.join(outcome.command.argv)} {outcome.command.env.get('SPEC_OPTS', '')} {read(folder(outcome) / '.rspec') or ''}"
    for report in below(outcome, _OPTION.findall(told)) if "rspec" in told or any(map(_SUMMARY.match, printed)) else ():
        yield from _json(report, outcome)
        yield from (one.get("name", "") for one in passed_cases(report, outcome))


def failures(printed: tuple[str, ...]) -> Iterator[str]:
    """Full descriptions below "Failed examples:"."""
    start = next((number for number, line in enumerate(printed) if line == "Failed examples:"), len(printed))
    yield from (match.group(1) for line in printed[start + 1 :] if (match := _FAILED.match(line)))


def _documented(printed: tuple[str, ...]) -> Iterator[str]:
    """Of the tree that `--format documentation` prints; nothing where it has not as many examples as the summary counts."""
    counts = [match for line in printed if (match := _SUMMARY.match(line))]
    end = next((at for at, line in enumerate(printed) if line.startswith(_SECTIONS)), 0)
    if len(counts) != 1 or not end:
        return
    total, marked = int(counts[0].group(1)), int(counts[0].group(2)) + int(counts[0].group(3) or 0)
    starts = [0, *(at + 1 for at, line in enumerate(printed[:end]) if not line.strip())]
    # What stands above the tree ends with an empty line.
    for start in starts[:_MOST_STARTS]:
        found = _examples(printed[start:end])
        if len(found) == total and sum(not passed for _, passed in found) == marked:
            yield from (name for name, passed in found if passed)
            return


def _examples(tree: Sequence[str]) -> list[tuple[str, bool]]:
    """(full description, passed) of the lines below which nothing stands."""
    rows = []
    for before, line in zip(["", *tree], tree, strict=False):
        match = _INDENT.match(line.rstrip())
        # An outermost group stands below an empty line; else it is what a test printed.
        if match and (match.group(1) or not before.strip()):
            rows.append((len(match.group(1)) // 2, match.group(2)))
    above: list[str] = []
    found = []
    for (level, text), (following, _) in zip(rows, [*rows[1:], (0, "")], strict=False):
        above[level:] = [text]
        if level and following <= level:
            bare = _MARK.sub("", text)
            found.append((" ".join((*above[:level], bare)), bare == text))
    return found


def _json(report: Path, outcome: Outcome) -> Iterator[str]:
    text = own_text(report, outcome)
    if text is None or not text.startswith("{"):
        return
    try:
        examples = json.loads(text)["examples"]
        yield from (one["full_description"] for one in examples if one["status"] == "passed" and isinstance(one["full_description"], str))
    except (ValueError, LookupError, TypeError, RecursionError):
        return
