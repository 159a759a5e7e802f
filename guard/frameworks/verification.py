"""What a framework must answer besides: did a narrowed run that passed really run what it had to?"""

from __future__ import annotations

from typing import Protocol

from guard.frameworks.protocol import Framework
from guard.types import Change, Outcome


class VerifiedFramework(Framework, Protocol):
    """A framework whose narrowed runs can be verified: each entry of FRAMEWORKS satisfies it."""

    def verified(self, change: Change, outcome: Outcome) -> bool:
        """Whether each test named in `change.details["must_run"]` is seen to have run and passed.

        True only on proof from the framework's own report or summary of this attempt.
        """


def must_run(change: Change) -> tuple[str, ...]:
    """The names a narrowed change promised to run; () where it made no such promise."""
    names = change.details.get("must_run")
    if not isinstance(names, (list, tuple)):
        return ()
    return tuple(name for name in names if isinstance(name, str))


def provable(change: Change, outcome: Outcome) -> bool:
    """Whether the attempt passed, its log is whole, and there is something to verify."""
    return outcome.passed and outcome.window.complete and bool(must_run(change))
