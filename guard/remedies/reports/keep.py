"""Keeps the reports of a first run over a narrowed one, and leaves in their place what both runs proved."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from guard.frameworks.output import started
from guard.remedies.reports.merge import merged, readable
from guard.remedies.reports.written import fresh, is_junit
from guard.types import Outcome

_MOST_BYTES: Final = 64 << 20
"""Of all reports together: they are held in memory while the tests run again."""


def kept(paths: tuple[str, ...]) -> dict[str, str]:
    """Path -> text of the reports that can be read and merged, up to 64 MiB in all; one that is no UTF-8 is left out."""
    texts: dict[str, str] = {}
    left = _MOST_BYTES
    for path in paths:
        text = _read(Path(path), left)
        if text is None or not readable(text):
            continue
        left -= len(text)
        texts[path] = text
    return texts


def settle(first: Mapping[str, str], outcome: Outcome, proved: bool) -> str:
    """Put the first run's reports back with the narrowed run's results laid in. Returns a sentence for the user, or "".

    `proved`: the narrowed run failed, or is shown to have run what it had to. Else, and where its own reports cannot be read, the
    first run's stand again as they were: they have the failures that nothing has disproved.
    """
    if not first:
        return ""
    since = started(outcome)
    again = _again(first, since) if proved and since is not None else {}
    if proved and not again:
        # Nothing was written over, or what was cannot be told from the first: nothing is known better.
        return _put_back(first)
    both = merged(first, again) if proved else None
    if both is None:
        return _put_back(first)
    problem = ""
    for path, text in both.texts.items():
        problem = _write(Path(path), text) or problem
    if problem:
        return problem
    names = f"{len(first)} test reports" if len(first) > 1 else f"the test report {Path(next(iter(first))).name}"
    flaky = f", {both.flaky} marked flaky" if both.flaky else ""
    failing = f", {both.failing} failed again" if both.failing else ""
    return f"{names}: the first attempt's {both.tests} tests with what ran again laid in{flaky}{failing}"


def _again(first: Mapping[str, str], since: float) -> dict[str, str]:
    """The reports that the narrowed run wrote: over those of the first run, and in files of its own beside them."""
    found: dict[str, str] = {}
    for folder in sorted({Path(path).parent for path in first}):
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            continue
        for path in (folder / name for name in names if name.endswith(".xml")):
            if fresh(path, since) and is_junit(path):
                text = _read(path, _MOST_BYTES)
                if text is not None and text != first.get(str(path)):
                    found[str(path)] = text
    return found


def _put_back(first: Mapping[str, str]) -> str:
    """The first run's reports as they were, where they are no longer. Returns a problem, or ""."""
    problem = ""
    for name, text in first.items():
        path = Path(name)
        if _read(path, _MOST_BYTES) != text:
            problem = _write(path, text) or problem
    return problem


def _read(path: Path, most: int) -> str | None:
    """The text of a plain file of at most `most` bytes, line ends as they are; None where it is none, or no UTF-8."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    with os.fdopen(descriptor, "rb") as file:
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_size > most:
                return None
            return file.read().decode("utf-8")
        except (OSError, UnicodeDecodeError):
            return None


def _write(path: Path, text: str) -> str:
    """Replace the file as a whole, never through a link. Returns why it could not be, or ""."""
    why = f"the test report {path.name} of the first attempt could not be put back: "
    beside = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A folder of the way that the command exchanged for a link leads elsewhere.
        if os.path.realpath(path.parent) != str(path.parent):
            return f"{why}its folder is not what it was"
        mode = 0o644
        try:
            found = path.lstat()
            if not stat.S_ISREG(found.st_mode):
                return f"{why}a link or a folder stands there"
            mode = stat.S_IMODE(found.st_mode)
        except FileNotFoundError:
            pass
        descriptor, beside = tempfile.mkstemp(prefix=".pipeguard-", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(text.encode("utf-8"))
        Path(beside).replace(path)
    except OSError as error:
        if beside:
            Path(beside).unlink(missing_ok=True)
        return f"{why}{error.strerror or error}"
    return ""
