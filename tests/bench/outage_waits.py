"""`python tests/bench/outage_waits.py`: guard's own waits, and others, against outages of every length from 2 s to 10 min.

Nobody knows how long an outage lasts: its length is taken as log-uniform, so that no length is favoured over its double. An attempt that
begins during the outage fails and costs its duration; a job that stays red costs a person's return besides. The waits are those that
`wait` proposes and `until_up` decides, on a clock that is moved by hand: nothing is slept or asked. Prints a table (Markdown).
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import replace

from guard.remedies import wait
from guard.remedies.probing import until_up
from guard.remedies.probing.pause import LONGEST
from guard.remedies.probing.question import Answer
from guard.remedies.probing.service import Service
from guard.types import Change, Command, Diagnosis, LogWindow, Outcome, Surroundings, Telemetry

SHORTEST_S, LONGEST_S, LENGTHS = 2.0, 600.0, 400
ATTEMPTS = 3
RED_S = (300.0, 1800.0)
"""What a red job costs: until somebody has seen it and started it again."""
QUESTION_S = 0.1

_OUTCOME = Outcome(Command(("pip",)), 1, 1, None, "exited", 1.0, LogWindow(), Telemetry(), started_at="2026-01-01T00:00:00Z")
_HOST = Service("https", "registry.example", 443)
Pause = Callable[[int, float, float, float], float]
"""(number of the failed attempt, its seconds, seconds since the outage began, its length) → seconds until the next."""


def fixed(*seconds: float) -> Pause:
    """The same waits whatever happens."""
    return lambda number, attempt_s, now, length: seconds[number - 1]


def proposed(number: int, attempt_s: float, now: float, length: float, probes: bool = False) -> float:
    """The wait that guard proposes; each length another job."""
    failed = replace(_OUTCOME, number=number, duration_s=attempt_s)
    change = wait.propose(Diagnosis("service_unavailable", 0.95, "x", fingerprint=f"{length}"), failed, Surroundings(probes=probes))
    assert isinstance(change, Change)
    return _asked(change, now, length) if probes else change.wait_s


def probing(number: int, attempt_s: float, now: float, length: float) -> float:
    """The wait that ends when the service answers."""
    return proposed(number, attempt_s, now, length, probes=True)


def _asked(change: Change, now: float, length: float) -> float:
    clock = [now]

    def sleep(seconds: float) -> bool:
        clock[0] += seconds
        return False

    def question(service: Service) -> Answer:
        sleep(QUESTION_S)
        return Answer(clock[0] >= length, "it answers 503")

    until_up.wait((_HOST,), change.wait_s, float(str(change.details[LONGEST])), sleep, lambda told: None, question=question, now=lambda: clock[0])
    return clock[0] - now


def played(pause: Pause, attempt_s: float, length: float) -> tuple[bool, int, float]:
    """(green, runs, seconds from the first failure to the end)."""
    now = 0.0
    for number in range(1, ATTEMPTS):
        now += pause(number, attempt_s, now, length)
        begun, now = now, now + attempt_s
        if begun >= length:
            return True, number + 1, now
    return False, ATTEMPTS, now


WAYS: dict[str, Pause] = {
    "10 s, 10 s (blind)": fixed(10, 10),
    "guard": proposed,
    "30 s, 60 s": fixed(30, 60),
    "15 s, 120 s": fixed(15, 120),
    "30 s, 300 s": fixed(30, 300),
    "guard, probes on": probing,
}


def row(pause: Pause, attempt_s: float) -> tuple[str, ...]:
    """The cells of one way."""
    lengths = [SHORTEST_S * (LONGEST_S / SHORTEST_S) ** ((at + 0.5) / LENGTHS) for at in range(LENGTHS)]
    results = [played(pause, attempt_s, length) for length in lengths]
    green = sorted(seconds for ok, _, seconds in results if ok)
    second = sum(ok and runs == 2 for ok, runs, _ in results)
    costs = (statistics.mean(seconds if ok else seconds + red + attempt_s for ok, _, seconds in results) for red in RED_S)
    return (
        f"{len(green) / LENGTHS:.0%}", f"{second / LENGTHS:.0%}", f"{statistics.median(green):.0f} s / {green[int(len(green) * 0.9)]:.0f} s",
        *(f"{cost:.0f} s" for cost in costs),
    )  # fmt: skip


def main() -> None:
    """Print the table."""
    print(f"| attempt | waits | green | by the second run | time to green, median / p90 | mean cost, red = {RED_S[0]:.0f} s | red = {RED_S[1]:.0f} s |")
    print("| ---: | --- | ---: | ---: | ---: | ---: | ---: |")
    for attempt_s in (2.0, 20.0, 120.0, 600.0):
        for name, pause in WAYS.items():
            print(f"| {attempt_s:.0f} s | {name} | {' | '.join(row(pause, attempt_s))} |")


if __name__ == "__main__":
    main()
