"""One file per remedy: its name → the module that proposes, applies and undoes it."""

from __future__ import annotations

from guard.remedies import (
    fewer_workers,
    longer_timeouts,
    move_temp,
    raise_heap,
    raise_limit,
    rerun_all,
    rerun_failed_tests,
    user_strategy,
    wait,
)
from guard.remedies.protocol import Remedy

REMEDIES: dict[str, Remedy] = {
    "fewer_workers": fewer_workers,
    "longer_timeouts": longer_timeouts,
    "move_temp": move_temp,
    "raise_heap": raise_heap,
    "raise_limit": raise_limit,
    "rerun_all": rerun_all,
    "rerun_failed_tests": rerun_failed_tests,
    "user_strategy": user_strategy,
    "wait": wait,
}
