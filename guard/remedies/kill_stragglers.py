"""Processes of the attempt that outlived it: ended before the next attempt, each checked to be the one that was seen."""

from __future__ import annotations

from guard.remedies import processes
from guard.remedies.protocol import nothing_to_undo
from guard.types import Action, Applied, Change, Diagnosis, Outcome, Refusal, Surroundings

NAME = "kill_stragglers"
LABELS = frozenset({"hang", "stale_state"})

undo = nothing_to_undo


def propose(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """Ends the survivors that were seen; None when there were none."""
    survivors = outcome.telemetry.survivors
    if diagnosis.label not in LABELS or not survivors:
        return None
    names = ", ".join(processes.shown(one) for one in survivors[:3]) + (" …" if len(survivors) > 3 else "")
    if surroundings.allow.kill != "job":
        return Refusal(NAME, f"settings do not allow to end {names}")
    return Change(
        remedy=NAME,
        summary=f"ends what outlived the attempt: {names}",
        actions=tuple(
            Action("kill", str(one.pid), {"start_ticks": str(one.start_ticks), "name": one.name}) for one in survivors
        ),
        success_probability=0.5 if diagnosis.label == "stale_state" else 0.35,
        cost_s=2.0,
        details={"processes": [{"pid": one.pid, "name": one.name} for one in survivors[:20]]},
    )


def apply(change: Change, surroundings: Surroundings) -> Applied:
    """TERM, 2 s, KILL for each that is still the process that was seen; another with its pid is left alone."""
    del surroundings
    return processes.end_each(change, 2.0)
