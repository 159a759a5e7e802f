"""Lock files of Gradle and Maven whose holder is dead."""

from __future__ import annotations

import re
from pathlib import Path

from guard.caches import gradle, maven, places, said
from guard.caches.root import verified
from guard.remedies import processes
from guard.remedies.deleting import delete_tree
from guard.remedies.leftovers.leftover import REMEDY
from guard.types import Action, Diagnosis, Outcome, Refusal, Surroundings

NAME = "maven_gradle_lock"

# Gradle: `Timeout waiting to lock journal cache (FOLDER). It is currently in use by …`, `Owner PID: N`, `Lock file: F`.
# Maven's resolver: `Could not acquire lock(s)`, `.part.lock` and files in `.locks`.
_ABOUT = re.compile(r"(?i)timeout waiting to lock|could not acquire (?:\w+ )?lock|in use by another gradle instance|\.part\.lock|cannot lock .{0,80}as it has already been locked")
_OWNER = re.compile(r"(?m)Owner PID:\s*(\d{1,10})")


def find(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> tuple[Action, ...] | Refusal | None:
    """The named lock files in a verified cache or in the project's .gradle, when neither kernel nor owner pid shows a holder."""
    text = said.text(diagnosis)
    if not _ABOUT.search(text):
        return None
    locks = _locks(diagnosis, outcome, surroundings)
    if not locks:
        return None
    if not processes.visible():
        return Refusal(REMEDY, "whether the lock's owner still runs cannot be told on this system")
    suspects = [processes.process(int(pid)) for pid in _OWNER.findall(text)]
    for _, lock in locks:
        pids = processes.with_lock(lock)
        suspects += [processes.process(pid) for pid in pids]
        if pids and 0 in pids:
            return Refusal(REMEDY, f"{lock} is held by a process that cannot be seen from here")
        suspects += processes.with_open(lock)
    # A pid in the log may be another's by now: only a Java process can be a Gradle or Maven.
    living = [one for one in suspects if one is not None and one.name.startswith(("java", "gradle", "mvn", "GradleD"))]
    foreign = next((one for one in living if not processes.ours(one, outcome)), None)
    if foreign is not None:
        return Refusal(REMEDY, f"{locks[0][1].name} is held by {processes.shown(foreign)}, which this job did not start")
    if surroundings.allow.delete is None:
        return Refusal(REMEDY, "a policy forbids all deletion")
    return tuple(Action("delete", str(lock), {"leftover": NAME, "root": str(root)}) for root, lock in locks)


def _locks(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> list[tuple[Path, Path]]:
    """(root, lock file) for each that the lines name, or that lies in a folder that they name."""
    roots: list[Path] = []
    for name, cache in (("gradle", gradle), ("maven", maven)):
        root = verified(cache, surroundings, places.named_by(name, outcome.command))
        roots += [root] if isinstance(root, Path) else []
    project = Path(surroundings.workspace).resolve() / ".gradle"
    roots += [project] if project.is_dir() and not project.is_symlink() else []
    found = []
    for root in roots:
        for path in said.paths_below(root, diagnosis):
            files = sorted(path.glob("*.lock")) if path.is_dir() else [path]
            for file in files:
                own = file.name.endswith(".lock") or file.parent.name == ".locks"
                if own and file.is_file() and not file.is_symlink() and (root, file) not in found:
                    found.append((root, file))
    return found[:50]


def act(action: Action, surroundings: Surroundings) -> str:
    """Delete it while nobody holds it."""
    del surroundings
    lock = Path(action.target)
    if processes.with_lock(lock) or processes.with_open(lock):
        raise ValueError(f"{lock.name} is held again")
    delete_tree(Path(action.data["root"]), lock)
    return f"deleted {lock}, whose owner is dead"
