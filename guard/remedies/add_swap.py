"""A swap file for the attempts that are left, where the settings allow it (`allow: {swap: on}`) and we are root or sudo asks nothing.

Gone at the end of the run, also when later attempts are killed. Where guard itself is killed outright it stays until
the next guard on that machine that adds swap, or until the machine stops.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from guard.remedies import own_command
from guard.remedies.protocol import nothing_to_apply
from guard.types import Action, Applied, Change, Diagnosis, Outcome, Refusal, Surroundings

NAME = "add_swap"
LABELS = frozenset({"out_of_memory"})

PREFIX = ".pipeguard-swap-"
_MB = 1 << 20
_LEAST, _MOST = 512 * _MB, 8192 * _MB
_KEPT_FREE = 1024 * _MB
"""Free disk that the swap file must leave."""
_SYS_ADMIN = 21  # linux/capability.h
# A file is fit for swap there as it stands; btrfs wants one without copy-on-write, tmpfs and overlay take none (swapon(8)).
_FIT = frozenset({"ext2", "ext3", "ext4", "xfs"})
_LIMIT_S = 60.0
_SBIN = "/usr/sbin:/sbin"
_CGROUPS = "/sys/fs/cgroup"


def propose(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """As much swap as the attempt was seen to need, at most half of what is free on a fit file system."""
    if diagnosis.label not in LABELS or not surroundings.allow.swap or not surroundings.system.startswith("linux"):
        return None
    if _ours(Path("/proc/swaps")):
        return None
    reason = _barred(surroundings)
    if reason:
        return Refusal(NAME, reason)
    memory = surroundings.memory_limit_bytes or surroundings.memory_total_bytes or 0
    needed = max(outcome.telemetry.peak_rss_bytes or 0, 2 * memory if surroundings.memory_limit_bytes else memory // 2, _LEAST)
    for place, free in _places(surroundings):
        size = min(needed, free // 2, free - _KEPT_FREE, _MOST) // _MB * _MB
        if size >= _LEAST:
            file = f"{place.rstrip('/')}/{PREFIX}{os.getpid()}-{outcome.number}"
            return Change(
                remedy=NAME,
                summary=f"adds {size // _MB} MB of swap in {place}",
                actions=(Action("swap", file, {"bytes": str(size), "sudo": "" if surroundings.root else "yes"}),),
                success_probability=0.55,
                cost_s=3.0,
                details={"bytes": size, "file": file},
            )
    return Refusal(NAME, f"no file system that can hold swap has {_LEAST // _MB} MB to spare")


def _barred(surroundings: Surroundings) -> str:
    """Why this process may not add swap, or why swap would not help; "" where nothing speaks against it."""
    if surroundings.root and not _may(_capabilities()):
        return "this container may not add swap (it lacks CAP_SYS_ADMIN)"
    if not surroundings.root and "sudo" not in surroundings.tools:
        return "swap needs root, and there is no sudo"
    if _swap_limit() == "0":
        return "this job's cgroup may not use swap (memory.swap.max is 0; cgroup v1: memsw.limit_in_bytes is the memory limit, or swappiness 0)"
    return ""


def _capabilities() -> int:
    match = re.search(r"^CapEff:\s*([0-9a-f]+)", _text("/proc/self/status"), re.MULTILINE)
    return int(match.group(1), 16) if match else 0


def _may(mask: int) -> bool:
    return bool(mask >> _SYS_ADMIN & 1)


def _swap_limit() -> str:
    """`memory.swap.max` of our own cgroup, "0" where a cgroup of v1 allows none; "" where nothing is said."""
    for row in _text("/proc/self/cgroup").splitlines():
        _, controllers, path = [*row.split(":", 2), "", ""][:3]
        if not controllers:
            said = _text(f"{_CGROUPS}{path}/memory.swap.max").strip()
        elif "memory" in controllers.split(","):
            said = "0" if _no_swap(f"{_CGROUPS}/memory{path}") else ""
        else:
            continue
        if said:
            return said
    return ""


def _no_swap(folder: str) -> bool:
    """Of a limited cgroup of v1 (the kernel's memory.rst): no more memory and swap together than memory, or `swappiness` 0."""
    both, memory = (_text(f"{folder}/{name}").strip() for name in ("memory.memsw.limit_in_bytes", "memory.limit_in_bytes"))
    if not memory.isdigit() or int(memory) >= 1 << 60:
        return False
    return (both.isdigit() and int(both) <= int(memory)) or _text(f"{folder}/memory.swappiness").strip() == "0"


def _places(surroundings: Surroundings) -> Iterator[tuple[str, int]]:
    """(folder, free bytes) outside of the workspace, on a file system that can hold swap."""
    kinds = _kinds(_text("/proc/self/mountinfo"))
    workspace = os.path.realpath(surroundings.workspace)
    for place in dict.fromkeys(("/var/tmp", surroundings.env.get("RUNNER_TEMP", ""), surroundings.temp, "/mnt")):
        real = os.path.realpath(place) if os.path.isabs(place) else ""
        if not real or real == workspace or real.startswith(f"{workspace}/"):
            continue
        try:
            device, status = os.stat(real).st_dev, os.statvfs(real)
        except OSError:
            continue
        if kinds.get((os.major(device), os.minor(device))) in _FIT and os.path.isdir(real):
            yield real, status.f_bavail * status.f_frsize


def _kinds(mountinfo: str) -> dict[tuple[int, int], str]:
    """Device → type of its file system (proc(5), /proc/PID/mountinfo)."""
    found = {}
    for row in mountinfo.splitlines():
        words, _, rest = row.partition(" - ")
        fields = words.split()
        if len(fields) > 2 and rest:
            major, _, minor = fields[2].partition(":")
            if major.isdigit() and minor.isdigit():
                found[int(major), int(minor)] = rest.split()[0]
    return found


def apply(change: Change, surroundings: Surroundings) -> Applied:
    """Make the file, for root alone, and turn it on; what cannot be turned on is taken away again."""
    if not change.actions:
        return nothing_to_apply(change, surroundings)
    action = change.actions[0]
    file, sudo = Path(action.target), bool(action.data["sudo"])
    forgotten = _take_away_forgotten(file.parent, surroundings, sudo)
    undo_by = {"file": str(file), "sudo": action.data["sudo"]}
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        return Applied(change, error=f"{file} could not be made: {error.strerror}")
    try:
        undo_by["inode"] = str(os.fstat(descriptor).st_ino)
        os.posix_fallocate(descriptor, 0, int(action.data["bytes"]))
    except OSError as error:
        file.unlink(missing_ok=True)
        return Applied(change, error=f"{file} could not be made: {error.strerror}")
    finally:
        os.close(descriptor)
    owner = (_as_root(("chown", "0:0", str(file)), sudo),) if sudo else ()
    for argv in (*owner, _as_root(("mkswap", str(file)), sudo), _as_root(("swapon", str(file)), sudo)):
        problem = own_command.run(argv, _env(surroundings), _LIMIT_S)
        if problem:
            _remove(undo_by, surroundings)
            return Applied(change, forgotten, error=f"{' '.join(argv)} {problem}")
    return Applied(change, (*forgotten, f"added {int(action.data['bytes']) // _MB} MB of swap ({file})"), undo=undo_by)


def undo(applied: Applied, surroundings: Surroundings) -> None:
    """Turn it off and delete the file, if it is the one that was made."""
    _remove(applied.undo, surroundings)


def _remove(made: Mapping[str, str], surroundings: Surroundings) -> None:
    file = Path(made.get("file", ""))
    if not file.name.startswith(PREFIX):
        return
    try:
        same = str(file.lstat().st_ino) == made.get("inode")
    except OSError:
        return
    if not same or file.is_symlink():
        return
    sudo = bool(made.get("sudo"))
    if str(file) in _ours(Path("/proc/swaps")):
        own_command.run(_as_root(("swapoff", str(file)), sudo), _env(surroundings), _LIMIT_S)
    if str(file) not in _ours(Path("/proc/swaps")):
        if sudo:
            own_command.run(_as_root(("rm", "-f", "--", str(file)), sudo), _env(surroundings), _LIMIT_S)
        else:
            file.unlink(missing_ok=True)


def _take_away_forgotten(folder: Path, surroundings: Surroundings, sudo: bool) -> tuple[str, ...]:
    """Swap of a guard that was killed outright: its number is in the name, and no such process lives."""
    done = []
    for name in _ours(Path("/proc/swaps")):
        match = re.fullmatch(rf"{re.escape(PREFIX)}(\d+)-\d+", Path(name).name)
        if match and Path(name).parent == folder and not Path("/proc", match.group(1)).exists():
            try:
                made = {"file": name, "inode": str(Path(name).lstat().st_ino), "sudo": "yes" if sudo else ""}
            except OSError:
                continue
            _remove(made, surroundings)
            done.append(f"took away {name}, left by a guard that was killed")
    return tuple(done)


def _ours(table: Path) -> tuple[str, ...]:
    """The swap files in use that a guard made."""
    rows = _text(str(table)).splitlines()[1:]
    names = (row.split()[0] for row in rows if row.split())
    return tuple(name for name in names if Path(name).name.startswith(PREFIX))


def _as_root(argv: tuple[str, ...], sudo: bool) -> tuple[str, ...]:
    return ("sudo", "-n", *argv) if sudo else argv


def _env(surroundings: Surroundings) -> dict[str, str]:
    return {"PATH": f"{_SBIN}:{surroundings.env.get('PATH', os.defpath)}"}


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(1 << 20)
    except OSError:
        return ""
