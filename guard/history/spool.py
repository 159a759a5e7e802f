"""What a first-time pass leaves beside a history: one line, with no heavy module; the next failure takes it in.

A line is a whole `pipeguard.run/1` object. It holds no argument of the command: masking needs more than a pass may load.
"""

from __future__ import annotations

import os
import time

from guard.history.origin import origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

LARGEST_BYTES = 8 << 20
"""A spool that has grown to this is given no further line: some 20,000 passes without a failure."""
_TRIES = 50
_AT_ONCE = 500
"""Lines that are taken in by one transaction."""
_MOST_FILES = 20
"""Files of one spool that are read of another's copy."""


def passing_line(
    run_id: str, argv: tuple[str, ...], started: float, duration_s: float, platform: str, env: Mapping[str, str], workspace: str
) -> str:
    """The line of a run that passed at once; of the command only the program's name."""
    project, branch, commit = origin(env, workspace)
    whole, thousandths = divmod(int(started * 1000), 1000)
    at = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{thousandths:03d}+00:00"
    program = os.path.basename(argv[0]) if argv else ""
    attempt = (
        f'{{"number":1,"exit_code":0,"signal":null,"ended":"exited","duration_s":{duration_s:.3f},'
        '"telemetry":{},"diagnosis":null,"plan":null}'
    )
    return (
        f'{{"schema":"pipeguard.run/1","id":{_quoted(run_id)},"status":"passed","exit_code":0,"platform":{_quoted(platform)},'
        f'"command":[{_quoted(program)},"\\u2026"],"started_at":"{at}","duration_s":{duration_s:.3f},"healed_by":[],'
        f'"attempts":[{attempt}],"rescued_s":0,"wasted_s":0,"diagnosis_s":0,'
        f'"project":{_quoted(project)},"branch":{_quoted(branch)},"commit":{_quoted(commit)}}}'
    )


def append(path: str, line: str) -> bool:
    """Add a line to the spool, whole or not at all. False where it cannot be: a pass says nothing about it."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    for _ in range(_TRIES):
        try:
            descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0), 0o600)
        except OSError:
            return False
        try:
            _lock(descriptor)
            if not _still_there(descriptor, path):
                continue
            size = os.fstat(descriptor).st_size
            data = line.encode("ascii") + b"\n"
            if size + len(data) > LARGEST_BYTES:
                return False
            if os.write(descriptor, data) < len(data):
                # A full disk took half a line: take it back, so that the next one stands by itself.
                os.ftruncate(descriptor, size)
                return False
            return True
        except OSError:
            return False
        finally:
            os.close(descriptor)
    return False


def take_in(path: str, insert: Callable[[Iterable[str]], object], most_s: float = float("inf")) -> None:
    """Give what waits in the spool to `insert`, some lines at once, and delete them once that has returned.

    A guard that dies in between leaves the lines where the next one finds them; runs have ids, so none counts twice.
    After `most_s` seconds the rest waits for the next one: a build does not wait for thousands of lines.
    """
    until = time.monotonic() + most_s
    _set_apart(path)
    folder, name = os.path.split(path)
    try:
        waiting = sorted(entry for entry in os.listdir(folder or ".") if entry.startswith(name + ".taking-"))
    except OSError:
        return
    for entry in waiting:
        if time.monotonic() >= until:
            return
        _take(path, os.path.join(folder, entry), insert, until)


def waiting(path: str) -> list[str]:
    """The lines that wait in a spool that is another's, left where they are; it may hold anything."""
    folder, name = os.path.split(path)
    try:
        files = sorted(entry for entry in os.listdir(folder or ".") if entry == name or entry.startswith(name + ".taking-"))
    except OSError:
        return []
    found: list[str] = []
    for entry in files[:_MOST_FILES]:
        try:
            descriptor = os.open(os.path.join(folder, entry), os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        except OSError:
            continue
        with os.fdopen(descriptor, "rb") as file:
            if os.path.isfile(os.path.join(folder, entry)):
                found += _lines(file.read(2 * LARGEST_BYTES))
    return found


def _lines(data: bytes) -> list[str]:
    return [line for line in data.decode("utf-8", "replace").split("\n") if line]


def _take(path: str, apart: str, insert: Callable[[Iterable[str]], object], until: float) -> None:
    try:
        descriptor = os.open(apart, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        # Another guard took it in meanwhile.
        return
    if not os.path.isfile(apart):
        os.close(descriptor)
        return
    with os.fdopen(descriptor, "rb") as file:
        try:
            _lock(descriptor, 1)
        except OSError:
            # Another guard is taking it in.
            return
        lines = _lines(file.read(2 * LARGEST_BYTES))
        for begin in range(0, len(lines), _AT_ONCE):
            if begin and time.monotonic() >= until:
                if not _left(f"{path}.taking-{os.urandom(6).hex()}", lines[begin:]):
                    return
                break
            insert(lines[begin : begin + _AT_ONCE])
        try:
            os.unlink(apart)
        except OSError:
            return


def _left(path: str, lines: list[str]) -> bool:
    """Put lines back for the next guard; whether all of them are there."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError:
        return False
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write("".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))
    except OSError:
        try:
            os.unlink(path)
        except OSError:
            pass
        return False
    return True


def _set_apart(path: str) -> None:
    """Move the spool out of the way of those who add to it."""
    try:
        descriptor = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return
    try:
        _lock(descriptor)
        if _still_there(descriptor, path) and os.fstat(descriptor).st_size:
            os.rename(path, f"{path}.taking-{os.urandom(6).hex()}")
    except OSError:
        return
    finally:
        os.close(descriptor)


def _still_there(descriptor: int, path: str) -> bool:
    """Whether the open file is still the one of that name: it may have been set apart before the lock was ours."""
    try:
        here, there = os.fstat(descriptor), os.lstat(path)
    except OSError:
        return False
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)


def _lock(descriptor: int, tries: int = _TRIES) -> None:
    """Held for the time of one write or one rename, so waiting for it is short. Raises OSError after half a second.

    Where the system or the file system knows no such lock, a single appended write has to do.
    """
    try:
        import fcntl
    except ImportError:
        return
    for turn in range(tries):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # Whoever holds it may be stopped: a build does not wait for that.
            if turn == tries - 1:
                raise
            time.sleep(0.01)
        except OSError:
            return
        else:
            return


def _quoted(text: str) -> str:
    """A JSON string of ASCII alone."""
    found = []
    for letter in text:
        code = ord(letter)
        if letter.isascii() and (letter.isalnum() or letter in " _-./:+@=,;#()[]{}"):
            found.append(letter)
        elif 0xD800 <= code <= 0xDFFF:
            found.append("\\ufffd")
        elif code > 0xFFFF:
            code -= 0x10000
            found.append(f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}")
        else:
            found.append(f"\\u{code:04x}")
    return '"' + "".join(found) + '"'
