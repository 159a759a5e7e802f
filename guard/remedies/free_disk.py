"""Room on the full file system: what may be deleted there, the smallest that is enough first."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from guard.remedies import own_command
from guard.remedies.deleting import delete_tree
from guard.remedies.protocol import nothing_to_undo
from guard.remedies.space import docker_space, hosted_folders
from guard.remedies.space.full_disk import FullDisk, full_disk
from guard.remedies.space.reclaimable import Reclaimable, may_go, reclaimable
from guard.remedies.space.sizes import holds
from guard.remedies.tools_in_play import programs
from guard.types import Action, Applied, Change, Diagnosis, Outcome, Refusal, Surroundings

NAME = "free_disk"
LABELS = frozenset({"disk_full"})

undo = nothing_to_undo

_MB = 1 << 20
_LEAST, _MOST = 256 * _MB, 2048 * _MB
"""Bytes that are worth another attempt when nothing tells how many it needs: a tenth of the disk, within these."""
_LEAST_INODES = 5_000
_SUDO_S = 180.0


@dataclass(frozen=True)
class _Candidate:
    thing: Reclaimable
    gives: int
    """Bytes, or inodes where these ran out."""


def propose(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """Deletes what can be fetched or built again, on the file system that was full and on no other."""
    if diagnosis.label not in LABELS:
        return None
    if surroundings.allow.delete is None:
        return Refusal(NAME, "a policy forbids all deletion")
    full = full_disk(diagnosis, outcome, surroundings)
    if full is None:
        return Refusal(NAME, "nothing shows which file system was full")
    temp = outcome.command.env.get("TMPDIR", "")
    used = programs(outcome.command)
    found = [
        _Candidate(thing, gives)
        for thing in reclaimable(surroundings, temp, used)
        if (gives := sum(holds(entry, full.device)[full.inodes] for entry in thing.entries)) > 0
    ]
    enough = _enough(full)
    chosen = smallest_sufficient(found, enough, lambda one: one.gives)
    total = sum(one.gives for one in chosen)
    place = full.mount.path
    prune = docker_space.action(surroundings, full.device, enough - total, place) if total < enough and not full.inodes else None
    if total < (1 if full.inodes else _MB) and prune is None:
        return Refusal(
            NAME, f"nothing that may be deleted lies on the full file system of {place} (`allow: {{delete: […]}}` names folders)"
        )
    told = f"{total} inodes" if full.inodes else f"{total // _MB} MB"
    deletes = f"frees {told} on the full file system of {place} by deleting {_told([one.thing.what for one in chosen])}" if chosen else ""
    prunes = "" if prune is None else "frees what docker keeps and nothing uses"
    return Change(
        remedy=NAME,
        summary=" and ".join(text for text in (deletes, prunes) if text),
        actions=(*(_action(one.thing, place, used) for one in chosen), *((prune,) if prune is not None else ())),
        success_probability=0.65 if total >= enough else 0.4,
        cost_s=_cost(chosen, 0 if full.inodes else total, prune is not None),
        details={"mount": place, "inodes" if full.inodes else "bytes": total},
    )


def smallest_sufficient(
    found: Sequence[_Candidate], enough: int, size: Callable[[_Candidate], int]
) -> list[_Candidate]:
    """The smallest one that is enough; where none is, the largest ones until they are, or all."""
    ordered = sorted(found, key=size)
    for one in ordered:
        if size(one) >= enough:
            return [one]
    chosen: list[_Candidate] = []
    for one in reversed(ordered):
        if sum(map(size, chosen)) >= enough:
            break
        chosen.append(one)
    return chosen


def _cost(chosen: Sequence[_Candidate], freed: int, docker: bool) -> float:
    """Seconds that deleting takes: a little for each entry, three for each GiB, twenty for what docker does."""
    entries = sum(len(one.thing.entries) for one in chosen)
    return round(0.5 + entries * 0.01 + freed / (1 << 30) * 3 + (20.0 if docker else 0.0), 1)


def _enough(full: FullDisk) -> int:
    if full.inodes:
        return max(_LEAST_INODES, (full.mount.total_inodes or 0) // 50)
    total = full.mount.total_bytes
    return _LEAST if not total else min(max(_LEAST, total // 10), _MOST, max(total // 2, 1))


def _told(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _action(thing: Reclaimable, place: str, used: frozenset[str]) -> Action:
    names = [str(entry.relative_to(thing.root)) for entry in thing.entries]
    target = str(thing.entries[0] if len(names) == 1 else thing.root)
    data = {"what": thing.what, "root": str(thing.root), "entries": json.dumps(names), "mount": place}
    if thing.by_sudo:
        data["sudo"] = "yes"
    needs = sorted(used & hosted_folders.NEEDED_BY)
    if needs:
        data["programs"] = json.dumps(needs)
    return Action("delete", target, data)


def apply(change: Change, surroundings: Surroundings) -> Applied:
    """Delete what was proposed if it still may go; free space is measured before and after."""
    done: list[str] = []
    problem = ""
    for action in change.actions:
        if action.kind == "run":
            lines, failed = docker_space.act(action, surroundings, _free)
            done += lines
            problem = problem or failed
            continue
        root = Path(action.data["root"])
        entries = tuple(root / name for name in json.loads(action.data["entries"]))
        if not may_go(root, entries, surroundings, frozenset(json.loads(action.data.get("programs", "[]")))):
            problem = problem or f"{action.target} is not what it was and stays"
            continue
        before = _free(action.data["mount"])
        deleted = 0
        for entry in entries:
            try:
                _delete(root, entry, surroundings, "sudo" in action.data)
                deleted += 1
            except (OSError, ValueError) as error:
                problem = problem or f"{entry} could not be deleted: {error}"
        if deleted:
            done.append(f"deleted {action.data['what']} ({deleted} of {len(entries)} entries of {root}){_gain(before, action)}")
    # What could be deleted may be enough: only where nothing went has the remedy failed.
    return Applied(change, tuple(done), error="" if done else problem or "there was nothing left to delete")


def _delete(root: Path, entry: Path, surroundings: Surroundings, by_sudo: bool) -> None:
    """Raises OSError or ValueError where it cannot be deleted."""
    if not by_sudo:
        delete_tree(root, entry)
        return
    # One of the fixed folders, just seen to be a real one; nothing of a log or a variable is in its name.
    problem = own_command.run(("sudo", "-n", "rm", "-rf", "--one-file-system", "--", str(entry)), surroundings.env, _SUDO_S)
    if problem:
        raise OSError(problem)


def _gain(before: tuple[int, int] | None, action: Action) -> str:
    after = _free(action.data["mount"])
    if before is None or after is None:
        return ""
    return f": {max(after[0] - before[0], 0) // _MB} MB and {max(after[1] - before[1], 0)} inodes more are free"


def _free(place: str) -> tuple[int, int] | None:
    try:
        status = os.statvfs(place)
    except OSError:
        return None
    return status.f_bavail * status.f_frsize, status.f_favail
