"""The files in which a step hands values to later steps: cut back before another attempt.

GitHub names them in the environment (docs.github.com, workflow commands); a failed attempt's outputs must not
be mixed with the next one's.
"""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = (
    b"GITHUB_OUTPUT", b"GITHUB_ENV", b"GITHUB_PATH", b"GITHUB_STATE", b"GITHUB_STEP_SUMMARY",
    # Where a skin's CI hands standard output itself on as a value (Jenkins, `returnStdout`).
    b"PIPEGUARD_STDOUT",
)  # fmt: skip


class StepFiles:
    """Where each step file stood before the first attempt."""

    def __init__(self, environment: Mapping[bytes, bytes]) -> None:
        """Note device, inode and size of each regular file that the environment names, and which are not there yet."""
        self._marks: dict[bytes, tuple[bytes, tuple[int, int] | None, int]] = {}
        # On CircleCI alone it is where a step hands variables to later ones.
        for name in (*NAMES, b"BASH_ENV") if environment.get(b"CIRCLECI") == b"true" else NAMES:
            path = environment.get(name)
            if not path:
                continue
            try:
                status = os.lstat(path)
                if stat.S_ISLNK(status.st_mode):
                    # Whoever runs the job has put it there: where it leads now is what counts, whatever the command makes of it.
                    path = os.path.realpath(path)
                    status = os.lstat(path)
            except FileNotFoundError:
                self._marks[name] = (path, None, 0)
                continue
            except (OSError, ValueError):
                continue
            if stat.S_ISREG(status.st_mode):
                self._marks[name] = (path, (status.st_dev, status.st_ino), status.st_size)

    def cut_back(self) -> list[str]:
        """Cut each file to its mark. Returns a line for each that was left alone because it was swapped."""
        left = []
        for name, (path, identity, size) in self._marks.items():
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError as error:
                if identity is not None or not isinstance(error, FileNotFoundError):
                    left.append(f"{name.decode()} is left as it is: {error.strerror}")
                continue
            try:
                status = os.fstat(descriptor)
                if not _the_same(status, identity):
                    left.append(f"{name.decode()} is left as it is: the command put another file in its place")
                elif status.st_size > size:
                    os.ftruncate(descriptor, size)
                elif status.st_size < size:
                    left.append(f"{name.decode()} is left as it is: the command shortened it")
            except OSError as error:
                left.append(f"{name.decode()} is left as it is: {error.strerror}")
            finally:
                os.close(descriptor)
        return left


def _the_same(status: os.stat_result, identity: tuple[int, int] | None) -> bool:
    """Whether it is the file that was there; where none was, one that the command has made: it has no other name."""
    if not stat.S_ISREG(status.st_mode):
        return False
    if identity is None:
        return status.st_nlink == 1 and status.st_uid == os.geteuid()
    return (status.st_dev, status.st_ino) == identity
