"""Lock files that a git process left behind when it died, in the workspace's own repository."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from guard.caches import said
from guard.remedies import processes
from guard.remedies.deleting import delete_tree
from guard.remedies.leftovers.leftover import REMEDY
from guard.types import Action, Diagnosis, Outcome, Process, Refusal, Surroundings

NAME = "git_lock"

# The files that git locks (its lockfile API adds `.lock`); the same below a submodule's or worktree's own folder.
_PLAIN = (
    r"index|shallow|HEAD|ORIG_HEAD|FETCH_HEAD|MERGE_HEAD|CHERRY_PICK_HEAD|REVERT_HEAD|packed-refs|config"
    r"|config\.worktree|info/sparse-checkout|objects/info/commit-graph|objects/info/commit-graphs/commit-graph-chain"
    r"|objects/pack/multi-pack-index|objects/info/alternates|refs/[^/].*"
)
_LOCK = re.compile(rf"(?:(?:modules|worktrees)/.+/)?(?:{_PLAIN})\.lock")
_NAMED = re.compile(r"['\"]([^'\"\n]{1,1000}\.lock)['\"]|(?:could not lock config file |lock file )([^'\"\n:]{1,1000}?)(?=: |$)")
# Those that are looked for beside a named one: a dead process may have left more than one.
_BESIDE = ("index.lock", "HEAD.lock", "config.lock", "packed-refs.lock", "shallow.lock")


def find(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> tuple[Action, ...] | Refusal | None:
    """The named lock files that really lie in the workspace's repository, when no living process can hold them."""
    named = tuple(_named(diagnosis, surroundings))
    if not named:
        return None
    workspace = Path(surroundings.workspace).resolve()
    outside = next((path for path in named if workspace not in path.parents), None)
    if outside is not None:
        return Refusal(REMEDY, f"{outside} is not in the workspace")
    locks: list[tuple[Path, Path]] = []
    for path in named:
        folder = _git_folder(path)
        if folder is None:
            return Refusal(REMEDY, f"{path} is not one of git's own lock files")
        for lock in (path, *(folder / name for name in _BESIDE)):
            if lock.is_file() and not lock.is_symlink() and (folder, lock) not in locks:
                locks.append((folder, lock))
    if not processes.visible():
        return Refusal(REMEDY, "whether a git process still runs cannot be told on this system")
    for folder, lock in locks:
        holder = next((one for one in _holders(folder, lock) if not processes.ours(one, outcome)), None)
        if holder is not None:
            return Refusal(REMEDY, f"{processes.shown(holder)} runs in this repository and may hold {lock.name}")
    if not locks:
        return None
    if surroundings.allow.delete is None:
        return Refusal(REMEDY, "a policy forbids all deletion")
    return tuple(
        Action("delete", str(lock), {"leftover": NAME, "root": str(folder), "inode": str(lock.stat().st_ino)})
        for folder, lock in locks
    )


def _named(diagnosis: Diagnosis, surroundings: Surroundings) -> Iterator[Path]:
    """The lock files that the lines name, resolved; a relative name is tried in the working directory and the workspace."""
    for match in _NAMED.finditer(said.text(diagnosis)):
        raw = match.group(1) or match.group(2)
        # A configuration file is named without its lock's suffix.
        raw = raw if raw.endswith(".lock") else raw + ".lock"
        if "\0" in raw or ".git" not in Path(raw).parts:
            continue
        for place in dict.fromkeys((surroundings.cwd, surroundings.workspace)):
            path = Path(place) / raw
            if path.is_file() and not path.is_symlink():
                yield path.parent.resolve() / path.name
                break


def _git_folder(lock: Path) -> Path | None:
    """The repository's own folder that the lock lies in, when both have the form that git gives them."""
    parts = lock.parts
    if ".git" not in parts:
        return None
    folder = Path(*parts[: parts.index(".git") + 1])
    inner = lock.relative_to(folder).as_posix()
    own = (folder / "HEAD").is_file() or (folder / "objects").is_dir()
    return folder if own and _LOCK.fullmatch(inner) else None


def _holders(folder: Path, lock: Path) -> tuple[Process, ...]:
    return (*processes.with_open(lock), *processes.working_in(folder.parent, "git"))


def act(action: Action, surroundings: Surroundings) -> str:
    """Delete the lock if it is still the same file and still nobody can hold it."""
    del surroundings
    lock, folder = Path(action.target), Path(action.data["root"])
    try:
        inode = str(lock.lstat().st_ino)
    except FileNotFoundError:
        return f"{lock} is gone already"
    if inode != action.data["inode"]:
        raise ValueError("another process has taken this lock meanwhile")
    holders = _holders(folder, lock)
    if holders:
        raise ValueError(f"{processes.shown(holders[0])} runs in this repository")
    delete_tree(folder, lock)
    return f"deleted {lock}, left by a git process that is dead"
