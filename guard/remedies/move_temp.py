"""Another place for temporary files when theirs is full: a fresh folder on a file system with room."""

from __future__ import annotations

import os
import shutil

from guard.remedies.full_mount import full_mount
from guard.types import Action, Applied, Change, Diagnosis, Mount, Outcome, Refusal, Surroundings

NAME = "move_temp"
LABELS = frozenset({"disk_full"})

_LEAST_FREE = 256 << 20
_LEAST_INODES = 10_000


def propose(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """Applies when the file system of the temporary folder is the full one and another has room."""
    if diagnosis.label != "disk_full":
        return None
    full = full_mount(diagnosis, outcome, surroundings)
    temp_device = _device(surroundings.temp)
    if full is None or temp_device is None or _device(full.path) != temp_device:
        return None
    best = max(
        (mount for mount in _places(surroundings) if _device(mount.path) != temp_device and _has_room(mount)),
        key=lambda mount: mount.free_bytes or 0,
        default=None,
    )
    if best is None:
        return Refusal(NAME, f"{surroundings.temp} is full and no other file system here has {_LEAST_FREE >> 20} MB free")
    return Change(
        remedy=NAME,
        summary=f"moves temporary files from {surroundings.temp} to {best.path} ({(best.free_bytes or 0) >> 20} MB free)",
        # The folder's name is fixed here so that `apply` makes the very one that the environment names.
        temp_dir=os.path.join(best.path, f".pipeguard-tmp-{os.getpid()}"),
        actions=(Action("mkdir", os.path.join(best.path, f".pipeguard-tmp-{os.getpid()}")),),
        success_probability=0.75,
        details={"from": surroundings.temp, "to": best.path},
    )


def _places(surroundings: Surroundings) -> tuple[Mount, ...]:
    env = surroundings.env
    wanted = {env.get("RUNNER_TEMP", ""), surroundings.workspace, surroundings.cwd, surroundings.home, "/var/tmp"}
    known = {mount.path: mount for mount in surroundings.mounts}
    return tuple(known[place] for place in sorted(wanted) if place in known and os.access(place, os.W_OK | os.X_OK))


def _has_room(mount: Mount) -> bool:
    return (mount.free_bytes or 0) >= _LEAST_FREE and (mount.free_inodes is None or mount.free_inodes >= _LEAST_INODES)


def _device(path: str) -> int | None:
    try:
        return os.stat(path).st_dev
    except OSError:
        return None


def apply(change: Change, surroundings: Surroundings) -> Applied:
    """Make the folder, for us alone."""
    del surroundings
    folder = str(change.temp_dir)
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        return Applied(change, error=f"{folder} exists already")
    except OSError as error:
        return Applied(change, error=f"{folder}: {error.strerror}")
    return Applied(change, done=(f"made {folder}",), undo={"folder": folder})


def undo(applied: Applied, surroundings: Surroundings) -> None:
    """Remove the folder with what the attempts left in it."""
    folder = applied.undo.get("folder")
    if folder and os.path.basename(folder).startswith(".pipeguard-tmp-") and not os.path.islink(folder):
        shutil.rmtree(folder, ignore_errors=True)
    del surroundings
