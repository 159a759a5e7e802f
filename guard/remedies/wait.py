"""Wait before the next attempt: exponential backoff with jitter, or as long as the remote asks."""

from __future__ import annotations

import email.utils
import hashlib
import math
import os
import re
from datetime import datetime, timezone

from guard.caches import said
from guard.remedies.probing.pause import LONGEST
from guard.remedies.protocol import nothing_to_apply, nothing_to_undo
from guard.types import OUTSIDE, Change, Diagnosis, Outcome, Refusal, Surroundings

NAME = "wait"
LABELS = OUTSIDE | {"stale_state", "corrupt_artifact", "dependency_not_found"}
# A lock that somebody alive holds is given up in time; an archive damaged on the way comes whole the next time; an
# index in trouble looks to some tools like one that lacks the package (only beside a closer look).

apply = nothing_to_apply
undo = nothing_to_undo

_HELD = re.compile(
    r"\block(?:ed|s|file)?\b|\.lock\b|\bheld\b|\bbusy\b|\bin use\b|\balready (?:in use|running|bound)|EADDRINUSE|EBUSY"
    r"|\banother (?:\w+ )?(?:process|instance|build|job|run|operation)|\bbeing used by\b|\bis used by\b|\bblocking waiting\b",
    re.IGNORECASE,
)
"""Somebody holds it and may let go; what is merely left over does not go away by itself."""

_UNPACKERS = frozenset({"", "tar", "gzip", "unzip", "zip", "xz", "bzip2", "zstd", "7z", "archive"})
_ARCHIVE = re.compile(r"[\w./+@%-]+\.(?:tar|tgz|tbz2?|txz|zip|gz|bz2|xz|zst|7z)\b(?![\w.])")
_FETCHES = re.compile(r"\b(?:curl|wget|aria2c|fetch|aws|gsutil|gcloud|az|scp|rsync|git|gh|oras|http|https|npm|pip|make|ninja|sh|bash|python\d?)\b(?!-c)")
"""What may bring the archive anew, or runs what may; the shell of the step itself is not in a script's text."""

LONGEST_S = 3600.0
"""The longest wait that a remote may ask for; whether it fits the budget is for the policy to say."""
_CEILING_S = 300.0
"""The longest wait by our own reckoning."""
_STILL_DOWN_MOST_S = 1800.0
"""The longest wait for a service that says that it is still down. Below it as long as an attempt takes, if that is longer than the ceiling:
whoever waits as long as the attempt would cost that fails for sure never pays more than twice the least."""
_GROWTH = 4.0
# Longest wait before the second attempt, in seconds. A remote that answers "too many" wants to be left alone for
# longer than one that hung up; a resolver is back in moments.
_FIRST_S = {"dependency_not_found": 4.0, "rate_limited": 30.0, "infrastructure": 20.0, "service_unavailable": 16.0}
_OTHER_FIRST_S = 12.0
_OF_ATTEMPT = 0.4
"""An attempt that took long is worth a longer wait, up to this share of it: it would be dear to spend on the same outage."""
_OF_ATTEMPT_MOST_S = 120.0
_LEAST_S = 1.0
_ANSWERS_AGAIN = frozenset({"service_unavailable", "connection_failure", "dns_failure", "network_timeout"})
"""Where asking tells whether it is over (`probes: on`). Never after "too many requests": each question would be one more of them, and what is
limited is seldom the page that would be asked for."""
_ODDS = {"dns_failure": 0.55, "rate_limited": 0.6, "infrastructure": 0.45, "stale_state": 0.5, "corrupt_artifact": 0.5}


def propose(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """A wait that grows with the attempt's number; what the remote asked for (Retry-After, reset) goes first."""
    if diagnosis.label not in LABELS or (diagnosis.label == "stale_state" and not _HELD.search(said.text(diagnosis))):
        return None
    if diagnosis.label == "corrupt_artifact" and (name := _lay_there(diagnosis, outcome)):
        return Refusal(NAME, f"{name} lay there before the attempt: it will be as damaged the next time")
    chance = _fraction(diagnosis, outcome)
    most = _longest(_FIRST_S.get(diagnosis.label, _OTHER_FIRST_S), outcome)
    asked = _asked(diagnosis, outcome)
    if asked is not None and asked > LONGEST_S:
        return Refusal(NAME, f"the remote asks to wait {_told(asked)}, longer than the {LONGEST_S / 60:.0f} min that a step may wait")
    if asked is None:
        # Jitter over a third of it: jobs that failed at one moment must not return at one moment, and a short wait spends
        # an attempt on the same outage (by the lab's outages of 3 to 45 s, jitter over half of it left 2 in 100 red).
        seconds = round(most * (2 + chance) / 3, 1)
        watched = surroundings.probes and diagnosis.label in _ANSWERS_AGAIN
        summary = f"waits {seconds:.0f} s" + (", or until the service answers again" if watched else "")
        details = {LONGEST: round(min(max(_CEILING_S, outcome.duration_s), _STILL_DOWN_MOST_S), 1)} if watched else {}
    else:
        # Never earlier than asked; a little later, each job by another amount.
        seconds = round(asked + _LEAST_S + chance * min(max(asked * 0.1, 2.0), 30.0), 1)
        summary = f"waits {seconds:.0f} s: the remote asks for {_told(asked)}"
        details = {"asked_s": round(asked, 1)}
    return Change(
        remedy=NAME,
        summary=summary,
        wait_s=seconds,
        success_probability=_ODDS.get(diagnosis.label, 0.65) + (0.15 if asked is not None else 0.0),
        details=details,
    )


def _longest(first_s: float, outcome: Outcome) -> float:
    """The wait after this attempt, jitter not taken off: fourfold each time, where the time that a long attempt takes itself counts as waited.

    Held against other waits for outages of 2 s to 10 min and attempts of 1 s to half an hour: tests/bench/outage_waits.py.
    """
    begin = max(first_s, min(outcome.duration_s * _OF_ATTEMPT, _OF_ATTEMPT_MOST_S))
    grown = _GROWTH ** max(outcome.number - 1, 0)
    return min(max(begin, first_s * grown, begin * grown - (outcome.duration_s if grown > 1 else 0.0)), _CEILING_S)


def _lay_there(diagnosis: Diagnosis, outcome: Outcome) -> str:
    """The archive that the command only unpacks, where it was on the disk before the attempt; "" where it may be fetched anew."""
    command = outcome.command
    text = command.script if command.script is not None else " ".join(command.argv)
    if said.entity(diagnosis, "tool") not in _UNPACKERS or command.script_file is not None or _FETCHES.search(text):
        return ""
    try:
        begin = datetime.fromisoformat(outcome.started_at.replace("Z", "+00:00")).timestamp()
        named = {word for word in _ARCHIVE.findall(text) if os.path.isfile(os.path.join(command.cwd, word))}
        # The time of the last change of the file itself: a download may carry the server's time as its own.
        old = [word for word in sorted(named) if os.stat(os.path.join(command.cwd, word)).st_ctime < begin]
    except (OSError, ValueError):
        return ""
    return old[0] if old and len(old) == len(named) else ""


def _asked(diagnosis: Diagnosis, outcome: Outcome) -> float | None:
    """Seconds that the remote asks for, by `retry_after_s` or `reset_at`; None when it said nothing usable."""
    for value in _values(diagnosis, "retry_after_s"):
        seconds = _number(value)
        if seconds is not None and seconds >= 0:
            return seconds
        moment = _moment(value)
        left = _left(moment, outcome) if moment is not None else None
        if left is not None:
            return left
    for value in _values(diagnosis, "reset_at"):
        number = _number(value)
        if number is not None and 0 <= number <= LONGEST_S * 24:
            # Some send the seconds that are left, not the time of the day.
            return number
        moment = number if number is not None else _moment(value)
        if moment is not None and moment > 1e11:
            moment /= 1000
        left = _left(moment, outcome) if moment is not None else None
        if left is not None:
            return left
    return None


def _values(diagnosis: Diagnosis, name: str) -> tuple[str, ...]:
    value = diagnosis.entities.get(name, ())
    return (value,) if isinstance(value, str) else tuple(value)


def _number(value: str) -> float | None:
    try:
        number = float(value.strip().removesuffix("s"))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _moment(value: str) -> float | None:
    """A date as HTTP (`Retry-After`) or ISO 8601 writes it → seconds since 1970; without a zone it is UTC."""
    try:
        found = email.utils.parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError):
        try:
            found = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
        except ValueError:
            return None
    if found.tzinfo is None:
        found = found.replace(tzinfo=timezone.utc)
    try:
        return found.timestamp()
    except (OverflowError, ValueError):
        return None


def _left(moment: float, outcome: Outcome) -> float | None:
    """Seconds from the end of the attempt until then; None when the attempt's own time is not known or it is long past."""
    begin = _moment(outcome.started_at)
    if begin is None:
        return None
    left = moment - (begin + outcome.duration_s)
    return max(left, 0.0) if left > -LONGEST_S else None


def _told(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.0f} min"


def _fraction(diagnosis: Diagnosis, outcome: Outcome) -> float:
    """From 0 to 1, the same for the same arguments in one process, another one in each job."""
    seed = f"{diagnosis.fingerprint}\n{outcome.number}\n{outcome.started_at}\n{os.getpid()}"
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "big") / 0xFFFFFFFF
