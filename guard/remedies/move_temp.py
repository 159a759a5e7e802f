"""Another place for temporary files when theirs is full: a fresh folder of ours on a file system with room."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from guard.remedies import own_folder
from guard.remedies.space.full_disk import device_of, full_disk
from guard.types import Action, Applied, Change, Diagnosis, Mount, Outcome, Refusal, Surroundings

NAME = "move_temp"
LABELS = frozenset({"disk_full"})

PREFIX = ".pipeguard-tmp-"
_MB = 1 << 20
_LEAST_FREE = 256 * _MB
_MOST_WANTED = 4096 * _MB
_LEAST_INODES = 10_000
_SMALL = 2048 * _MB


def propose(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """Applies when the file system of the temporary folder was the full one, or may well have been, and another has more room."""
    if diagnosis.label not in LABELS:
        return None
    temp = outcome.command.env.get("TMPDIR") or surroundings.temp
    full = full_disk(diagnosis, outcome, surroundings)
    device = _device(temp)
    if device is None or (full is not None and full.device != device):
        return None
    mount = full.mount if full is not None else _cramped(temp, device, surroundings)
    if mount is None:
        return None
    wanted = min(max(mount.total_bytes or 0, _LEAST_FREE), _MOST_WANTED)
    place = next(
        (place for place, mount in _places(surroundings) if _device(place) != device and _has_room(mount, wanted) and own_folder.usable(place)),
        None,
    )
    if place is None:
        return Refusal(NAME, f"{temp} is full, and no other file system that we may write to has {wanted // _MB} MB free")
    # Named here, so that `apply` makes the very folder that the next attempt is given.
    folder = str(Path(place) / f"{PREFIX}{os.getpid()}-{outcome.number}")
    return Change(
        remedy=NAME,
        summary=f"moves temporary files from {temp}, which {'is full' if full is not None else 'is the smallest'}, to {place}",
        temp_dir=folder,
        actions=(Action("mkdir", folder, {"mode": "0700"}),),
        success_probability=0.75 if full is not None else 0.5,
        cost_s=0.1,
        details={"from": temp, "to": place},
    )


def _cramped(temp: str, device: int, surroundings: Surroundings) -> Mount | None:
    """The temporary folder's file system, where it is a small one apart from the job's own.

    A temporary file goes with the program that could not write it, so that nothing shows any more what was full.
    """
    mount = _mount_of(temp, surroundings.mounts)
    small = mount is not None and mount.total_bytes is not None and mount.total_bytes <= _SMALL
    return mount if small and device not in (_device(surroundings.cwd), _device(surroundings.workspace)) else None


def _places(surroundings: Surroundings) -> Iterator[tuple[str, Mount]]:
    """Where the folder may be, the best first: what is meant for such files, then home, the workspace last."""
    places = (surroundings.env.get("RUNNER_TEMP", ""), "/var/tmp", surroundings.home, surroundings.workspace, surroundings.cwd)
    for place in dict.fromkeys(places):
        mount = _mount_of(place, surroundings.mounts) if Path(place).is_absolute() else None
        if mount is not None:
            yield place, mount


def _mount_of(place: str, mounts: tuple[Mount, ...]) -> Mount | None:
    device = _device(place)
    return next((mount for mount in mounts if device is not None and _device(mount.path) == device), None)


def _has_room(mount: Mount, wanted: int) -> bool:
    inodes = mount.free_inodes
    return (mount.free_bytes or 0) >= wanted and (inodes is None or inodes >= _LEAST_INODES)


def _device(place: str) -> int | None:
    """As `device_of`, of where a link leads: a temporary folder may be one."""
    try:
        return device_of(Path(place).resolve())
    except (OSError, RuntimeError, ValueError):
        return None


def apply(change: Change, surroundings: Surroundings) -> Applied:
    """Make the folder, for us alone; what stands there already is nobody's that we know, so it is left and an error."""
    del surroundings
    folder = Path(str(change.temp_dir))
    try:
        made = own_folder.make(folder)
    except OSError as error:
        return Applied(change, error=f"{folder} could not be made: {error.strerror}")
    return Applied(change, done=(f"made {folder}",), undo=made)


def undo(applied: Applied, surroundings: Surroundings) -> None:
    """Remove the folder with what the attempts left in it, if it is still the one that we made."""
    del surroundings
    own_folder.remove(applied.undo, PREFIX)
