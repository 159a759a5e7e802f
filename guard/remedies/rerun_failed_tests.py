"""Runs only the failed tests again, where the first run is known to have run every test; its reports stay whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from guard.frameworks import FRAMEWORKS
from guard.frameworks.narrowing import MARK
from guard.remedies.protocol import nothing_to_undo
from guard.remedies.reports.keep import kept, settle
from guard.remedies.reports.written import written
from guard.types import Applied, Change, Diagnosis, Outcome, Refusal, Surroundings

NAME = "rerun_failed_tests"
LABELS = frozenset({"flaky_test", "test_failure"})

# Priors, until history knows better: nondeterminism that shows in the log mostly passes the second time.
_CHANCE: Final = {"flaky_test": 0.7, "test_failure": 0.15}


def propose(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """The narrowed run of the one framework that ran, or why the whole command has to run again.

    A narrowed run that fails is never narrowed again; `test_failure` has one second attempt at all.
    Each change carries `details["must_run"]`: ask `verified` before its green is believed.
    """
    if diagnosis.label not in LABELS or outcome.passed:
        return None
    if outcome.command.env.get(MARK):
        return Refusal(NAME, "the failed tests ran again already and failed again")
    if diagnosis.label == "test_failure" and outcome.number > 1:
        return Refusal(NAME, "a plain test failure is tried once more at most")
    ran = [each for each in FRAMEWORKS.values() if each.ran(outcome, surroundings)]
    if not ran:
        return Refusal(NAME, "no test framework that guard knows ran here")
    if len(ran) > 1:
        names = ", ".join(each.NAME for each in ran)
        return Refusal(NAME, f"more than one test framework ran ({names})")
    framework = ran[0]
    tests = framework.failed(outcome, surroundings)
    if isinstance(tests, Refusal):
        return tests
    change = framework.rerun(tests, outcome, surroundings)
    if isinstance(change, Refusal):
        return change
    if change.argv is None and len(change.env) < 2:
        return Refusal(NAME, "the tests cannot be narrowed by this command")
    reports = written(outcome, surroundings, tests.tests)
    if reports.spoilt:
        return Refusal(NAME, f"{reports.spoilt} is of all tests, and would be left with the failed ones")
    more = {"reports": list(reports.junit)} if reports.junit else {}
    return replace(change, success_probability=_CHANCE[diagnosis.label], details={**change.details, **more})


def verified(change: Change, outcome: Outcome) -> bool:
    """Whether a narrowed attempt that passed is proved to have run and passed all it had to.

    False: its green is worth nothing, and the whole command has to run again. True also for a change
    that is not narrowed: that one promised nothing.
    """
    name = change.details.get("framework")
    if change.remedy != NAME or "must_run" not in change.details:
        return True
    framework = FRAMEWORKS.get(name) if isinstance(name, str) else None
    return framework is not None and framework.verified(change, outcome)


def apply(change: Change, surroundings: Surroundings) -> Applied:
    """Remember the first run's JUnit reports: the narrowed one writes over them."""
    del surroundings
    paths = change.details.get("reports")
    return Applied(change, undo=kept(tuple(paths)) if isinstance(paths, list) else {})


def settled(applied: Applied, outcome: Outcome, proved: bool) -> str:
    """Lay the narrowed run's results into the first run's reports. Returns a sentence for the user, or ""."""
    return settle(applied.undo, outcome, proved) if applied.change.remedy == NAME else ""


undo = nothing_to_undo
