"""The sums of one branch of one project; sums of cells make every view."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from guard.report.trends.rows import RunLike


@dataclass
class Cell:
    """What is counted of the runs of one branch."""

    runs: Counter[str] = field(default_factory=Counter)
    by_day: Counter[tuple[str, str]] = field(default_factory=Counter)
    rescued: Counter[str] = field(default_factory=Counter)
    wasted: Counter[str] = field(default_factory=Counter)
    causes: Counter[tuple[str, bool]] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    fingerprints: set[tuple[str, str]] = field(default_factory=set)
    healed_after: list[float] = field(default_factory=list)
    fixed_after: list[float] = field(default_factory=list)
    still_red: int = 0

    def add(self, row: RunLike) -> None:
        """Count a run."""
        status, day = row.status, row.day
        self.runs[status] += 1
        self.by_day[day, status] += 1
        if row.rescued_s:
            self.rescued[day] += row.rescued_s  # type: ignore[assignment]  # a Counter of seconds
        if row.wasted_s:
            self.wasted[day] += row.wasted_s  # type: ignore[assignment]
        if status not in ("healed", "failed"):
            return
        label = row.corrected_label or row.label or "unknown"
        self.causes[label, status == "healed"] += 1
        self.lost[label] += row.wasted_s if status == "healed" else row.duration_s  # type: ignore[assignment]
        if row.fingerprint:
            self.fingerprints.add((label, row.fingerprint))
        if status == "healed":
            self.healed_after.append(row.duration_s)

    def take(self, other: Cell) -> None:
        """Count all that another has counted."""
        for mine, theirs in (
            (self.runs, other.runs), (self.rescued, other.rescued), (self.wasted, other.wasted), (self.lost, other.lost),
        ):  # fmt: skip
            mine.update(theirs)
        self.by_day.update(other.by_day)
        self.causes.update(other.causes)
        self.fingerprints |= other.fingerprints
        self.healed_after += other.healed_after
        self.fixed_after += other.fixed_after
        self.still_red += other.still_red
