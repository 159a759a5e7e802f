"""Runs of tests → the flaky ones of each project: those that failed and passed on one commit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from guard.report.posterior import odds
from guard.report.trends.moments import within
from guard.report.trends.rows import TestLike
from guard.report.trends.values import FlakyTest


@dataclass
class _Sums:
    runs: int = 0
    fails: int = 0
    reruns: int = 0
    minutes: float = 0.0
    last: str = ""
    failed_on: set[str] = field(default_factory=set)
    passed_on: set[str] = field(default_factory=set)
    both: int = 0
    """Failures without a known commit that passed on a re-run."""


def flaky_by_project(
    tests: Iterable[TestLike], since: str | None, until: str | None, project: str | None
) -> dict[str, list[FlakyTest]]:
    """Project → its flaky tests, the costliest first. A failure that stays is a broken test, not a flaky one."""
    sums: dict[tuple[str, str, str], _Sums] = {}
    for one in tests:
        if not within(one.at, since, until) or project not in (None, one.project):
            continue
        seen = sums.setdefault((one.project, one.framework, one.name), _Sums())
        seen.runs += 1
        seen.minutes += one.minutes
        rerun = one.outcome == "passed_on_rerun"
        seen.reruns += rerun
        if rerun or one.outcome == "failed":
            seen.fails += 1
            seen.failed_on.add(one.commit)
            seen.last = max(seen.last, one.at)
        if rerun or one.outcome == "passed":
            seen.passed_on.add(one.commit)
        seen.both += rerun and not one.commit
    found: dict[str, list[FlakyTest]] = {}
    for (owner, framework, name), seen in sums.items():
        changed = len((seen.failed_on & seen.passed_on) - {""}) + bool(seen.both)
        if changed:
            of = len(seen.failed_on - {""}) + ("" in seen.failed_on)
            found.setdefault(owner, []).append(
                FlakyTest(
                    owner, framework, name, seen.runs, seen.fails, seen.reruns, seen.minutes, seen.last,
                    odds(changed, max(of, changed)),
                )
            )  # fmt: skip
    return {owner: sorted(many, key=costliest) for owner, many in found.items()}


def costliest(test: FlakyTest) -> tuple[float, int, str, str]:
    """The order in which flaky tests are shown."""
    return (-test.lost_minutes, -test.fails, test.project, test.name)
