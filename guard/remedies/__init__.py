"""One file per remedy: its name → the module that proposes, applies and undoes it."""

from __future__ import annotations

from guard.remedies import (
    add_swap,
    fewer_workers,
    free_disk,
    kill_stragglers,
    longer_timeouts,
    look_closer,
    move_temp,
    purge_cache,
    raise_heap,
    raise_limit,
    refresh_index,
    rerun_all,
    rerun_failed_tests,
    reset_state,
    restart_daemon,
    use_mirror,
    user_strategy,
    wait,
)
from guard.remedies.protocol import Remedy

REMEDIES: dict[str, Remedy] = {
    "add_swap": add_swap,
    "fewer_workers": fewer_workers,
    "free_disk": free_disk,
    "kill_stragglers": kill_stragglers,
    "longer_timeouts": longer_timeouts,
    "look_closer": look_closer,
    "move_temp": move_temp,
    "purge_cache": purge_cache,
    "raise_heap": raise_heap,
    "raise_limit": raise_limit,
    "refresh_index": refresh_index,
    "rerun_all": rerun_all,
    "rerun_failed_tests": rerun_failed_tests,
    "reset_state": reset_state,
    "restart_daemon": restart_daemon,
    "use_mirror": use_mirror,
    "user_strategy": user_strategy,
    "wait": wait,
}
