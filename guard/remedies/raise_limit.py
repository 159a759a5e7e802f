"""A soft limit raised to the hard one: open files, processes, core, stack."""

from __future__ import annotations

import re

from guard.remedies.protocol import nothing_to_apply, nothing_to_undo
from guard.types import Change, Diagnosis, Outcome, Refusal, Surroundings

NAME = "raise_limit"
LABELS = frozenset({"resource_limit"})

apply = nothing_to_apply
undo = nothing_to_undo

_FILES = re.compile(r"[Tt]oo many open files|\bEMFILE\b|\bENFILE\b|\bulimit -n\b|[Ff]ile descriptors?|errno 24\b", re.IGNORECASE)
_PROCESSES = re.compile(r"fork|native thread|[Rr]esource temporarily unavailable|\bEAGAIN\b|can't start new thread|pthread_create|spawn", re.IGNORECASE)
_STACK = re.compile(r"stack (?:overflow|limit|size)|StackOverflow|ulimit -s|Argument list too long", re.IGNORECASE)
_INOTIFY = re.compile(r"inotify|file watchers|\bENOSPC\b.*watch|watch limit", re.IGNORECASE)
_SHM = re.compile(r"/dev/shm|shared memory|shm_open|Bus error", re.IGNORECASE)


def propose(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """The limit that the evidence names, raised as far as an ordinary user may."""
    del surroundings
    if diagnosis.label != "resource_limit":
        return None
    said = "\n".join(evidence.text for evidence in diagnosis.evidence)
    telemetry = outcome.telemetry
    if _INOTIFY.search(said):
        return Refusal(NAME, "the watch limit is the machine's: `sysctl fs.inotify.max_user_watches` (or _instances) sets it")
    if _FILES.search(said):
        return _raised("RLIMIT_NOFILE", "open files", "ulimit -n", telemetry.open_files_limit)
    if _STACK.search(said):
        return Change(NAME, "raises the stack limit to the hard one", rlimits={"RLIMIT_STACK": -1}, success_probability=0.4)
    if _PROCESSES.search(said):
        return _raised("RLIMIT_NPROC", "processes", "ulimit -u", telemetry.processes_limit)
    if _SHM.search(said):
        return Refusal(NAME, "/dev/shm has the size that the container was given (`--shm-size`)")
    return None


def _raised(name: str, what: str, how: str, limit: tuple[int, int] | None) -> Change | Refusal | None:
    if limit is None:
        return None
    soft, hard = limit
    if soft == hard or soft == -1:
        return Refusal(NAME, f"the limit of {what} ({soft}) is the hard one already: whoever starts the job sets it (`{how}`)")
    shown = "no limit" if hard == -1 else str(hard)
    return Change(
        remedy=NAME,
        summary=f"raises the limit of {what} from {soft} to {shown}",
        rlimits={name: -1},
        success_probability=0.75,
        details={"limit": name, "old": soft, "new": hard},
    )
