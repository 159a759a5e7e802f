"""dpkg's and apt's locks, which the kernel frees with their holder: what a dead one leaves is a half-done configuration."""

from __future__ import annotations

import re
from pathlib import Path

from guard.caches import said
from guard.remedies import own_command, processes
from guard.remedies.leftovers.leftover import REMEDY
from guard.types import Action, Diagnosis, Outcome, Refusal, Surroundings

NAME = "apt_lock"

LOCKS = tuple(
    Path(name)
    for name in (
        "/var/lib/dpkg/lock-frontend",
        "/var/lib/dpkg/lock",
        "/var/lib/apt/lists/lock",
        "/var/cache/apt/archives/lock",
        "/var/cache/debconf/config.dat",
    )
)
_UPDATES = Path("/var/lib/dpkg/updates")
_ABOUT = re.compile(r"/var/lib/dpkg|/var/lib/apt|/var/cache/apt|/var/cache/debconf|dpkg was interrupted|dpkg --configure -a|dpkg frontend lock")
_INTERRUPTED = re.compile(r"dpkg was interrupted|dpkg --configure -a")
_CONFIGURE = ("dpkg", "--configure", "-a")
_LIMIT_S = 300.0


def find(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> tuple[Action, ...] | Refusal | None:
    """A foreign living holder is named and left alone; after an interrupted dpkg its configuration is finished, as root.

    None when the lock is free by now: nothing needs to be done but to try again.
    """
    text = said.text(diagnosis)
    if not _ABOUT.search(text):
        return None
    for lock in LOCKS:
        for pid in processes.with_lock(lock):
            holder = processes.process(pid) if pid else None
            if holder is None:
                return Refusal(REMEDY, f"{lock} is held by a process that cannot be seen from here")
            if not processes.ours(holder, outcome):
                return Refusal(REMEDY, f"{lock} is held by {processes.shown(holder)}, which is not of this job")
    if not (_INTERRUPTED.search(text) or _half_done()):
        return None
    if not surroundings.root:
        return Refusal(REMEDY, "`dpkg --configure -a` needs root")
    return (Action("run", " ".join(_CONFIGURE), {"leftover": NAME}),)


def _half_done() -> bool:
    """Whether dpkg's journal holds steps that were not finished (dpkg(1), --configure)."""
    try:
        return any(path.name.isdigit() for path in _UPDATES.iterdir())
    except OSError:
        return False


def act(action: Action, surroundings: Surroundings) -> str:
    """Finish what dpkg was doing; questions are answered with their defaults."""
    problem = own_command.run((*_CONFIGURE, "--force-confdef", "--force-confold"), surroundings.env, _LIMIT_S)
    if problem:
        raise ValueError(f"{action.target} {problem}")
    return f"ran {action.target}"
