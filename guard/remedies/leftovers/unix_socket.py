"""A socket file whose server is dead: nobody listens on it, and it keeps the next one from starting."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from guard.caches import said
from guard.remedies.deleting import delete_tree
from guard.remedies.leftovers import named
from guard.remedies.leftovers.leftover import REMEDY
from guard.types import Action, Diagnosis, Outcome, Refusal, Surroundings

NAME = "unix_socket"

_ABOUT = re.compile(r"(?i)address (?:is )?already in use|EADDRINUSE")


def find(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> tuple[Action, ...] | Refusal | None:
    """The sockets that the lines name, in the workspace or the temporary folder, when the kernel knows no listener of that path."""
    del outcome
    if not _ABOUT.search(said.text(diagnosis)):
        return None
    found: list[Action] = []
    for root, path in named.ours(diagnosis, surroundings):
        if not _is_socket(path):
            continue
        if _listened(path):
            return Refusal(REMEDY, f"a living process listens on {path}")
        if surroundings.allow.delete is None:
            return Refusal(REMEDY, "a policy forbids all deletion")
        found.append(Action("delete", str(path), {"leftover": NAME, "root": str(root)}))
    return tuple(found) or None


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(path.lstat().st_mode)
    except OSError:
        return False


def _listened(path: Path) -> bool:
    """Whether a socket of that name is open: proc_net(5), the last column of /proc/net/unix is the path as it was bound."""
    try:
        lines = Path("/proc/net/unix").read_text("utf-8", "replace").splitlines()[1:]
    except OSError:
        return True
    bound = (line.split(maxsplit=7)[-1] for line in lines if len(line.split(maxsplit=7)) == 8)
    # One that was bound by a relative path has its last part alone to go by.
    return any(Path(name) == path or (not name.startswith(("/", "@")) and Path(name).name == path.name) for name in bound)


def act(action: Action, surroundings: Surroundings) -> str:
    """Delete it while nobody listens."""
    del surroundings
    path = Path(action.target)
    if not _is_socket(path):
        return f"{path} is gone already"
    if _listened(path):
        raise ValueError(f"a process listens on {path} again")
    delete_tree(Path(action.data["root"]), path)
    return f"deleted {path}, on which nobody listens"
