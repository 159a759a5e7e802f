"""What every remedy answers: does this apply here, and what would you change; do it; undo it."""

from __future__ import annotations

from typing import Protocol

from guard.types import Applied, Change, Diagnosis, Outcome, Refusal, Surroundings


class Remedy(Protocol):
    """A module of this package that satisfies this protocol is a remedy."""

    NAME: str
    LABELS: frozenset[str]
    """The labels it is asked for."""

    def propose(
        self, diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings
    ) -> Change | Refusal | None:
        """What the next attempt would have that this one had not.

        Reads at most; writes, starts and connects nothing. None: does not apply here.
        """

    def apply(self, change: Change, surroundings: Surroundings) -> Applied:
        """Do the change's actions; never raises for what goes wrong on the machine: says it in `error`."""

    def undo(self, applied: Applied, surroundings: Surroundings) -> None:
        """Take back what was temporary."""


def nothing_to_apply(change: Change, surroundings: Surroundings) -> Applied:
    """For remedies that only change the next attempt's environment, argv or limits."""
    del surroundings
    return Applied(change=change)


def nothing_to_undo(applied: Applied, surroundings: Surroundings) -> None:
    """For remedies that leave nothing behind, or whose effect is meant to stay."""
    del applied, surroundings
