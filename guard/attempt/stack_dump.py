"""Before a hang is ended: where its processes stand. At most three seconds, at most some kilobytes.

The kernel's view of all, then of up to four processes what their runtime can say: the JVM by its own `jcmd` (else
`jstack`), Python by `py-spy` where it is on PATH, Node by its report where that is switched on. These answers come to
us; the command's output stays its own. Two runtimes can speak only on the command's own stderr and die of it, so they
are asked only where nothing is lost by that, right before TERM: a Go test binary by QUIT, and a Python with its fault
handler on (pytest has) by ABRT, unless it would act on TERM.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from time import monotonic, sleep

from guard.attempt import proc_view, tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

TOTAL_S = 3.0
_LAST_WORDS_S = 1.5
_MOST_ASKED = 4
_LONGEST_DUMP = 16 << 10
_PYTHON = re.compile(r"\A(?:python|pypy)[\d.]*\Z")
_NODE_REPORT = re.compile(r"\Areport\.\d{8}\.\d{6}\.(\d+)\.\d+\.\d+\.json\Z")


def take(those: Sequence[tree.Seen], environment: Mapping[bytes, bytes], stop: Callable[[], bool]) -> list[str]:
    """The dumps, the kernel's view first; each begins with a line that names the process.

    `environment`: of the attempt, for PATH. `stop`: asked in between; True ends it at once. Processes that could only
    speak by dying have been signalled and had their last words when this returns.
    """
    until = monotonic() + TOTAL_S
    dumps = [proc_view.view(those)]
    parents = {seen.parent for seen in those}
    path = os.fsdecode(environment.get(b"PATH", b""))
    asked = 0
    for seen in sorted(those, key=lambda seen: (seen.pid in parents, seen.start)):
        left = until - _LAST_WORDS_S - monotonic()
        if asked == _MOST_ASKED or left < 0.2 or stop():
            break
        text = _by_runtime(seen, path, left)
        if text is not None:
            asked += 1
            if text:
                dumps.append(f"{seen.name} ({seen.pid}):\n{text[:_LONGEST_DUMP]}")
    if not stop():
        _last_words(those, min(until, monotonic() + _LAST_WORDS_S))
    return dumps


def _by_runtime(seen: tree.Seen, path: str, seconds: float) -> str | None:
    """What the runtime says; "" where it does not answer, None where there is none that can be asked."""
    exe = _executable(seen.pid)
    name = os.path.basename(exe)
    if seen.state in (b"T", b"t"):
        return None
    if name == "java":
        beside = os.path.dirname(exe)
        for tool, words in (("jcmd", ("Thread.print",)), ("jstack", ())):
            program = _program(tool, f"{beside}{os.pathsep}{path}")
            if program:
                return _said((program, str(seen.pid), *words), seconds)
        return None
    if _PYTHON.match(name):
        program = _program("py-spy", path)
        return _said((program, "dump", "--nonblocking", "--pid", str(seen.pid)), seconds) if program else None
    if name == "node":
        return _node_report(seen, seconds)
    return None


def _executable(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")
    except OSError:
        return ""


def _program(name: str, path: str) -> str:
    for folder in path.split(os.pathsep):
        candidate = os.path.join(folder, name)
        if os.path.isabs(folder) and os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate
    return ""


def _said(argv: Sequence[str], seconds: float) -> str:
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=seconds, check=False, cwd="/",
            start_new_session=True,
        )  # fmt: skip
    except (OSError, ValueError, subprocess.SubprocessError):
        return ""
    return done.stdout[: 4 * _LONGEST_DUMP].decode("utf-8", "replace")


def _node_report(seen: tree.Seen, seconds: float) -> str | None:
    """Node writes one on a signal where it was started with `--report-on-signal`: into its folder, as the user asked."""
    words = proc_view.read(f"/proc/{seen.pid}/cmdline").split(b"\0")
    variables = proc_view.read(f"/proc/{seen.pid}/environ").split(b"\0")
    options = [*words, *next((one for one in variables if one.startswith(b"NODE_OPTIONS=")), b"=").partition(b"=")[2].split()]
    if b"--report-on-signal" not in options or any(one.startswith((b"--report-signal", b"--report-dir")) for one in options):
        return None
    place = f"/proc/{seen.pid}/cwd"
    if not signalled(seen, signal.SIGUSR2):
        return ""
    until = monotonic() + min(seconds, 1.0)
    while monotonic() < until:
        sleep(0.05)
        for name in _names(place):
            match = _NODE_REPORT.match(name)
            if match and int(match.group(1)) == seen.pid:
                stack = _report(f"{place}/{name}")
                if stack:
                    return stack
    return ""


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _report(path: str) -> str:
    """The stack where the report has one (one that a signal brought about may have none), and what the loop waits for."""
    import json

    try:
        report = json.loads(proc_view.read(path, 4 << 20))
        stack = report.get("javascriptStack") or {}
        lines = [text for text in (str(stack.get("message", "")), *(str(one) for one in stack.get("stack", ()))) if text]
        handles = [_handle(one) for one in report["libuv"] if one.get("is_active") and one.get("type") in _OF_THE_PROGRAM]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""
    return "\n".join([*lines, *(f"open: {one}" for one in handles[:10])])


_OF_THE_PROGRAM = frozenset({"tcp", "udp", "pipe", "process", "fs_event", "fs_poll", "timer", "tty"})


def _handle(one: Mapping[str, object]) -> str:
    end = one.get("remoteEndpoint")
    to = f" connected to {end.get('host')}:{end.get('port')}" if isinstance(end, dict) else ""
    due = f" due in {one['firesInMsFromNow']} ms" if "firesInMsFromNow" in one else ""
    return f"{one['type']}{to}{due}"


def _last_words(those: Sequence[tree.Seen], until: float) -> None:
    """Have those speak that die of it, and wait until they have.

    `go test` prints what a test said only once that has ended: it gets the rest of the time for it.
    """
    told = [seen for seen, number in _speak_by_dying(those) if _without_core(seen.pid) and signalled(seen, number)]
    above = {seen.parent for seen in told}
    told += [seen for seen in those if seen.pid in above and seen.name == "go"]
    while told and monotonic() < until:
        sleep(0.02)
        told = [seen for seen in told if _alive(seen)]


def _alive(seen: tree.Seen) -> bool:
    now = tree.process(seen.pid)
    return now is not None and now.start == seen.start and now.state not in (b"Z", b"X")


def _speak_by_dying(those: Sequence[tree.Seen]) -> Iterator[tuple[tree.Seen, int]]:
    names = {seen.pid: seen.name for seen in those}
    for seen in those:
        name = os.path.basename(_executable(seen.pid))
        if name.endswith(".test") and names.get(seen.parent) == "go":
            yield seen, signal.SIGQUIT
        elif _PYTHON.match(name):
            caught, ignored = _signals(seen.pid, "SigCgt"), _signals(seen.pid, "SigIgn")
            if signal.SIGABRT in caught and signal.SIGTERM not in caught | ignored:
                yield seen, signal.SIGABRT


def _signals(pid: int, row: str) -> set[int]:
    """The signals in a mask of /proc/PID/status."""
    match = re.search(rf"^{row}:\s*([0-9a-f]+)".encode(), proc_view.read(f"/proc/{pid}/status"), re.MULTILINE)
    mask = int(match.group(1), 16) if match else 0
    return {number for number in range(1, 65) if mask >> (number - 1) & 1}


def _without_core(pid: int) -> bool:
    """No core file in the workspace: that process may have none from now on."""
    import resource

    if not hasattr(resource, "prlimit"):
        return False
    try:
        _, hard = resource.prlimit(pid, resource.RLIMIT_CORE)
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, hard))
    except (OSError, ValueError):
        return False
    return True


def signalled(seen: tree.Seen, number: int) -> bool:
    """Send it, if it is still the process that was seen."""
    now = tree.process(seen.pid)
    if now is None or now.start != seen.start:
        return False
    try:
        os.kill(seen.pid, number)
    except OSError:
        return False
    return True
