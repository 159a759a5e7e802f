"""JUnit's XML that an attempt wrote → its test cases; the place as the tool was told or says, never followed out of the folder."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET  # the build's own reports, of bounded size
from collections.abc import Iterable
from pathlib import Path

from guard.frameworks.output import folder, read, started, written_since
from guard.types import Outcome

_LARGEST = 8 << 20
_MOST = 20


def own_text(report: Path, outcome: Outcome) -> str | None:
    """The text of a report below the folder in which the command ran, written by this attempt; None otherwise."""
    place = Path(os.path.realpath(report))
    if Path(os.path.realpath(folder(outcome))) not in place.parents or not written_since(place, started(outcome)):
        return None
    return read(place) if place.stat().st_size <= _LARGEST else None


def passed_cases(report: Path, outcome: Outcome) -> list[ET.Element]:
    """The `testcase` elements that neither failed nor were left out, each with the `hostname` of its suite.

    None of what is no report of this attempt.
    """
    text = own_text(report, outcome)
    # A document type is in no such report; without one no entity can be declared.
    if text is None or "<!DOCTYPE" in text or "<!ENTITY" in text:
        return []
    try:
        root = ET.fromstring(text)
    except (ET.ParseError, ValueError):
        return []
    for suite in root.iter("testsuite"):
        for one in suite.findall("testcase"):
            one.attrib.setdefault("hostname", suite.get("hostname", ""))
    return [one for one in root.iter("testcase") if not any(child.tag in ("failure", "error", "skipped") for child in one)]


def below(outcome: Outcome, names: Iterable[str]) -> list[Path]:
    """The paths that these names mean where the command ran, each once."""
    return [folder(outcome) / name for name in dict.fromkeys(list(names)[:_MOST]) if name]
