"""Attempts of a run → which tests failed and which passed in them, for the history: so that a test's runs are counted too.

Looked at as each attempt ends, because the next one writes its reports over those of the one before. A first-time pass is
never looked at: that it names no test costs the odds of flaky tests nothing, which rest on the commits where a test failed.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from guard.diagnosis.mask import Masker
from guard.frameworks import FRAMEWORKS
from guard.frameworks.passed import failures, passed
from guard.types import FailedTests, Outcome, Surroundings

SMALL = 50
"""A record of so many passes is kept whole; of a larger one those of tests that have failed before."""
MOST = 500
"""Names kept of one attempt, of each framework."""
_Names = dict[str, dict[str, tuple[str, ...]]]


class SeenTests:
    """What the attempts of one run told of their tests."""

    def __init__(self, workspace: str) -> None:
        """Nothing seen yet."""
        self._workspace = workspace
        self._seen: dict[int, _Names] = {}

    def look(self, outcome: Outcome) -> None:
        """Note what the attempt's own records name."""
        found: _Names = {framework: {"passed": names} for framework, names in passed(outcome).items()}
        if not outcome.passed:
            for framework, names in self._failed(outcome).items():
                found.setdefault(framework, {})["failed"] = names
        self._seen[outcome.number] = found

    def _failed(self, outcome: Outcome) -> dict[str, tuple[str, ...]]:
        around = Surroundings(cwd=outcome.command.cwd, workspace=self._workspace)
        ran = [one for one in FRAMEWORKS.values() if one.ran(outcome, around)]
        tests = ran[0].failed(outcome, around) if len(ran) == 1 else None
        if not isinstance(tests, FailedTests):
            return {}
        return {tests.framework: failures(tests.framework, outcome) or tests.tests}

    def add(self, document: Mapping[str, Any], known: Set[tuple[str, str]], masker: Masker) -> None:
        """Put it into the run's attempts, masked; `known`: (framework, name) of tests that have failed before."""
        failed_here = {(framework, name) for found in self._seen.values() for framework, one in found.items() for name in one.get("failed", ())}
        for attempt in document["attempts"]:
            records = []
            for framework, one in self._seen.get(attempt["number"], {}).items():
                failed, all_passed = one.get("failed", ()), one.get("passed", ())
                if len(all_passed) > SMALL:
                    all_passed = tuple(name for name in all_passed if (framework, name) in known or (framework, name) in failed_here)
                if failed or all_passed:
                    kept = {how: [masker.text(name) for name in names[:MOST]] for how, names in (("passed", all_passed), ("failed", failed))}
                    records.append({"framework": framework, **kept})
            if records:
                attempt["tests"] = records
