"""What guard knows of one test framework: which tests failed, and how to run just those again."""

from __future__ import annotations

from typing import Protocol

from guard.types import Change, FailedTests, Outcome, Refusal, Surroundings


class Framework(Protocol):
    """A module of this package that satisfies this protocol is a test framework."""

    NAME: str

    def ran(self, outcome: Outcome, surroundings: Surroundings) -> bool:
        """Whether this framework ran the tests of this attempt: by argv, by its report or by its summary line."""

    def failed(self, outcome: Outcome, surroundings: Surroundings) -> FailedTests | Refusal:
        """The failed tests, from the framework's own report or cache; the log only where it has none."""

    def rerun(self, tests: FailedTests, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal:
        """The change (argv or environment) with which only these tests run, or why that is not sound."""
