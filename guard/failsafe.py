"""Our own faults become one `guard:` line and a report file, never a changed result."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
FOLDER: str | None = None
"""Where reports are left; None: the folder for temporary files."""


def shielded(stage: str, default: T, function: Callable[[], T]) -> T:
    """What `function` returns, or `default` when guard itself is at fault in `stage`."""
    try:
        return function()
    except Exception as fault:
        confess(stage, fault)
        return default


def confess(stage: str, fault: BaseException) -> None:
    """Say in one line that guard failed, and leave a report to paste; never raises."""
    try:
        place = _write_report(stage, fault)
        where = f"; report: {place}" if place else ""
        say(
            f"guard: internal fault in {stage} ({type(fault).__name__}); "
            f"the command's own result stands{where}"
        )
    except Exception:
        return


def say(line: str) -> None:
    """Print one line of guard's own on stderr; a closed or full stderr is no reason to fail."""
    try:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return


def _write_report(stage: str, fault: BaseException) -> str:
    import os
    import platform
    import tempfile
    import traceback

    from guard import __version__

    # Frames and types only: the values in a traceback's message may be the user's secrets.
    frames = "".join(traceback.format_tb(fault.__traceback__))
    text = (
        f"pipeguard {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"stage: {stage}\nfault: {type(fault).__name__}\n{frames}"
    )
    try:
        descriptor, path = tempfile.mkstemp(prefix="pipeguard-fault-", suffix=".txt", dir=FOLDER)
    except OSError:
        return ""
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
    return path
