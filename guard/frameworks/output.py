"""Turns what an attempt printed into plain lines: no colours, no redrawn text; and reads a run's own reports."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

from guard.types import LogWindow, Outcome

_ESCAPES = re.compile(r"\x1b(?:\[[0-9;:?]*[ -/]*[@-~]|\][^\x07\x1b]{0,2000}(?:\x07|\x1b\\)|[@-_])")
_LONGEST_LINE = 16 * 1024
_MOST_BYTES = 64 * 1024 * 1024


def lines(outcome: Outcome) -> tuple[str, ...]:
    """The printed lines, decoded leniently; of a line that was redrawn (CR), what stood last.

    Each is cut at 16 KiB: no line that a framework is judged by is longer, and a pattern stays quick.
    """
    return _lines(outcome.window)


# Every framework is asked about the same attempt, several times.
@lru_cache(maxsize=1)
def _lines(window: LogWindow) -> tuple[str, ...]:
    text = (window.head + window.tail).decode("utf-8", "replace")
    plain = _ESCAPES.sub("", text)
    return tuple(line.rstrip("\r").rpartition("\r")[2].rstrip()[:_LONGEST_LINE] for line in plain.split("\n"))


def started(outcome: Outcome) -> float | None:
    """When the attempt began, seconds since the epoch; None where that was not recorded."""
    text = outcome.started_at
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    # The kernel stamps files with a clock that is a tick behind.
    return moment.timestamp() - 0.05


def written_since(path: Path, moment: float | None) -> bool:
    """Whether `path` is a plain file that was written at or after `moment`."""
    if moment is None:
        return False
    try:
        return path.is_file() and path.stat().st_mtime >= moment
    except OSError:
        return False


def read(path: Path) -> str | None:
    """The text of a plain file, up to 64 MB; None where there is none or it cannot be read."""
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return None
        return path.read_text("utf-8", "replace")
    except OSError:
        return None


def read_object(path: Path) -> dict[str, Any] | None:
    """The JSON object in a plain file; None where there is none, or it cannot be read."""
    text = read(path)
    if text is None:
        return None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def folder(outcome: Outcome) -> Path:
    """The folder in which the command ran, made absolute."""
    return Path(outcome.command.cwd).absolute()
