"""Wait before the next attempt: exponential with jitter, or as long as the remote asked."""

from __future__ import annotations

import hashlib

from guard.remedies.protocol import nothing_to_apply, nothing_to_undo
from guard.types import OUTSIDE, Change, Diagnosis, Outcome, Refusal, Surroundings

NAME = "wait"
LABELS = OUTSIDE | {"stale_state", "corrupt_artifact"}

apply = nothing_to_apply
undo = nothing_to_undo

LONGEST_S = 900.0
_GROWTH = 3.0
# Seconds before the second attempt. A remote that answers "too many" wants longer than one that hung up.
_FIRST_S = {"rate_limited": 15.0, "infrastructure": 8.0, "service_unavailable": 5.0, "stale_state": 5.0, "corrupt_artifact": 1.0}
_ODDS = {"dns_failure": 0.55, "rate_limited": 0.6, "infrastructure": 0.45, "stale_state": 0.5, "corrupt_artifact": 0.5}


def propose(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """A wait that grows with the attempt's number; what the remote asked for (Retry-After) goes first."""
    del surroundings
    if diagnosis.label not in LABELS:
        return None
    asked = _asked(diagnosis)
    if asked is not None and asked > LONGEST_S:
        return Refusal(NAME, f"the remote asks to wait {asked:.0f} s, more than the {LONGEST_S:.0f} s that a step may wait")
    jitter = 0.5 + _fraction(diagnosis, outcome)
    grown = _FIRST_S.get(diagnosis.label, 3.0) * _GROWTH ** (outcome.number - 1) * jitter
    seconds = round(max(min(grown, LONGEST_S), asked + jitter if asked is not None else 0.0), 1)
    because = f" as the remote asked ({asked:.0f} s)" if asked is not None and asked >= grown else ""
    return Change(
        remedy=NAME,
        summary=f"waits {seconds:.0f} s{because}",
        wait_s=seconds,
        success_probability=_ODDS.get(diagnosis.label, 0.65),
        details={"asked_s": asked} if asked is not None else {},
    )


def _asked(diagnosis: Diagnosis) -> float | None:
    value = diagnosis.entities.get("retry_after_s")
    try:
        return float(value) if isinstance(value, str) and float(value) >= 0 else None
    except ValueError:
        return None


def _fraction(diagnosis: Diagnosis, outcome: Outcome) -> float:
    """A number from 0 to 1 that differs from job to job, so that many jobs do not return at one moment."""
    seed = f"{diagnosis.fingerprint}{outcome.number}{outcome.started_at}{outcome.duration_s}"
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "big") / 0xFFFFFFFF
