"""What one decision rests on: a failed attempt, what is known of it, and what was tried before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from guard.settings.values import LabelRule, Settings
from guard.types import Attempt, Diagnosis, Memory, Outcome, Surroundings


@dataclass(frozen=True)
class Case:
    """A failed attempt with everything that speaks for or against another one."""

    diagnosis: Diagnosis
    outcome: Outcome
    spent: Sequence[Attempt]
    """The attempts before it, with what was changed."""
    settings: Settings
    surroundings: Surroundings
    memory: Memory
    budget_left_s: float | None = None

    @property
    def rule(self) -> LabelRule:
        """What the settings say about the label."""
        return self.settings.rule(self.diagnosis.label)
