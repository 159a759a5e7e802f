"""Which file system was full, in bytes or in inodes: as the kernel tells, else by a path that really lies on one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from guard.types import Diagnosis, Mount, Outcome, Surroundings

_NEARLY = 8 << 20
_FEW_INODES = 64
# A failed command often cleans up after itself, so its disk has a little room again when we look.
_LOW_SHARE = 0.02
_PATH = re.compile(r"(?<![\w./-])(/[^\s'\"`:,;()<>|]{1,1000})")


@dataclass(frozen=True)
class FullDisk:
    """A file system without room."""

    mount: Mount
    device: int
    """st_dev: what lies on it has the same."""
    inodes: bool = False
    """Whether it is inodes that ran out, not bytes."""


def full_disk(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> FullDisk | None:
    """The full one; None when nothing shows which it was. Only file systems that telemetry or we know are named."""
    after = outcome.telemetry.disks_after
    known = (*after, *surroundings.mounts)
    named = [device for path in _paths(diagnosis) if (device := _device_above(path)) is not None]
    full = [one for mount in known if (one := _as_full(mount)) is not None]
    for device in named:
        for one in full:
            if one.device == device:
                return one
    if full:
        return min(full, key=lambda one: (one.mount.free_bytes or 0))
    for device in named:
        for mount in known:
            if device_of(mount.path) == device:
                return FullDisk(mount, device, inodes=_inodes_low(mount))
    low = [mount for mount in after if _low(mount)]
    lowest = min(low, key=lambda mount: mount.free_bytes or 0, default=None)
    device = device_of(lowest.path) if lowest is not None else None
    return FullDisk(lowest, device) if lowest is not None and device is not None else None


def device_of(path: str | Path) -> int | None:
    """st_dev of what is there, links not followed; None where nothing is."""
    try:
        return os.lstat(path).st_dev
    except (OSError, ValueError):
        return None


def _as_full(mount: Mount) -> FullDisk | None:
    device = device_of(mount.path)
    if device is None:
        return None
    if _inodes_low(mount):
        return FullDisk(mount, device, inodes=True)
    if mount.total_bytes and mount.free_bytes is not None and mount.free_bytes < min(_NEARLY, mount.total_bytes // 8):
        return FullDisk(mount, device)
    return None


def _inodes_low(mount: Mount) -> bool:
    return bool(mount.total_inodes) and mount.free_inodes is not None and mount.free_inodes < _FEW_INODES


def _low(mount: Mount) -> bool:
    return bool(mount.total_bytes) and mount.free_bytes is not None and mount.free_bytes < (mount.total_bytes or 0) * _LOW_SHARE


def _paths(diagnosis: Diagnosis) -> Iterator[str]:
    for name in ("path", "file"):
        value = diagnosis.entities.get(name, ())
        yield from (value,) if isinstance(value, str) else value
    for evidence in diagnosis.evidence:
        yield from _PATH.findall(evidence.text)


def _device_above(path: str) -> int | None:
    """The device of the nearest folder at or above an absolute path, `/` itself not counted; None: nothing exists."""
    if not path.startswith("/") or "\0" in path:
        return None
    place = Path(os.path.normpath(path))
    for one in (place, *place.parents):
        if one == Path("/"):
            return None
        try:
            return one.stat().st_dev
        except OSError:
            continue
    return None
