"""A lock or pid file that names its owner, and the owner is dead: Rails, X servers, Celery, browsers, daemons of all kinds."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

from guard.remedies import processes
from guard.remedies.deleting import delete_tree
from guard.remedies.leftovers import named
from guard.remedies.leftovers.leftover import REMEDY
from guard.types import Action, Diagnosis, Outcome, Refusal, Surroundings

NAME = "pid_file"

_NAME = re.compile(r"[\w.@+-]+\.(?:pid|lock|lck)|\.X\d{1,5}-lock|SingletonLock|lock|pid|\.lock|lockfile")
_OWNER = re.compile(r"\s*(?:pid[ :=]*)?(\d{1,8})\s*", re.IGNORECASE)
# Chromium makes a link that leads nowhere: `host-pid`.
_LINK = re.compile(r"(?P<host>.+)-(?P<pid>\d{1,8})")
_LONGEST = 64


def find(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> tuple[Action, ...] | Refusal | None:
    """Each file that the lines name, in the workspace, home or temporary folder, whose owner's pid is dead or another's by now."""
    found: list[Action] = []
    for root, path in named.ours(diagnosis, surroundings):
        owner = _owner(path) if _NAME.fullmatch(path.name) and ".git" not in path.parts else None
        if owner is None:
            continue
        host, pid = owner
        if host and host != socket.gethostname():
            return Refusal(REMEDY, f"{path} is of process {pid} on {host}, another machine, which cannot be looked at from here")
        if not processes.visible():
            return Refusal(REMEDY, "whether the owner still runs cannot be told on this system")
        reason = _held(path, pid)
        if reason:
            return Refusal(REMEDY, reason)
        if surroundings.allow.delete is None:
            return Refusal(REMEDY, "a policy forbids all deletion")
        found.append(Action("delete", str(path), {"leftover": NAME, "root": str(root), "pid": str(pid)}))
    del outcome
    return tuple(found) or None


def _owner(path: Path) -> tuple[str, int] | None:
    """(host, pid) as the file says, the host "" where it says none; None: it names no owner."""
    try:
        if path.is_symlink():
            link = _LINK.fullmatch(os.readlink(path))
            return (link["host"], int(link["pid"])) if link and not path.exists() else None
        if not path.is_file() or path.stat().st_size > _LONGEST:
            return None
        pid = _OWNER.fullmatch(path.read_text("ascii"))
        return ("", int(pid[1])) if pid else None
    except (OSError, ValueError):
        return None


def _held(path: Path, pid: int) -> str:
    """Who may still want it; "" when that is nobody."""
    if not path.is_symlink():
        users = processes.with_open(path)
        if users or processes.with_lock(path):
            return f"{path} is held by {processes.shown(users[0]) if users else 'a living process'}"
    owner = processes.process(pid)
    # A process that began after the file was written has only got the pid of the one that wrote it.
    if owner is None or (processes.began(owner) or 0.0) > path.lstat().st_mtime + 1:
        return ""
    return f"{path} is of {processes.shown(owner)}, which lives"


def act(action: Action, surroundings: Surroundings) -> str:
    """Delete it if it still names the same dead owner."""
    del surroundings
    path, pid = Path(action.target), int(action.data["pid"])
    owner = _owner(path)
    if owner is None or owner[1] != pid:
        return f"{path} is gone already"
    reason = _held(path, pid)
    if reason:
        raise ValueError(reason)
    delete_tree(Path(action.data["root"]), path)
    return f"deleted {path}, whose owner (pid {pid}) is dead"
