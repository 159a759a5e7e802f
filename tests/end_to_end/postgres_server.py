"""A PostgreSQL of our own for the time of a test session: in a folder of its own, on a socket of its own, no network."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def programs() -> Path:
    """Where Debian's package `postgresql` or PATH has initdb. Skips where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    named = shutil.which("initdb")
    if named is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    return Path(named).parent


class Server:
    """A running cluster; it refuses to run as root, so root runs it as `postgres`."""

    def __init__(self, bin_folder: Path, folder: Path, user: tuple[str, ...]) -> None:
        self.bin = bin_folder
        self.folder = folder
        self.user = user
        self.url = f"postgresql://tester@/postgres?host={folder}"

    def start(self) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", str(self.folder / "log"), "-o", f"-k {self.folder} -c listen_addresses=''", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")

    def make(self) -> None:
        self._run("initdb", "-D", str(self.folder / "data"), "-U", "tester", "-A", "trust", "-N")

    def database(self, name: str) -> str:
        """The URL of a new, empty database."""
        self._run("createdb", "-h", str(self.folder), "-U", "tester", name)
        return f"postgresql://tester@/{name}?host={self.folder}"

    def _run(self, program: str, *arguments: str) -> None:
        # A server that outlives pg_ctl must not hold our pipes.
        with (self.folder / "out").open("ab") as out:
            done = subprocess.run([*self.user, str(self.bin / program), *arguments], cwd="/", stdout=out, stderr=out, stdin=subprocess.DEVNULL, timeout=100)
        assert done.returncode == 0, (self.folder / "out").read_text()


@contextmanager
def running() -> Iterator[Server]:
    """A server, gone afterwards."""
    bin_folder = programs()
    # The path of a socket has little room.
    folder = Path(tempfile.mkdtemp(prefix="pgd-"))
    user: tuple[str, ...] = ()
    try:
        if os.geteuid() == 0:
            try:
                owner = pwd.getpwnam("postgres")
            except KeyError:
                pytest.skip("there is no user `postgres`, and PostgreSQL does not run as root")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            folder.chmod(0o755)
            user = ("setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups")
        server = Server(bin_folder, folder, user)
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
