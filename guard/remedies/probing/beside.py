"""Something that may take long, done beside the main thread, which so hears at once when it is told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic
from typing import TypeVar

T = TypeVar("T")

Sleep = Callable[[float], bool]
"""Waits so many seconds; True when told to stop."""

_TICK_S = 0.1


class Stopped(Exception):
    """Guard was told to stop."""


def beside(function: Callable[[], T], sleep: Sleep, seconds: float) -> T:
    """What the function returns or raises.

    Raises:
        Stopped: told to stop meanwhile.
        TimeoutError: not done in time (the lookup of a name has no limit of its own); what it was about to return is lost.
    """
    returned: list[T] = []
    raised: list[Exception] = []

    def run() -> None:
        try:
            returned.append(function())
        except Exception as fault:
            raised.append(fault)

    thread = threading.Thread(target=run, name="beside", daemon=True)
    thread.start()
    until = monotonic() + seconds
    while thread.is_alive():
        if sleep(_TICK_S):
            raise Stopped
        if monotonic() > until:
            raise TimeoutError(f"not done in {seconds:.0f} s")
    for fault in raised:
        raise fault
    return returned[0]
