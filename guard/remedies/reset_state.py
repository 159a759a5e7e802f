"""State that an earlier run left behind: a lock with a dead owner, a port, a stale tree; each kind has its own file."""

from __future__ import annotations

from guard.remedies.around_evidence import with_neighbours
from guard.remedies.leftovers import LEFTOVERS
from guard.remedies.protocol import nothing_to_undo
from guard.types import Action, Applied, Change, Diagnosis, Outcome, Refusal, Surroundings

NAME = "reset_state"
LABELS = frozenset({"stale_state"})

undo = nothing_to_undo

_VERBS = {"delete": "deletes", "kill": "ends process", "run": "runs"}


def propose(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """Resets the first kind of left-over that is really here; else the first reason why one is left alone."""
    if diagnosis.label not in LABELS:
        return None
    wide = with_neighbours(diagnosis, outcome)
    refusal: Refusal | None = None
    for name, leftover in LEFTOVERS.items():
        for told in (diagnosis, wide):
            found = leftover.find(told, outcome, surroundings)
            if isinstance(found, Refusal):
                refusal = refusal or found
                break
            if found:
                return _change(name, found)
    return refusal


def _change(name: str, actions: tuple[Action, ...]) -> Change:
    first = actions[0]
    what = first.target + (f" ({first.data['name']})" if first.kind == "kill" and "name" in first.data else "")
    more = f" and {len(actions) - 1} more" if len(actions) > 1 else ""
    return Change(
        remedy=NAME,
        summary=f"{_VERBS.get(first.kind, first.kind)} {what}{more}, left from an earlier run",
        actions=actions,
        success_probability=0.8,
        cost_s=30.0 if first.kind == "run" else 1.0,
        details={"leftover": name, "targets": [action.target for action in actions[:20]]},
    )


def apply(change: Change, surroundings: Surroundings) -> Applied:
    """Each action by its own kind of left-over, which looks once more before it acts; stops at the first that fails."""
    done: list[str] = []
    for action in change.actions:
        try:
            done.append(LEFTOVERS[action.data["leftover"]].act(action, surroundings))
        except (OSError, ValueError) as problem:
            return Applied(change, tuple(done), error=f"{action.target}: {problem}")
    return Applied(change, tuple(done))
