"""Measure one attempt: counters before and after, and the memory of its tree while it runs."""

from __future__ import annotations

import os

from guard.attempt import kernel, tree

_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


class Gauge:
    """Raw figures of one attempt; `guard.attempt.outcome` makes the frozen Telemetry of them."""

    __slots__ = (
        "_host_kills_before",
        "_kills_before",
        "disks_after",
        "disks_before",
        "oom_kills",
        "oom_kills_host",
        "peak_rss",
    )

    def __init__(self, places: tuple[str, ...]) -> None:
        """Read the counters before the attempt; `places` are paths whose file systems matter."""
        self._kills_before = kernel.oom_kills()
        self._host_kills_before = kernel.oom_kills_host()
        self.disks_before = _disks(places)
        self.disks_after: dict[str, tuple[int, int, int, int]] = {}
        self.peak_rss: int | None = None
        self.oom_kills: int | None = None
        self.oom_kills_host: int | None = None

    def sample(self) -> None:
        """Look at the resident memory of all descendants (sum of pages; shared pages count for each)."""
        pages = sum(seen.rss_pages for seen in tree.descendants())
        if pages:
            self.peak_rss = max(self.peak_rss or 0, pages * _PAGE)

    def finish(self, children_peak_bytes: int) -> None:
        """Read the counters after the attempt; `children_peak_bytes`: the largest child the kernel accounted."""
        self.oom_kills = _delta(self._kills_before, kernel.oom_kills())
        self.oom_kills_host = _delta(self._host_kills_before, kernel.oom_kills_host())
        self.disks_after = _disks(tuple(self.disks_before))
        if children_peak_bytes:
            self.peak_rss = max(self.peak_rss or 0, children_peak_bytes)


def _disks(places: tuple[str, ...]) -> dict[str, tuple[int, int, int, int]]:
    found = {}
    for place in places:
        figures = kernel.disk(place)
        if figures is not None:
            found[place] = figures
    return found


def _delta(before: int | None, after: int | None) -> int | None:
    return max(after - before, 0) if before is not None and after is not None else None
