"""What all frameworks share: when a narrowed run is sound, and the change that makes one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from guard.frameworks.invocation import Invocation, find
from guard.types import Change, EnvPatch, FailedTests, Outcome, Refusal

REMEDY: Final = "rerun_failed_tests"

MARK: Final = "PIPEGUARD_NARROWED"
"""Set in the environment of a narrowed attempt, so that the one after it knows."""

MOST_FAILED: Final = 10
MOST_SHARE: Final = 0.2
SHARE_COUNTS_FROM: Final = 20


def refused(reason: str) -> Refusal:
    """A refusal of the one remedy that asks frameworks."""
    return Refusal(REMEDY, reason)


def environment(outcome: Outcome) -> Mapping[str, str]:
    """The environment the attempt ran with."""
    return outcome.command.env


def not_all_ran(outcome: Outcome, codes: Sequence[int] | None = None) -> str:
    """Why the attempt is not known to have run every test; empty where nothing speaks against it.

    `codes` are the exit codes with which the framework says "all ran, some failed".
    """
    if outcome.command.env.get(MARK):
        return "this attempt ran only the failed tests already"
    if outcome.ended != "exited" or outcome.signal is not None:
        return "the test run was cut short"
    if outcome.telemetry.oom_kills:
        return "the kernel killed a process of the test run"
    if not outcome.window.complete:
        return "the log is too long to be sure that every test ran"
    if codes is not None and outcome.exit_code not in codes:
        return f"exit code {outcome.exit_code} does not say that all tests ran"
    return ""


TOO_MANY = "so many failures are not flakiness"


def too_many(failed: int, total: int | None) -> str:
    """Why so many failures are no flakiness; empty where they may be. `total` None: not known."""
    if failed > MOST_FAILED or (
        total is not None and total >= SHARE_COUNTS_FROM and failed > total * MOST_SHARE
    ):
        of = f" of {total}" if total is not None else ""
        return f"{failed}{of} tests failed: {TOO_MANY}"
    return ""


def unsound(tests: FailedTests) -> str:
    """Why a narrowed run of `tests` is not sound; empty where it is."""
    if not tests.complete:
        return tests.reason or "not every test is known to have run"
    if not tests.tests:
        return "no failed test is known by name"
    return too_many(len(tests.tests), tests.total)


def how_started(tests: FailedTests, outcome: Outcome) -> Invocation | Refusal:
    """How the command started the framework, where a run of `tests` alone is sound; else why it is not."""
    found = unsound(tests) or find(outcome)
    return refused(found) if isinstance(found, str) else found


def narrowed(
    tests: FailedTests,
    unit: str = "test",
    *,
    argv: tuple[str, ...] | None = None,
    env: Mapping[str, EnvPatch] | None = None,
    more: Mapping[str, object] | None = None,
) -> Change:
    """The change that runs only `tests` once; `more` goes to the details for the later verification."""
    count = len(tests.tests)
    patches: dict[str, EnvPatch] = {MARK: tests.framework}
    patches.update(env or {})
    details: dict[str, object] = {
        "framework": tests.framework,
        "must_run": list(tests.tests),
        "total": tests.total,
    }
    details.update(more or {})
    return Change(
        remedy=REMEDY,
        summary=f"runs only the {count} failed {unit}{'s' if count != 1 else ''} again",
        argv=argv,
        env=patches,
        once=True,
        details=details,
    )
