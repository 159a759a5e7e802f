"""Start the command as it would start without us: descriptors, signals, environment, group, exec."""

from __future__ import annotations

import errno
import os

from guard.attempt import tree
from guard.attempt.bare import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from guard.attempt.relay import Relay

_OOM_SCORE = b"300"

_COERCED = (b"C.UTF-8", b"C.utf8", b"UTF-8")
"""What Python itself puts into LC_CTYPE where the locale is C (PEP 538)."""


class NotStarted(Exception):
    """The command could not be executed: `exit_code` as a shell gives it (126, 127), and why."""

    def __init__(self, exit_code: int, reason: str) -> None:
        super().__init__(reason)
        self.exit_code = exit_code
        self.reason = reason


class Child:
    """A started command: its pid, which is its process group too."""

    __slots__ = ("foreground", "pid")

    def __init__(self, pid: int, foreground: bool) -> None:
        self.pid = pid
        self.foreground = foreground

    def give_terminal_back(self) -> None:
        """Make our own group the terminal's foreground again, where the child's was."""
        if self.foreground:
            _set_foreground(os.getpgrp())


def exact_environment() -> dict[bytes, bytes]:
    """The environment guard was given; Python itself sets LC_CTYPE in a C locale (PEP 538)."""
    try:
        with open("/proc/self/environ", "rb") as file:
            entries = file.read().split(b"\0")
    except OSError:
        return dict(os.environb)
    # The first of two entries with one name is the one that getenv finds.
    found: dict[bytes, bytes] = {}
    for entry in entries:
        name, equals, value = entry.partition(b"=")
        if equals and name and name not in found:
            found[name] = value
    # Nothing at all: none was given (`env -i`), or whoever started us has hidden it from the kernel's eyes.
    return found or {name: value for name, value in os.environb.items() if name != b"LC_CTYPE" or value not in _COERCED}


def start(
    argv: Sequence[str],
    environment: Mapping[bytes, bytes],
    cwd: str | None,
    outputs: Sequence[tuple[int, int]],
    closed: Sequence[int],
    relay: Relay,
    rlimits: Mapping[int, int] | None = None,
    cpus: int | None = None,
) -> Child:
    """Start `argv`, with `outputs` (source descriptor, standard descriptor) in place.

    Raises NotStarted when it cannot be executed, OSError when no process can be made.
    """
    foreground = _own_terminal()
    error_read, error_write = os.pipe()
    ignored = _ignored_before_python()
    # No handler of ours may run between fork and exec.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    guard = os.getpid()
    try:
        pid = os.fork()
        if pid == 0:
            try:
                tree.die_with(guard)
                os.setpgid(0, 0)
                if foreground:
                    _set_foreground(os.getpid())
                _limit(rlimits, cpus)
                _offer_to_oom_killer()
                for source, standard in outputs:
                    os.dup2(source, standard)
                for descriptor in closed:
                    os.close(descriptor)
                if cwd is not None:
                    os.chdir(cwd)
                signal.set_wakeup_fd(-1)
                for number in relay.handled:
                    signal.signal(number, signal.SIG_DFL)
                signal.signal(signal.SIGCHLD, signal.SIG_IGN if relay.child_ignored else signal.SIG_DFL)
                # Python ignores these two for itself.
                for number in (signal.SIGPIPE, signal.SIGXFSZ):
                    signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)
                signal.pthread_sigmask(signal.SIG_SETMASK, mask)
                execute(argv, environment)
            except NotStarted as failure:
                os.write(error_write, b"%d %s" % (failure.exit_code, os.fsencode(failure.reason)))
            except OSError as error:
                os.write(error_write, b"126 %s" % os.fsencode(f"{error.strerror}: {error.filename or argv[0]}"))
            finally:
                os._exit(127)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    try:
        # Both sides set the group: whoever comes first, it stands before either needs it.
        os.setpgid(pid, pid)
    except OSError:
        pass
    os.close(error_write)
    message = _read_all(error_read)
    os.close(error_read)
    if message:
        os.waitpid(pid, 0)
        if foreground:
            _set_foreground(os.getpgrp())
        code, _, reason = message.partition(b" ")
        raise NotStarted(int(code), os.fsdecode(reason))
    return Child(pid, foreground)


def execute(argv: Sequence[str], environment: Mapping[bytes, bytes]) -> None:
    """Replace this process as execvp(3) would: search PATH, a file without `#!` by /bin/sh.

    Raises NotStarted with 127 (not found) or 126 (found but not to be executed).
    """
    name = os.fsencode(argv[0])
    arguments = [os.fsencode(word) for word in argv]
    denied: OSError | None = None
    found = False
    for path in _candidates(name, environment):
        try:
            os.execve(path, arguments, environment)
        except OSError as error:
            if error.errno == errno.ENOEXEC:
                os.execve(b"/bin/sh", [b"/bin/sh", path, *arguments[1:]], environment)
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                # A script whose interpreter is missing says ENOENT too, though the file is there.
                if os.path.exists(path):
                    found, denied = True, error
                continue
            if error.errno == errno.EACCES:
                if b"/" in name or not os.path.isdir(path):
                    found, denied = True, error
                continue
            raise NotStarted(126, f"{argv[0]}: {error.strerror}") from error
    if found and denied is not None:
        if denied.errno == errno.EACCES:
            raise NotStarted(126, f"{argv[0]}: {'Is a directory' if os.path.isdir(name) else denied.strerror}")
        raise NotStarted(127, f"{argv[0]}: bad interpreter: {denied.strerror}")
    raise NotStarted(127, f"{argv[0]}: {'No such file or directory' if b'/' in name else 'command not found'}")


def _candidates(name: bytes, environment: Mapping[bytes, bytes]) -> list[bytes]:
    if b"/" in name:
        return [name]
    if not name:
        return []
    path = environment.get(b"PATH", os.fsencode(os.defpath))
    return [os.path.join(folder or b".", name) for folder in path.split(b":")]


def _limit(rlimits: Mapping[int, int] | None, cpus: int | None) -> None:
    if rlimits:
        import resource

        for which, soft in rlimits.items():
            hard = resource.getrlimit(which)[1]
            try:
                resource.setrlimit(which, (hard if soft < 0 else soft, hard))
            except (OSError, ValueError):
                pass
    if cpus and hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, allowed[: max(cpus, 1)])


def _offer_to_oom_killer() -> None:
    """Raise the command's score so that the kernel takes it before guard, which lives to tell."""
    try:
        descriptor = os.open("/proc/self/oom_score_adj", os.O_RDWR)
    except OSError:
        return
    try:
        if int(os.read(descriptor, 16)) < int(_OOM_SCORE):
            os.write(descriptor, _OOM_SCORE)
    except (OSError, ValueError):
        pass
    finally:
        os.close(descriptor)


def _own_terminal() -> bool:
    """Whether standard input is a terminal whose foreground group is ours: the child must have it then."""
    try:
        return os.isatty(0) and os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False


def _set_foreground(group: int) -> None:
    old = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        os.tcsetpgrp(0, group)
    except OSError:
        pass
    finally:
        signal.signal(signal.SIGTTOU, old)


def _ignored_before_python() -> tuple[int, ...]:
    """Which of SIGPIPE and SIGXFSZ we were given as ignored; Python has overwritten the answer.

    A shell hands on what it ignores itself (`trap '' PIPE`), so a parent that is one tells.
    """
    try:
        parent = os.getppid()
        with open(f"/proc/{parent}/comm", "rb") as file:
            if file.read().strip() not in (b"sh", b"bash", b"dash", b"zsh", b"ksh", b"busybox"):
                return ()
        with open(f"/proc/{parent}/status", "rb") as file:
            for line in file:
                if line.startswith(b"SigIgn:"):
                    bits = int(line.split()[1], 16)
                    return tuple(n for n in (signal.SIGPIPE, signal.SIGXFSZ) if bits >> (n - 1) & 1)
    except (OSError, ValueError):
        pass
    return ()


def _read_all(descriptor: int) -> bytes:
    parts = []
    while part := os.read(descriptor, 4096):
        parts.append(part)
    return b"".join(parts)
