"""What the kernel shows of a process that does not come to an end: what it waits for, said in a few words."""

from __future__ import annotations

import os
import re

from guard.attempt import tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_PROCESSES = 20
_LONGEST_COMMAND = 160
_MOST_BYTES = 1 << 16
# wchan: the kernel function in which a thread sleeps; the first pattern that fits (fs/, net/, kernel/ of Linux 4 to 6).
_WAITS = (
    (re.compile(r"nanosleep"), "sleeps"),
    (re.compile(r"locks_lock|flock|posix_lock|fcntl_setlk"), "waits for a file lock"),
    (re.compile(r"futex"), "waits for another thread"),
    (re.compile(r"\bdo_wait|wait4|waitid"), "waits for a child"),
    (re.compile(r"pipe_(?:read|wait_readable|wait)|anon_pipe_read"), "reads from a pipe"),
    (re.compile(r"pipe_write|pipe_wait_writable|anon_pipe_write"), "writes to a full pipe"),
    (re.compile(r"inet_csk_accept|unix_accept"), "waits for a connection"),
    (re.compile(r"tcp_|sk_wait|inet_|sk_stream|skb_(?:wait|recv)|unix_stream|unix_dgram|datagram"), "waits for the network or a socket"),
    (re.compile(r"ep_poll|poll|select"), "waits for events"),
    (re.compile(r"n_tty|tty_"), "reads from the terminal"),
    (re.compile(r"io_schedule|folio|page|rq_qos|nfs|fuse|jbd2|btrfs|ext4|xfs"), "waits for a disk or a network file system"),
    (re.compile(r"sigsuspend|sigtimedwait|pause"), "waits for a signal"),
    (re.compile(r"ptrace|do_signal_stop"), "is stopped"),
)
_STATES = {"R": "runs", "D": "waits for a disk or a network file system", "T": "is stopped", "t": "is stopped by a debugger"}
# System calls whose first argument is the descriptor that is waited for, by machine (asm/unistd.h).
_ON_DESCRIPTOR = {
    "x86_64": {0: "reads from", 1: "writes to", 42: "connects", 43: "accepts on", 44: "sends to", 45: "reads from", 47: "reads from", 288: "accepts on"},
    "aarch64": {63: "reads from", 64: "writes to", 203: "connects", 202: "accepts on", 206: "sends to", 207: "reads from", 212: "reads from", 242: "accepts on"},
}
_TCP_STATES = {"01": "established", "02": "no answer yet", "08": "closed by the other side", "0A": "listening"}


def view(those: Sequence[tree.Seen]) -> str:
    """One line a process, those that wait for no child of theirs first: they are what the others wait for."""
    parents = {seen.parent for seen in those}
    ordered = sorted(those, key=lambda seen: (seen.pid in parents, seen.start))
    lines = [line(seen) for seen in ordered[:MOST_PROCESSES]]
    if len(ordered) > MOST_PROCESSES:
        lines.append(f"and {len(ordered) - MOST_PROCESSES} more processes")
    return "\n".join(lines)


def line(seen: tree.Seen) -> str:
    """`python3 (123) reads from a pipe [pipe_read]; connected to 10.0.0.1:443 (established): python3 -m x`."""
    state = seen.state.decode("ascii", "replace")
    channel = _word(seen.pid, "wchan")
    sockets = _sockets(seen.pid)
    doing = _STATES.get(state, "") or _on_descriptor(seen.pid, sockets)
    if not doing:
        doing = next((words for pattern, words in _WAITS if pattern.search(channel)), "waits")
    where = f" [{channel}]" if channel not in ("", "0") else ""
    holder = _holder(seen.pid) if "lock" in doing else ""
    others = [text for text in dict.fromkeys(sockets.values()) if text not in doing][:3]
    network = f"; {', '.join(others)}" if others else ""
    return f"{seen.name} ({seen.pid}) {doing}{where}{holder}{network}: {command(seen.pid)}".rstrip(": ")


def _on_descriptor(pid: int, sockets: dict[str, str]) -> str:
    """What a process reads from or writes to, where that is what it waits in; "" for anything else."""
    words = read(f"/proc/{pid}/syscall", 200).split()
    calls = _ON_DESCRIPTOR.get(os.uname().machine, {})
    if len(words) < 2 or not words[0].isdigit() or int(words[0]) not in calls:
        return ""
    try:
        target = os.readlink(f"/proc/{pid}/fd/{int(words[1], 16)}")
    except (OSError, ValueError):
        return ""
    what = {"pipe": "a pipe", "socket": "a socket"}.get(target.partition(":")[0], target)
    if what == "a socket" and target[8:-1] in sockets:
        what = f"a socket {sockets[target[8:-1]]}"
    return f"{calls[int(words[0])]} {what}"


def command(pid: int) -> str:
    """The command line of a process, its words apart by spaces, cut at 160 characters; "" where it cannot be read."""
    words = read(f"/proc/{pid}/cmdline", 4096).decode("utf-8", "replace").rstrip("\0").replace("\0", " ")
    words = re.sub(r"[\x00-\x1f\x7f]", " ", words)
    return words if len(words) <= _LONGEST_COMMAND else words[: _LONGEST_COMMAND - 1] + "…"


def read(path: str, most: int = _MOST_BYTES) -> bytes:
    """The beginning of a file of /proc, or what of it could be read; b"" where it cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    parts = []
    try:
        # The kernel hands out some of these a page at a time.
        while most > 0 and (part := os.read(descriptor, most)):
            parts.append(part)
            most -= len(part)
    except OSError:
        pass
    finally:
        os.close(descriptor)
    return b"".join(parts)


def _word(pid: int, name: str) -> str:
    return re.sub(r"[^\w.]", "", read(f"/proc/{pid}/{name}", 200).decode("ascii", "ignore"))


def _holder(pid: int) -> str:
    """Who holds the lock that a process waits for, by /proc/locks: a waiter stands below its holder, behind `->`."""
    holders: dict[str, str] = {}
    for row in read("/proc/locks").decode("ascii", "replace").splitlines():
        words = row.split()
        if len(words) < 6:
            continue
        if words[1] != "->":
            holders[words[0]] = words[4]
        elif words[5] == str(pid):
            owner = holders.get(words[0], "")
            name = _word(int(owner), "comm") if owner.isdigit() else ""
            return f" held by {name} ({owner})" if name else " held by a process that is not seen here"
    return ""


def _sockets(pid: int) -> dict[str, str]:
    """The TCP connections of a process: inode of the open socket → `connected to 10.0.0.1:443 (established)`."""
    inodes = set()
    try:
        descriptors = os.listdir(f"/proc/{pid}/fd")[:500]
    except OSError:
        return {}
    for descriptor in descriptors:
        try:
            target = os.readlink(f"/proc/{pid}/fd/{descriptor}")
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found: dict[str, str] = {}
    for table in ("tcp", "tcp6") if inodes else ():
        for row in read(f"/proc/{pid}/net/{table}", 1 << 20).decode("ascii", "replace").splitlines()[1:]:
            words = row.split()
            if len(words) > 9 and words[9] in inodes and words[3] in _TCP_STATES:
                listens = words[3] == "0A"
                end = _address(words[1] if listens else words[2])
                found[words[9]] = f"listening on {end}" if listens else f"connected to {end} ({_TCP_STATES[words[3]]})"
    return found


def _address(text: str) -> str:
    """`0100007F:1F90` → `127.0.0.1:8080`: words of four bytes in the machine's order (proc(5))."""
    import socket
    import sys

    host, _, port = text.partition(":")
    raw = bytes.fromhex(host)
    if sys.byteorder == "little":
        raw = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    family = socket.AF_INET if len(raw) == 4 else socket.AF_INET6
    shown = socket.inet_ntop(family, raw)
    return f"{shown}:{int(port, 16)}" if len(raw) == 4 else f"[{shown}]:{int(port, 16)}"
