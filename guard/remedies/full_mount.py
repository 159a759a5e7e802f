"""Which file system was full: by what the kernel told, or by a path of the evidence that lies on one."""

from __future__ import annotations

import os
import re

from guard.types import Diagnosis, Mount, Outcome, Surroundings

_PATH = re.compile(r"(?<![\w.])(/[\w.@+~/-]{1,400})")
_NEARLY = 8 << 20


def full_mount(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Mount | None:
    """The full one, or None when nothing shows which it was."""
    candidates = (*outcome.telemetry.disks_after, *surroundings.mounts)
    for mount in candidates:
        if mount.total_bytes and mount.free_bytes is not None and mount.free_bytes < _NEARLY:
            return mount
        if mount.free_inodes is not None and mount.total_inodes and mount.free_inodes < 10:
            return mount
    for path in _paths(diagnosis):
        device = _device_of_nearest(path)
        for mount in candidates:
            if device is not None and _device_of_nearest(mount.path) == device:
                return mount
    # A failed command often cleans up after itself: what it filled has room again when we look.
    return _by_fall(outcome)


def _paths(diagnosis: Diagnosis) -> list[str]:
    found = [str(value) for name, value in diagnosis.entities.items() if name in ("path", "file")]
    found += [match.group(1) for evidence in diagnosis.evidence for match in _PATH.finditer(evidence.text)]
    return [path for path in found if path.startswith("/")]


def _device_of_nearest(path: str) -> int | None:
    """The device of the path, or of the nearest folder above it that exists."""
    path = os.path.normpath(path)
    while True:
        try:
            return os.stat(path).st_dev
        except OSError:
            above = os.path.dirname(path)
            if above in (path, "/"):
                return None
            path = above


def _by_fall(outcome: Outcome) -> Mount | None:
    before = {mount.path: mount for mount in outcome.telemetry.disks_before}
    small = [
        mount
        for mount in outcome.telemetry.disks_after
        if mount.free_bytes is not None and mount.total_bytes and mount.path in before and mount.free_bytes < mount.total_bytes * 0.02
    ]
    return min(small, key=lambda mount: mount.free_bytes or 0, default=None)
