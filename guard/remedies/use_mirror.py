"""The mirror that the user configured behind the first one, also where the first is in trouble.

Go asks the next proxy of a list only for what the one before does not have (404, 410) where a comma stands between them,
and after any failure where a bar does (`go help goproxy`). Only a list that the user set is changed, and only its signs:
no address comes from here. What a proxy hands out is still checked against go.sum and the checksum database.
"""

from __future__ import annotations

import re

from guard.remedies.probing.configured.go import written
from guard.remedies.protocol import nothing_to_apply, nothing_to_undo
from guard.remedies.tools_in_play import programs
from guard.types import Change, Diagnosis, Outcome, Refusal, Surroundings

NAME = "use_mirror"
LABELS = frozenset({"network_timeout", "connection_failure", "service_unavailable", "rate_limited"})

apply = nothing_to_apply
undo = nothing_to_undo


def propose(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """GOPROXY with bars for commas, where the failure was Go's and the user named more than one place."""
    if diagnosis.label not in LABELS or diagnosis.entities.get("tool", "go") != "go" or "go" not in programs(outcome.command):
        return None
    given = outcome.command.env.get("GOPROXY") or written(outcome.command.env, outcome.command.env.get("HOME") or surroundings.home)
    if not given or "," not in given:
        return None
    after = [part.strip() for part in re.split(r"[,|]", given)][1:]
    if not after or after[0] == "off":
        return None
    return Change(
        remedy=NAME,
        summary="has Go ask the next of your GOPROXY also where the one before is in trouble",
        env={"GOPROXY": given.replace(",", "|")},
        success_probability=0.5,
        details={"tool": "go", "places": len(after) + 1},
    )
