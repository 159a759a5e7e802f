"""How large a heap may become: at least half as much again, at most three quarters of the memory that is there."""

from __future__ import annotations

from guard.types import Outcome, Refusal, Surroundings

MB = 1 << 20
_SHARE = 0.75
"""Of the memory that is available: the rest is for the runtime outside its heap and for other processes."""
_LEAST_GAIN = 1.5
_GAIN = 2.0
_USUAL = 2048 * MB
"""A heap that was set smaller than this grows to it at once: attempts are few."""


def room(outcome: Outcome, surroundings: Surroundings) -> int | None:
    """Bytes that can be had now, by the machine and by the cgroup's limit; None where nothing is known."""
    known = [
        figure
        for figure in (
            surroundings.memory_available_bytes,
            surroundings.memory_limit_bytes,
            outcome.telemetry.memory_limit_bytes,
        )
        if figure is not None
    ]
    if surroundings.memory_available_bytes is None and outcome.telemetry.memory_available_bytes is not None:
        known.append(outcome.telemetry.memory_available_bytes)
    return min(known, default=None)


def grown(smallest: int, largest: int, least: int, room_bytes: int | None, usual: int = _USUAL) -> int | None:
    """The new size in bytes, in whole megabytes; None where memory allows no real gain.

    `smallest` and `largest`: the limits in force now, where several runtimes have one and it is not known whose
    was hit. `least`: what the new one must not be below (a heap that some JVM begins with).
    """
    if room_bytes is None:
        return None
    cap = int(room_bytes * _SHARE)
    wanted = max(_GAIN * smallest, _LEAST_GAIN * largest, usual, least)
    new = int(min(wanted, cap)) // MB * MB
    return new if new >= smallest * _LEAST_GAIN and new >= max(largest, least) // MB * MB else None


def no_room(remedy: str, what: str, old: int, room_bytes: int | None) -> Refusal:
    """Why it cannot grow, with the figures."""
    if room_bytes is None:
        return Refusal(remedy, f"how much memory is free is not known here, so {what} stays at {old // MB} MB")
    return Refusal(
        remedy,
        f"{what} has {old // MB} MB and only {room_bytes // MB} MB of memory are free: it wants a larger machine",
    )
