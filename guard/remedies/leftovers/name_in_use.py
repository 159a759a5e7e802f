"""A container, network or volume name that is taken: never removed, since nothing shows that this job made it."""

from __future__ import annotations

import re

from guard.caches import said
from guard.remedies.leftovers.leftover import REMEDY
from guard.types import Action, Diagnosis, Outcome, Refusal, Surroundings

NAME = "name_in_use"

_CONTAINER = re.compile(
    r"(?i)container name ['\"]/?([\w.-]+)['\"] is already in use"
    r"|(?:network|volume) (?:with name )?['\"]?([\w.-]+)['\"]? already exists"
    r"|name ['\"]?([\w.-]+)['\"]? is in use"
)


def find(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Refusal | None:
    """The reason, with the name and what removes it by hand."""
    del outcome, surroundings
    match = _CONTAINER.search(said.text(diagnosis))
    if match is None:
        return None
    name = next(group for group in match.groups() if group)
    return Refusal(REMEDY, f"the name {name} is in use and nothing shows that this job took it (a strategy of yours may remove it)")


def act(action: Action, surroundings: Surroundings) -> str:
    """Nothing is ever proposed."""
    del action, surroundings
    raise ValueError("nothing to do")
