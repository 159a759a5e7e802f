"""A tool's cache folder, resolved once and shown to be what it claims, or the reason why it is not touched."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from guard.caches.protocol import Cache
from guard.types import Refusal, Surroundings

_REMEDY = "purge_cache"
# Never a cache themselves, whatever they hold.
_SYSTEM = frozenset(
    Path(name)
    for name in (
        "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/mnt", "/opt", "/proc", "/root", "/run", "/sbin",
        "/srv", "/sys", "/tmp", "/usr", "/usr/local", "/usr/lib", "/usr/share", "/var", "/var/cache", "/var/lib",
        "/var/tmp", "/Users", "/Library", "/System", "/Applications", "/private",
    )
)  # fmt: skip


def verified(cache: Cache, surroundings: Surroundings, named: Sequence[Path] = ()) -> Path | Refusal:
    """The resolved root of this tool's cache: of `named` (by the command itself), else of its own settings.

    The first candidate that exists decides: a bad one is refused, not passed over, since it is what the tool uses.
    Links are followed before the checks, so that the path returned has none.
    """
    for candidate in named or cache.candidates(surroundings):
        if not candidate.is_absolute() or not os.path.lexists(candidate):
            continue
        try:
            root = candidate.resolve(strict=True)
        except (OSError, RuntimeError) as error:
            return Refusal(_REMEDY, f"the cache {candidate} cannot be resolved: {_why(error)}")
        reason = _refused(root, surroundings) or _not_ours(cache, root)
        return Refusal(_REMEDY, f"the cache folder {root} {reason}") if reason else root
    return Refusal(_REMEDY, f"no cache of {cache.NAME} is here")


def _why(error: Exception) -> str:
    return (error.strerror or "") if isinstance(error, OSError) else "a loop of links"


def _refused(root: Path, surroundings: Surroundings) -> str:
    if root == Path("/"):
        return "is the root of the file system"
    if root in _SYSTEM:
        return "is a folder of the system"
    kept = (
        ("the workspace", surroundings.workspace),
        ("the working directory", surroundings.cwd),
        ("the home folder", surroundings.home),
        ("the home folder", surroundings.env.get("HOME", "")),
        ("the folder for temporary files", surroundings.temp),
    )
    for what, text in kept:
        if not text:
            continue
        place = Path(os.path.realpath(text))
        if place == root:
            return f"is {what}"
        if root in place.parents and what != "the folder for temporary files":
            return f"is above {what}"
    git = Path(os.path.realpath(surroundings.workspace)) / ".git"
    if root == git or git in root.parents:
        return "lies in the repository's .git"
    return ""


def _not_ours(cache: Cache, root: Path) -> str:
    try:
        status = root.stat()
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if not root.is_dir():
        return "is not a folder"
    if hasattr(os, "geteuid") and status.st_uid != os.geteuid():
        return "belongs to another user"
    try:
        return "" if cache.looks_right(root) else f"does not look like the cache of {cache.NAME}"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
