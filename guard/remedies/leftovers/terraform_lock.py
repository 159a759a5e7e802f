"""Terraform's lock of a local state: freed by the kernel with its holder, so that only a living holder can be in the way."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

from guard.caches import places, said
from guard.remedies import processes
from guard.remedies.deleting import delete_tree
from guard.remedies.leftovers.leftover import REMEDY
from guard.types import Action, Diagnosis, Outcome, Process, Refusal, Surroundings

NAME = "terraform_lock"

_ABOUT = re.compile(r"(?i)error (?:acquiring the state lock|locking state)")
_PATH = re.compile(r"(?m)^[\s│|]*Path:\s+(\S[^\n│]*?)\s*$")


def find(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> tuple[Action, ...] | Refusal | None:
    """Ends a holder of our own earlier attempt; a foreign one, or a remote state, is left alone with the reason.

    The note beside an unlocked state whose maker was on this host goes with it; Terraform itself does not mind it.
    """
    text = said.text(diagnosis)
    if not _ABOUT.search(text):
        return None
    state = _state(text, surroundings)
    if state is None:
        return Refusal(REMEDY, "the locked state lies outside the workspace, and to unlock it is a person's decision")
    for pid in processes.with_lock(state):
        holder = processes.process(pid) if pid else None
        if holder is None:
            return Refusal(REMEDY, f"{state} is locked by a process that cannot be seen from here")
        if not processes.ours(holder, outcome):
            return Refusal(REMEDY, f"{state} is locked by {processes.shown(holder)}, which this job did not start")
        if surroundings.allow.kill != "job":
            return Refusal(REMEDY, f"settings do not allow to end {processes.shown(holder)}, which locks {state}")
        return (Action("kill", str(pid), {"leftover": NAME, "start_ticks": str(holder.start_ticks), "name": holder.name}),)
    note = _note(state)
    if not note.is_file() or note.is_symlink() or not _of_this_host(note):
        return None
    if surroundings.allow.delete is None:
        return Refusal(REMEDY, "a policy forbids all deletion")
    return (Action("delete", str(note), {"leftover": NAME, "root": str(note.parent), "state": str(state)}),)


def _state(text: str, surroundings: Surroundings) -> Path | None:
    """The state file on this machine, inside the workspace: the lock's own `Path`, else terraform.tfstate here."""
    workspace = Path(surroundings.workspace).resolve()
    named: list[str] = _PATH.findall(text)
    for name in (*named, "terraform.tfstate"):
        if "\0" in name or "://" in name:
            continue
        path = (Path(surroundings.cwd) / name).resolve()
        if workspace in path.parents and (path.is_file() or _note(path).is_file()):
            return path
    return None


def _note(state: Path) -> Path:
    return state.with_name(f".{state.name}.lock.info")


def _of_this_host(note: Path) -> bool:
    try:
        who = json.loads(places.read(note)).get("Who", "")
    except (ValueError, AttributeError, RecursionError):
        return False
    return isinstance(who, str) and who.rpartition("@")[2] == socket.gethostname()


def act(action: Action, surroundings: Surroundings) -> str:
    """End the holder, or delete the note while nobody holds the state."""
    del surroundings
    if action.kind == "kill":
        one = Process(int(action.target), int(action.data["start_ticks"]), action.data["name"])
        problem = processes.end(one) if processes.same(one) else ""
        if problem:
            raise ValueError(f"{processes.shown(one)}: {problem}")
        return f"ended {processes.shown(one)} that locked the state"
    if processes.with_lock(Path(action.data["state"])):
        raise ValueError("the state is locked again")
    delete_tree(Path(action.data["root"]), Path(action.target))
    return f"deleted {action.target}"
