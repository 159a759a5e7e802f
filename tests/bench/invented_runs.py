"""A history made up by a seeded generator: no real runs, but their proportions, for pages and measurements."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from guard.history.rows import RunRow, TestRow, Trial

_BEGIN = datetime(2026, 9, 1, tzinfo=timezone.utc)
# label, family, share of the red runs, how many heal, its remedy
_CAUSES = (
    ("network_timeout", "network", 26, 0.86, "wait"),
    ("flaky_test", "tests", 22, 0.74, "rerun_failed_tests"),
    ("out_of_memory", "resources", 12, 0.63, "raise_heap"),
    ("test_failure", "tests", 14, 0.0, ""),
    ("compile_error", "code", 12, 0.0, ""),
    ("corrupt_artifact", "dependencies", 6, 0.9, "purge_cache"),
    ("disk_full", "resources", 4, 0.7, "free_disk"),
    ("rate_limited", "infrastructure", 3, 0.8, "wait"),
    ("unknown", "unknown", 1, 0.2, "rerun_all"),
)
_COMMANDS = ("npm test", "npm ci", "pytest -q", "mvn -B verify")
_BRANCHES = ("main", "main", "main", "release/2.4", "feature/cart", "renovate/all")


def runs(count: int, days: int = 84, projects: int = 3, seed: int = 1) -> Iterator[RunRow]:
    """`count` runs in the order in which they began."""
    chance = random.Random(seed)
    names = ("shop", "api", "mobile-app", *(f"service-{number}" for number in range(projects)))[:projects]
    for number in range(count):
        at = _BEGIN + timedelta(days=days * number / count)
        project = names[min(int(chance.expovariate(1.1)), projects - 1)]
        command = chance.choice(_COMMANDS)
        known = {
            "id": f"{seed:08x}{number:024x}", "started_at": at.isoformat(timespec="seconds"), "day": at.date().isoformat(),
            "project": project, "branch": chance.choice(_BRANCHES), "commit": f"{number // 4:040x}", "platform": "github",
        }  # fmt: skip
        duration = chance.lognormvariate(4.6, 0.7)
        fate = chance.random()
        if fate < 0.84:
            yield RunRow(**known, command=command.split()[0], status="passed", exit_code=0, duration_s=duration, attempts=1, rescued_s=0.0, wasted_s=0.0)
        elif fate < 0.85:
            yield RunRow(**known, command=command, status="interrupted", exit_code=143, duration_s=duration / 2, attempts=1, rescued_s=0.0, wasted_s=0.0)
        else:
            yield _red(known, command, duration, chance)


def _red(known: dict[str, str], command: str, duration: float, chance: random.Random) -> RunRow:
    label, family, _, heals, remedy = chance.choices(_CAUSES, [one[2] for one in _CAUSES])[0]
    healed = chance.random() < heals
    again = duration * chance.uniform(0.2, 0.9) if remedy else 0.0
    return RunRow(
        **known, command=command, status="healed" if healed else "failed", exit_code=0 if healed else 1,
        duration_s=duration + again, attempts=2 if remedy else 1, rescued_s=duration - again if healed else 0.0,
        wasted_s=duration * 0.08 if healed else again, label=label, family=family, probability=0.93,
        source=f"signature:{label}", fingerprint=f"{chance.randrange(60):016x}", healed_by=(remedy,) if healed else (),
        remedies_tried=(remedy,) if remedy else (),
    )  # fmt: skip


def trials(rows: list[RunRow]) -> Iterator[Trial]:
    """The trial of each run's remedy."""
    for row in rows:
        for remedy in row.remedies_tried:
            yield Trial(remedy, row.label, row.fingerprint, row.project, row.status == "healed", row.started_at)


def failed_tests(rows: list[RunRow], seed: int = 1) -> Iterator[TestRow]:
    """A failed test for each run that failed by one."""
    chance = random.Random(seed)
    for row in rows:
        if row.label in ("flaky_test", "test_failure"):
            name = f"tests/test_{row.project}.py::test_{('checkout', 'login', 'search', 'upload', 'retry')[min(int(chance.expovariate(0.9)), 4)]}"
            outcome = "passed_on_rerun" if row.status == "healed" else "failed"
            yield TestRow("pytest", name, row.project, row.commit, row.started_at, outcome, row.wasted_s / 60 + 0.4)
