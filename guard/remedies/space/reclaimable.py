"""What may be deleted here to make room: caches that tools fill again, folders that the settings list, our own leftovers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from guard.caches import CACHES
from guard.caches.root import verified
from guard.remedies import own_folder
from guard.remedies.move_temp import PREFIX
from guard.remedies.space import hosted_folders
from guard.types import Surroundings

# Caches in name only: in Maven's repository lies what was installed locally, and pnpm's store shares its files
# with every node_modules by hard links, so that deleting it frees little.
_KEPT = frozenset({"maven", "pnpm"})


@dataclass(frozen=True)
class Reclaimable:
    """One thing that goes whole or not at all."""

    what: str
    root: Path
    entries: tuple[Path, ...]
    """Strictly below the root; deleting these deletes all of it."""
    by_sudo: bool = False
    """Whether it belongs to root, and we do not: one of the fixed folders of a hosted runner."""


def reclaimable(surroundings: Surroundings, temp: str = "", programs: frozenset[str] = frozenset()) -> Iterator[Reclaimable]:
    """All that the settings allow; nothing at all where a policy forbids deletion.

    `temp`: the attempt's TMPDIR; `programs`: what the command runs, which a hosted runner's folders may be needed for.
    """
    allow = surroundings.allow
    if allow.delete is None:
        return
    if own_folder.ours(Path(temp), PREFIX):
        yield Reclaimable("temporary files of the earlier attempt", Path(temp), _inside(Path(temp)))
    if "caches" in allow.reclaim:
        for name, cache in CACHES.items():
            root = verified(cache, surroundings) if name not in _KEPT and not _linked(name, surroundings) else None
            entries = cache.purgeable(root) if isinstance(root, Path) else ()
            if isinstance(root, Path) and entries:
                yield Reclaimable(f"the cache of {name.replace('_', ' ')}", root, tuple(entries))
    if "hosted" in allow.reclaim and (surroundings.root or "sudo" in surroundings.tools):
        for what, place in hosted_folders.unused(surroundings, programs):
            yield Reclaimable(what, place.parent, (place,), by_sudo=not surroundings.root)
    for folder in allow.delete:
        root = Path(folder)
        if _listed_folder(root, surroundings):
            for entry in _inside(root):
                yield Reclaimable(str(entry), root, (entry,))


def may_go(root: Path, entries: tuple[Path, ...], surroundings: Surroundings, programs: frozenset[str] = frozenset()) -> bool:
    """Whether these entries are allowed to go by what is there now, asked anew before anything is deleted."""
    return any(
        one.root == root and set(entries) <= set(one.entries)
        for one in reclaimable(surroundings, str(root) if root.name.startswith(PREFIX) else "", programs)
    )


def _inside(folder: Path) -> tuple[Path, ...]:
    try:
        return tuple(sorted(folder.iterdir()))
    except OSError:
        return ()


def _listed_folder(root: Path, surroundings: Surroundings) -> bool:
    """Whether it is a real folder at that very path, and none that holds the job itself."""
    try:
        if not root.is_absolute() or root != root.resolve(strict=True) or not root.is_dir():
            return False
        barred = [Path(place).resolve() for place in (surroundings.workspace, surroundings.cwd, surroundings.home) if place]
    except (OSError, RuntimeError, ValueError):
        return False
    above = any(root == place or root in place.parents for place in barred)
    return not above and root != Path("/") and ".git" not in root.parts


def _linked(name: str, surroundings: Surroundings) -> bool:
    """Whether environments use the cache's files by links: then it is no cache but part of them."""
    return name == "uv" and surroundings.env.get("UV_LINK_MODE", "") == "symlink"
