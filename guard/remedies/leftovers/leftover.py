"""What every kind of left-over answers: is it here and may it go; and how it goes."""

from __future__ import annotations

from typing import Protocol

from guard.types import Action, Diagnosis, Outcome, Refusal, Surroundings

REMEDY = "reset_state"
"""The remedy in whose name a refusal speaks."""


class Leftover(Protocol):
    """A module of this package that satisfies this protocol is a kind of left-over."""

    NAME: str

    def find(
        self, diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings
    ) -> tuple[Action, ...] | Refusal | None:
        """What would be done to it, why it is left alone, or None when it is not what failed here. Reads only."""

    def act(self, action: Action, surroundings: Surroundings) -> str:
        """Look once more, then do it. Returns the sentence for the record.

        Raises OSError or ValueError (the reason in words) when it is no longer what was found or cannot go.
        """
