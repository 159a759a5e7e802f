"""`guard run` in a skin: attempts are grouped, and the CI is told how the run ended, in its own language.

A skin says which CI it is for by PIPEGUARD_SKIN. Without it guard prints its own lines and nothing else. The way of
a first-time pass imports next to nothing.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from guard.attempt.run_once import Ended
    from guard.attempt.runner import Runner
    from guard.platforms.protocol import Platform
    from guard.types import Event, LogWindow

SKIN = "PIPEGUARD_SKIN"


def passed(runner: Runner, ended: Ended) -> None:
    """Publish a first-time pass, whose document nobody has made."""
    environment = {os.fsdecode(name): os.fsdecode(value) for name, value in runner.environment.items()}
    from time import gmtime, strftime

    duration = round(ended.duration, 3)
    attempt = {
        "number": 1, "exit_code": 0, "signal": None, "ended": "exited", "duration_s": duration, "diagnosis": None, "plan": None,
    }  # fmt: skip
    document = {
        "schema": "pipeguard.run/1",
        "id": runner.run_id,
        "status": "passed",
        "exit_code": 0,
        "platform": environment[SKIN],
        "started_at": strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(ended.started)),
        "duration_s": duration,
        "healed_by": [],
        "attempts": [attempt],
        "rescued_s": 0,
        "wasted_s": 0,
        "diagnosis_s": 0,
    }
    publish(document, environment)


def publish(document: Mapping[str, Any], environment: Mapping[str, str]) -> None:
    """Tell the CI of the skin how the run ended, and print what it wants printed."""
    platform = of_skin(environment)
    if platform is not None:
        _write(platform.STREAM, platform.publish(document, environment))


def of_skin(environment: Mapping[str, str]) -> Platform | None:
    """The CI that a skin named; None where no skin did, or one that is not known."""
    name = environment.get(SKIN, "")
    if not name.isidentifier():
        return None
    try:
        # By its name: the other CIs are not imported on the way of a pass.
        module: Any = __import__(f"guard.platforms.{name}", fromlist=["publish"])
    except ImportError:
        return None
    return module if getattr(module, "NAME", "") == name else None


def grouping(platform: Platform, allowed: int, hear: Callable[[Event], None]) -> Callable[[Event], None]:
    """`hear`, and around each attempt after the first the lines that fold it; `allowed`: attempts in all."""

    def told(event: Event) -> None:
        title = f"guard: attempt {event.number} of at most {allowed}"
        if event.kind == "attempt_started" and platform.group(title):
            _write(platform.STREAM, [platform.group(title)])
            return
        if event.kind == "attempt_ended" and event.outcome is not None and not (event.outcome.passed and event.number == 1):
            own = event.number > 1 or _group_left_open(event.outcome.window, platform)
            lines = [platform.end_group(title)] if own and platform.end_group(title) else []
            # A command is one only at the beginning of a line: the attempt may have left one unfinished.
            _write(platform.STREAM, ([""] if _unfinished(event.outcome.window) else []) + lines)
        before, after = platform.shelter() if _dangerous(event, platform) else ("", "")
        _write(platform.STREAM, [before] if before else [])
        hear(event)
        _write(platform.STREAM, [after] if after else [])

    return told


def _group_left_open(window: LogWindow, platform: Platform) -> bool:
    """Whether the attempt died inside a group of its own, which would fold what guard says about it."""
    begin, end = platform.group("").encode(), platform.end_group("").encode()
    if platform.NAME not in ("github", "azure"):
        return False
    last = max(window.tail.rfind(begin), window.head.rfind(begin) if not window.tail else -1)
    return last >= 0 and max(window.tail.rfind(end), window.head.rfind(end) if not window.tail else -1) < last


def _dangerous(event: Event, platform: Platform) -> bool:
    """Whether lines of the log that are repeated now hold what the CI might take for a command of its own."""
    if event.kind != "planned" or event.diagnosis is None:
        return False
    return any(platform.escape(evidence.text) != evidence.text for evidence in event.diagnosis.evidence)


def _unfinished(window: LogWindow) -> bool:
    end = window.tail or window.head
    return bool(end) and not end.endswith(b"\n")


def _write(stream: int, lines: list[str]) -> None:
    """Print lines whole; a closed or full stream is no reason to fail."""
    data = "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")
    try:
        while data:
            data = data[os.write(stream, data) :]
    except OSError:
        return
