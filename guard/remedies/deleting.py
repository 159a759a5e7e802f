"""The one place where folders of a cache or of an earlier run are deleted: by open folders, never by following a link."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from guard.remedies.space.sizes import kept_elsewhere, on_disk

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def delete_tree(root: Path, entry: Path) -> int:
    """Delete `entry`, a file, link or folder strictly below `root`; returns the bytes that this freed.

    Both are absolute; `root` was resolved before and is checked again here, folder by folder, so that nothing
    that was exchanged for a link in the meantime leads elsewhere. A link is deleted, what it points to is not.
    Read-only folders below `root` are made writable first (Go's module cache is read-only). Another file system
    mounted inside is left alone. An entry that is gone already frees 0.

    Raises ValueError for an entry that is not below the root or is reached through a link, OSError for what
    the system does not allow; what was deleted until then stays deleted.
    """
    parts = _below(root, entry)
    folder = _open_root(root)
    try:
        device = os.fstat(folder).st_dev
        for part in parts[:-1]:
            try:
                inner = _open_folder(part, folder)
            except FileNotFoundError:
                return 0
            os.close(folder)
            folder = inner
            if os.fstat(folder).st_dev != device:
                raise OSError(errno.EXDEV, "another file system is mounted there", str(entry))
        _make_writable(folder)
        return _delete(parts[-1], folder, device, str(entry))
    finally:
        os.close(folder)


def _below(root: Path, entry: Path) -> tuple[str, ...]:
    """The names from root to entry. Only whole names: a `..` would leave what was opened."""
    if not root.is_absolute() or not entry.is_absolute():
        raise ValueError(f"{entry}: not an absolute path")
    try:
        parts = entry.relative_to(root).parts
    except ValueError:
        raise ValueError(f"{entry}: not inside {root}") from None
    if not parts or ".." in parts or len(root.parts) < 2:
        raise ValueError(f"{entry}: not inside {root}")
    return parts


def _open_root(root: Path) -> int:
    """The folder `root`, reached from `/` without a link on the way."""
    folder = os.open("/", _FOLDER)
    for part in root.parts[1:]:
        try:
            inner = _open_folder(part, folder)
        finally:
            os.close(folder)
        folder = inner
    return folder


def _open_folder(name: str, parent: int) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=parent)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise ValueError(f"{name}: a link or a file where a folder was") from error
        raise


def _delete(name: str, parent: int, device: int, shown: str) -> int:
    """Delete one name of an open folder with all below it, deepest first; no recursion, so that depth is no limit."""
    try:
        status = os.stat(name, dir_fd=parent, follow_symlinks=False)
        if not stat.S_ISDIR(status.st_mode):
            os.unlink(name, dir_fd=parent)
            return _freed(status)
        freed = 0
        # (open folder, its name, where it lies, names still to do); a folder is removed when none is left.
        stack = [(_enter(name, parent, device, shown), name, parent)]
        try:
            while stack:
                here, own, above = stack[-1]
                inner, freed_here = _empty_of_files(here)
                freed += freed_here
                if inner is not None:
                    stack.append((_enter(inner, here, device, shown), inner, here))
                    continue
                freed += _freed(os.fstat(here))
                os.rmdir(own, dir_fd=above)
                stack.pop()
                os.close(here)
        finally:
            for here, _, _ in stack:
                os.close(here)
        return freed
    except FileNotFoundError:
        return 0


def _enter(name: str, parent: int, device: int, shown: str) -> int:
    folder = _open_unreadable(name, parent)
    if os.fstat(folder).st_dev != device:
        os.close(folder)
        raise OSError(errno.EXDEV, "another file system is mounted there", shown)
    _make_writable(folder)
    return folder


def _open_unreadable(name: str, parent: int) -> int:
    """A folder below the root, also one of our own that we have no leave to read."""
    try:
        return _open_folder(name, parent)
    except PermissionError:
        # By the open folder, not by its name: chmod of a name would follow a link put there meanwhile.
        handle = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
        try:
            Path(f"/proc/self/fd/{handle}").chmod(0o700)
        finally:
            os.close(handle)
        return _open_folder(name, parent)


def _make_writable(folder: int) -> None:
    mode = stat.S_IMODE(os.fstat(folder).st_mode)
    if mode & 0o700 != 0o700:
        try:
            os.fchmod(folder, mode | 0o700)
        except PermissionError:
            pass


def _empty_of_files(folder: int) -> tuple[str | None, int]:
    """Delete the files of a folder up to its first folder: that one's name, or None when none is left; bytes freed."""
    freed = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                return entry.name, freed
            try:
                status = entry.stat(follow_symlinks=False)
                os.unlink(entry.name, dir_fd=folder)
            except FileNotFoundError:
                continue
            freed += _freed(status)
    return None, freed


def _freed(status: os.stat_result) -> int:
    """Bytes that go with the name."""
    return 0 if kept_elsewhere(status) else on_disk(status)
