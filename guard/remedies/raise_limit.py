"""A soft limit raised towards the hard one: open files, processes, stack, core, file size, locked memory, address space."""

from __future__ import annotations

import re
from dataclasses import dataclass

from guard.remedies.protocol import nothing_to_apply, nothing_to_undo
from guard.types import Change, Diagnosis, Outcome, Refusal, Surroundings

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None  # type: ignore[assignment]

NAME = "raise_limit"
LABELS = frozenset({"resource_limit", "out_of_memory"})

apply = nothing_to_apply
undo = nothing_to_undo

UNLIMITED = -1


@dataclass(frozen=True)
class _Limit:
    said: re.Pattern[str]
    name: str
    what: str
    flag: str
    """Of `ulimit`."""
    enough: int
    """Raised no further than this, however high the hard limit is."""
    odds: float = 0.7


_MB = 1 << 20
_NO_LIMIT = 1 << 62
_MEMORY = _Limit(
    # Of a program that asked in vain, not of one that the kernel ended.
    re.compile(r"MemoryError|bad_alloc|cannot allocate memory|out of memory|\bENOMEM\b|failed to allocate|could not reserve|\bulimit -v\b|RLIMIT_AS", re.I),
    "RLIMIT_AS",
    "address space",
    "-v",
    _NO_LIMIT,
    0.6,
)
# The first that the evidence names is the one. Some programs walk over every descriptor up to the limit, so a hard
# limit of a billion (Docker's) is not taken whole; glibc takes an unlimited stack as one of 2 MB for threads.
_LIMITS = (
    _Limit(
        re.compile(r"too many open files|\bEMFILE\b|\bulimit -n\b|errno[ =:]*24\b|file descriptor(?:s|\b.{0,20}limit)", re.I),
        "RLIMIT_NOFILE",
        "open files",
        "-n",
        1 << 20,
        0.8,
    ),
    _Limit(
        # execve(2): arguments may fill a quarter of the stack, and 6 MB at most
        re.compile(r"\bulimit -s\b|(?<!call )stack (?:size )?limit|(?<!call )stack size|argument list too long|\bE2BIG\b|RLIMIT_STACK", re.I),
        "RLIMIT_STACK",
        "stack",
        "-s",
        64 * _MB,
        0.6,
    ),
    _Limit(re.compile(r"\bulimit -c\b|core file size|RLIMIT_CORE", re.I), "RLIMIT_CORE", "core dumps", "-c", 4096 * _MB, 0.4),
    _Limit(
        re.compile(r"file size limit exceeded|\bSIGXFSZ\b|\bEFBIG\b|file too large|\bulimit -f\b", re.I),
        "RLIMIT_FSIZE",
        "the size of a file",
        "-f",
        _NO_LIMIT,
        0.7,
    ),
    _MEMORY,
    _Limit(
        re.compile(r"\bmlock|memlock|locked memory|\bulimit -l\b|RLIMIT_MEMLOCK", re.I),
        "RLIMIT_MEMLOCK",
        "locked memory",
        "-l",
        _NO_LIMIT,
        0.6,
    ),
    _Limit(
        re.compile(
            r"\bfork\b|\bforking\b|native thread|can't start new thread|pthread_create|\bspawn|\bclone\b|\bulimit -u\b"
            r"|resource temporarily unavailable|\bEAGAIN\b|RLIMIT_NPROC|max user processes",
            re.I,
        ),
        "RLIMIT_NPROC",
        "processes",
        "-u",
        _NO_LIMIT,
        0.6,
    ),
)
# Limits of the machine, not of the process: (what the evidence says, the reason that names what sets them)
_THE_MACHINES = (
    (
        re.compile(r"inotify|file watchers|watch limit|ENOSPC.{0,80}\bwatch|system limit for number of file watchers", re.I),
        "watches are limited by the machine: `sysctl fs.inotify.max_user_watches` and `fs.inotify.max_user_instances`",
    ),
    (
        re.compile(r"/dev/shm|shared memory|\bshm_open|\bshmget|\bshmall|\bshmmax", re.I),
        "shared memory is limited by the machine: the size of /dev/shm (`--shm-size` of the container) and `sysctl kernel.shmmax`",
    ),
    (re.compile(r"\bsemget|semaphore", re.I), "semaphores are limited by the machine: `sysctl kernel.sem`"),
    (
        re.compile(r"\bENFILE\b|too many open files in system|file table overflow", re.I),
        "open files of the whole machine are limited: `sysctl fs.file-max`",
    ),
    (
        re.compile(r"max_map_count|vm\.max_map", re.I),
        "memory maps are limited by the machine: `sysctl vm.max_map_count`",
    ),
)


def propose(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """The limit that the evidence names, raised as far as a process may raise it itself."""
    del surroundings
    if diagnosis.label not in LABELS:
        return None
    if diagnosis.label == "out_of_memory":
        return _of_memory(diagnosis, outcome)
    said = "\n".join((*(evidence.text for evidence in diagnosis.evidence), str(diagnosis.entities.get("limit", ""))))
    for pattern, reason in _THE_MACHINES:
        if pattern.search(said):
            return Refusal(NAME, reason)
    limit = next((limit for limit in _LIMITS if limit.said.search(said)), None)
    return None if limit is None else _raised(limit, outcome)


def _of_memory(diagnosis: Diagnosis, outcome: Outcome) -> Change | Refusal | None:
    """Only where a soft limit below the hard one stands in the way; most jobs have none."""
    now = _now(_MEMORY.name, outcome)
    said = "\n".join(evidence.text for evidence in diagnosis.evidence)
    if now is None or now[0] == UNLIMITED or now[0] == now[1] or outcome.telemetry.oom_kills or not _MEMORY.said.search(said):
        return None
    return _raised(_MEMORY, outcome)


def _raised(limit: _Limit, outcome: Outcome) -> Change | Refusal | None:
    now = _now(limit.name, outcome)
    if now is None:
        return None
    soft, hard = now
    how = f"`ulimit {limit.flag}`"
    if soft == UNLIMITED:
        if limit.name == "RLIMIT_NPROC":
            return Refusal(NAME, f"{how} sets no limit of processes, so it is the container's: its pids limit (`--pids-limit`)")
        return None
    if soft == hard:
        more = ", or it is the container's pids limit (`--pids-limit`)" if limit.name == "RLIMIT_NPROC" else ""
        return Refusal(NAME, f"the limit of {limit.what} is {soft}, the hard one already: who starts the job sets it ({how}){more}")
    new = limit.enough if hard == UNLIMITED else min(hard, max(limit.enough, soft))
    whole = new == hard or (hard == UNLIMITED and new >= _NO_LIMIT)
    if new <= soft:
        return Refusal(NAME, f"the limit of {limit.what} is {soft} already ({how})")
    return Change(
        remedy=NAME,
        summary=f"raises the limit of {limit.what} from {soft} to {'unlimited' if whole and hard == UNLIMITED else new}",
        rlimits={limit.name: UNLIMITED if whole else new},
        success_probability=limit.odds,
        details={"limit": limit.name, "old": soft, "new": new, "hard": hard},
    )


def _now(name: str, outcome: Outcome) -> tuple[int, int] | None:
    """(soft, hard) as the attempt had them; for those that telemetry does not hold, our own, which it inherits."""
    telemetry = outcome.telemetry
    told = {"RLIMIT_NOFILE": telemetry.open_files_limit, "RLIMIT_NPROC": telemetry.processes_limit}.get(name)
    if told is not None:
        return told
    if resource is None or not hasattr(resource, name):
        return None
    soft, hard = resource.getrlimit(getattr(resource, name))
    return (
        UNLIMITED if soft == resource.RLIM_INFINITY else soft,
        UNLIMITED if hard == resource.RLIM_INFINITY else hard,
    )
