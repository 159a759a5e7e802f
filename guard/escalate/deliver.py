"""A notice → every target of the settings, all at once, within one bound of time; a line for each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from guard.escalate import TARGETS
from guard.escalate.connection import IN_ALL_S, Undelivered
from guard.escalate.github_api import pull_request
from guard.escalate.notice import Notice
from guard.failsafe import confess

_LOOK_S = 0.1
# Where the change under test is told of the failure, its repository is not.
_INSTEAD = {"github_issue": "pr_comment", "gitlab_issue": "mr_comment"}


def deliver(
    notice: Notice,
    wanted: Mapping[str, Any],
    env: Mapping[str, str],
    stopped: Callable[[], bool] = lambda: False,
    in_all_s: float = IN_ALL_S,
) -> list[str]:
    """Tell every target; what came of it, one line each, in the order of the settings. Never raises.

    `wanted`: the `escalate` key of the settings. A target that has not answered in time is left behind, and so are
    all as soon as `stopped` says so.
    """
    chosen = [name for name in wanted if name in TARGETS and not _told_elsewhere(name, wanted, env)]
    outcomes: dict[str, str] = {}
    # A library may hang in a name's look-up, which no time-out ends: then it hangs in a thread that ends with guard.
    threads = {
        name: threading.Thread(target=_tell, args=(name, notice, wanted[name], env, outcomes), name=f"pipeguard-{name}", daemon=True)
        for name in chosen
    }  # fmt: skip
    for thread in threads.values():
        thread.start()
    until = time.monotonic() + in_all_s
    for thread in threads.values():
        while thread.is_alive() and time.monotonic() < until and not stopped():
            thread.join(_LOOK_S)
    late = "told to stop" if stopped() else "no answer in time"
    return [line for name in chosen if (line := outcomes.get(name, f"{name}: not told: {late}"))]


def obstacles(wanted: Mapping[str, Any], env: Mapping[str, str]) -> dict[str, str]:
    """Each target that the settings name → what is missing here to tell it; "" where nothing is. Nothing is connected."""
    found = {}
    for name in wanted:
        if name in TARGETS:
            try:
                TARGETS[name].check(wanted[name], env)
                found[name] = ""
            except Undelivered as lack:
                found[name] = str(lack)
    return found


def _told_elsewhere(name: str, wanted: Mapping[str, Any], env: Mapping[str, str]) -> bool:
    if _INSTEAD.get(name) not in wanted:
        return False
    return bool(env.get("CI_MERGE_REQUEST_IID")) if name == "gitlab_issue" else pull_request(env) is not None


def _tell(name: str, notice: Notice, options: Any, env: Mapping[str, str], outcomes: dict[str, str]) -> None:
    try:
        done = TARGETS[name].tell(notice, options, env)
        outcomes[name] = f"{name}: {done}" if done else ""
    except Undelivered as failure:
        outcomes[name] = f"{name}: not told: {failure}"
    except Exception as fault:
        confess(f"escalation by {name}", fault)
        outcomes[name] = ""
