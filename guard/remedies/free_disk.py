"""Room on the full file system: tool caches and folders that the settings allow, the smallest sufficient first."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from guard.attempt import kernel
from guard.caches import CACHES
from guard.caches.root import verified
from guard.remedies.deleting import delete_tree
from guard.remedies.full_mount import full_mount
from guard.remedies.protocol import nothing_to_undo
from guard.types import Action, Applied, Change, Diagnosis, Outcome, Refusal, Surroundings

NAME = "free_disk"
LABELS = frozenset({"disk_full"})

undo = nothing_to_undo

ENOUGH = 256 << 20
"""Bytes that are worth another attempt when nothing tells how many it needs."""
_LEAST = 1 << 20
# A cache in name only: what was installed locally lies there too and cannot be fetched again.
_NOT_RECLAIMED = frozenset({"maven"})


@dataclass(frozen=True)
class _Reclaimable:
    root: Path
    entry: Path
    size: int
    what: str


def propose(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """Deletes what can be fetched or built again, on the full file system only."""
    if diagnosis.label != "disk_full":
        return None
    if surroundings.allow.delete is None:
        return Refusal(NAME, "a policy forbids all deletion")
    full = full_mount(diagnosis, outcome, surroundings)
    if full is None:
        return Refusal(NAME, "nothing shows which file system was full")
    device = os.stat(full.path).st_dev
    found = sorted(
        (one for one in _reclaimable(surroundings) if _device(one.entry) == device and one.size >= _LEAST),
        key=lambda one: one.size,
    )
    chosen = _smallest_sufficient(found)
    if not chosen:
        return Refusal(NAME, f"nothing that may be deleted lies on the file system of {full.path} (`allow.delete` names folders)")
    total = sum(one.size for one in chosen)
    return Change(
        remedy=NAME,
        summary=f"frees {total >> 20} MB on the file system of {full.path}: {', '.join(dict.fromkeys(one.what for one in chosen))}",
        actions=tuple(
            Action("delete", str(one.entry), {"root": str(one.root), "bytes": str(one.size), "mount": full.path}) for one in chosen
        ),
        success_probability=0.65 if total >= ENOUGH else 0.4,
        cost_s=1.0 + total / (1 << 30) * 5,
        details={"mount": full.path, "bytes": total},
    )


def _reclaimable(surroundings: Surroundings) -> Iterator[_Reclaimable]:
    if "caches" in surroundings.allow.reclaim:
        for name, cache in CACHES.items():
            root = verified(cache, surroundings)
            if name in _NOT_RECLAIMED or not isinstance(root, Path):
                continue
            for entry in cache.purgeable(root):
                yield _Reclaimable(root, entry, size_of(entry), f"{name}'s cache")
    for folder in surroundings.allow.delete or ():
        path = Path(folder)
        if path.is_dir() and not path.is_symlink():
            for entry in sorted(path.iterdir()):
                yield _Reclaimable(path, entry, size_of(entry), folder)


def _smallest_sufficient(found: list[_Reclaimable]) -> list[_Reclaimable]:
    """The smallest one that is enough; where none is, the largest ones until it is enough or all."""
    enough = next((one for one in found if one.size >= ENOUGH), None)
    if enough is not None:
        return [enough]
    chosen: list[_Reclaimable] = []
    for one in reversed(found):
        if sum(other.size for other in chosen) >= ENOUGH:
            break
        chosen.append(one)
    return chosen


def size_of(path: Path) -> int:
    """Bytes on disk of a file or folder; links are not followed."""
    total = 0
    try:
        status = path.lstat()
        total += status.st_blocks * 512
        if path.is_symlink() or not path.is_dir():
            return total
    except OSError:
        return 0
    for folder, names, files in os.walk(path, followlinks=False):
        for name in (*names, *files):
            try:
                total += os.lstat(os.path.join(folder, name)).st_blocks * 512
            except OSError:
                continue
    return total


def _device(path: Path) -> int | None:
    try:
        return path.lstat().st_dev
    except OSError:
        return None


def apply(change: Change, surroundings: Surroundings) -> Applied:
    """Delete what was proposed, entry by entry; free space is measured before and after."""
    del surroundings
    done, error = [], ""
    for action in change.actions:
        before = kernel.disk(action.data["mount"])
        try:
            freed = delete_tree(Path(action.data["root"]), Path(action.target))
        except (OSError, ValueError) as problem:
            error = error or f"{action.target}: {problem}"
            continue
        after = kernel.disk(action.data["mount"])
        measured = f", {(after[0] - before[0]) >> 20} MB more free" if before and after else ""
        done.append(f"deleted {action.target} ({freed >> 20} MB{measured})")
    # What could be deleted may be enough: only when nothing went is the remedy a failure.
    return Applied(change, tuple(done), error="" if done else error)
