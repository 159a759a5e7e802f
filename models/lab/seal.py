"""A root file system that keeps what is written outside a case's own folders apart, and lists it: damage, if there is any."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OWN = ("/proc", "/sys", "/dev", "/run")


class Seal:
    """An overlay over `/`: reads fall through, writes stay in a folder of its own. Linux, root."""

    def __init__(self, folder: Path, open_folders: tuple[Path, ...]) -> None:
        self._upper = folder / "store" / "upper"
        self._folder = folder
        self._open = open_folders

    def prefix(self) -> tuple[str, ...]:
        """What must stand before a command for it to run sealed; the working directory is kept."""
        top, store = self._folder / "root", self._folder / "store"
        quoted = {name: shlex.quote(str(path)) for name, path in (("top", top), ("store", store), ("upper", self._upper))}
        steps = [
            f"mount -t tmpfs tmpfs {quoted['store']} && mkdir {quoted['upper']} {quoted['store']}/work",
            f"mount -t overlay overlay -o lowerdir=/,upperdir={quoted['upper']},workdir={quoted['store']}/work {quoted['top']}",
            *(f"mount --rbind {name} {quoted['top']}{name}" for name in _OWN),
            *(f"mkdir -p {quoted['top']}{shlex.quote(str(path))} && mount --rbind {shlex.quote(str(path))} {quoted['top']}{shlex.quote(str(path))}" for path in self._open),
        ]
        # The list is made inside the name space: the store's mount ends with it.
        listing = f"(cd {quoted['upper']} && find . ! -type d -print) >> {shlex.quote(str(self._folder / 'changed'))}"
        # `chroot` goes to `/`; env -C brings back the folder that the command was to start in.
        body = f'here=$PWD; {" && ".join(steps)} || exit 125; chroot {quoted["top"]} env -C "$here" "$@"; code=$?; {listing}; exit $code'
        return ("unshare", "-m", "--propagation", "private", "sh", "-c", body, "sh")

    def changed(self) -> frozenset[str]:
        """The paths outside the open folders that were written or deleted; not the modules that Python compiles beside their source."""
        file = self._folder / "changed"
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []
        inside = tuple(f".{path}/" for path in self._open)
        return frozenset(line.removeprefix(".") for line in lines if not line.startswith(inside) and "/__pycache__/" not in line)


@contextmanager
def sealed(*open_folders: Path) -> Iterator[Seal]:
    """A seal whose `open_folders` alone may be written for good."""
    folder = Path(tempfile.mkdtemp(prefix="lab-seal-"))
    try:
        for name in ("root", "store"):
            (folder / name).mkdir()
        yield Seal(folder, tuple(path.resolve() for path in open_folders))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def possible() -> bool:
    """Whether this machine lets us seal: root, and an overlay over the root file system."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    with sealed() as seal:
        return subprocess.run([*seal.prefix(), "true"], check=False, capture_output=True).returncode == 0
