"""The raw figures of an attempt that did not simply pass → the frozen Outcome and Telemetry."""

from __future__ import annotations

import os
import resource
from datetime import datetime, timezone

from guard.attempt import memory
from guard.attempt.gauge import Gauge
from guard.attempt.run_once import Ended
from guard.types import Command, LogWindow, Mount, Outcome, Process, Telemetry


def freeze(ended: Ended, command: Command, number: int, stdin_replayable: bool) -> Outcome:
    """The Outcome of an attempt; `command` as it ran, changes included."""
    window = ended.window
    return Outcome(
        command=command,
        number=number,
        exit_code=ended.code,
        signal=ended.signal,
        ended=ended.how,
        duration_s=ended.duration,
        window=LogWindow(
            head=window.head(),
            tail=window.tail(),
            dropped_bytes=window.dropped_bytes,
            dropped_lines=window.dropped_lines,
            total_bytes=window.total,
        ),
        telemetry=_telemetry(ended),
        started_at=datetime.fromtimestamp(ended.started, timezone.utc).isoformat(timespec="milliseconds"),
        quiet_s=ended.quiet,
        stdin_replayable=stdin_replayable,
        message=ended.message,
        mid_line=ended.mid_line,
    )


def _telemetry(ended: Ended) -> Telemetry:
    gauge: Gauge = ended.gauge
    return Telemetry(
        peak_rss_bytes=gauge.peak_rss,
        oom_kills=gauge.oom_kills,
        oom_kills_host=gauge.oom_kills_host,
        memory_limit_bytes=memory.limit(),
        memory_available_bytes=memory.available(),
        disks_before=_mounts(gauge.disks_before),
        disks_after=_mounts(gauge.disks_after),
        load1=_load(),
        open_files_limit=_limit("RLIMIT_NOFILE"),
        processes_limit=_limit("RLIMIT_NPROC"),
        survivors=tuple(
            Process(pid=seen.pid, start_ticks=seen.start, name=seen.name, session=seen.session)
            for seen in ended.survivors
        ),
        dumps=tuple(ended.dumps),
    )


def _mounts(figures: dict[str, tuple[int, int, int, int]]) -> tuple[Mount, ...]:
    return tuple(
        Mount(
            path=path,
            free_bytes=free,
            total_bytes=total,
            # File systems without a fixed number of inodes (btrfs) say 0 of 0.
            free_inodes=free_inodes if inodes else None,
            total_inodes=inodes or None,
        )
        for path, (free, total, free_inodes, inodes) in figures.items()
    )


def _load() -> float | None:
    try:
        return os.getloadavg()[0]
    except OSError:
        return None


def _limit(name: str) -> tuple[int, int] | None:
    which = getattr(resource, name, None)
    return resource.getrlimit(which) if which is not None else None
