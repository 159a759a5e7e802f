"""Run the whole command again where only chance can differ: a flaky test that cannot be run alone, a hang."""

from __future__ import annotations

from guard.frameworks.narrowing import TOO_MANY
from guard.remedies import rerun_failed_tests
from guard.remedies.protocol import nothing_to_apply, nothing_to_undo
from guard.types import Change, Diagnosis, Outcome, Refusal, Surroundings

NAME = "rerun_all"
LABELS = frozenset({"flaky_test", "hang", "infrastructure", "test_failure", "unknown"})

apply = nothing_to_apply
undo = nothing_to_undo

# A hang that came from the machine passes on the next run less often than a flaky test does; measured rates
# of the lab will replace these.
_ODDS = {"flaky_test": 0.6, "hang": 0.35, "infrastructure": 0.5, "test_failure": 0.15, "unknown": 0.1}


def propose(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """One more run of the whole command, as it is; not where so many tests failed that it was no chance."""
    if diagnosis.label in rerun_failed_tests.LABELS:
        answer = rerun_failed_tests.propose(diagnosis, outcome, surroundings)
        if isinstance(answer, Refusal) and answer.reason.endswith(TOO_MANY):
            return Refusal(NAME, answer.reason)
    summary = "runs the whole command again"
    if diagnosis.label == "hang":
        summary = "runs the command again; the process tree that hung was ended"
    return Change(
        remedy=NAME,
        summary=summary,
        success_probability=_ODDS.get(diagnosis.label, 0.1),
        details={"after": outcome.ended},
    )
