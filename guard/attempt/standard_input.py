"""Whether what an attempt may have read from standard input can be given to the next one."""

from __future__ import annotations

import os
import stat


class StandardInput:
    """The state of descriptor 0 before an attempt."""

    __slots__ = ("_ended", "_offset", "_unread", "kind")

    def __init__(self) -> None:
        """Look at descriptor 0 as it is now."""
        self._offset = 0
        self._unread = 0
        self._ended = False
        try:
            mode = os.fstat(0).st_mode
        except OSError:
            self.kind = "none"
            return
        if stat.S_ISREG(mode):
            self.kind = "file"
            self._offset = os.lseek(0, 0, os.SEEK_CUR)
        elif stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
            self.kind = "pipe"
            self._unread = _unread(0)
            self._ended = _writer_gone(0)
        else:
            # /dev/null and terminals: nothing is used up that a person could not type again.
            self.kind = "device"

    def replayable(self) -> bool:
        """Whether the next attempt can have the same input as the last one had.

        Of a pipe whose writer still lives nobody can tell what was read: the kernel keeps no account of it.
        """
        if self.kind != "pipe":
            return True
        return self._ended and _unread(0) == self._unread

    def rewind(self) -> None:
        """Set a regular file back to where the first attempt found it."""
        if self.kind == "file":
            os.lseek(0, self._offset, os.SEEK_SET)


def _unread(descriptor: int) -> int:
    import fcntl
    import struct
    import termios

    try:
        answer = fcntl.ioctl(descriptor, termios.FIONREAD, b"\0\0\0\0")
    except OSError:
        return -1
    return int(struct.unpack("i", answer)[0])


def _writer_gone(descriptor: int) -> bool:
    import select

    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(dict(poll.poll(0)).get(descriptor, 0) & select.POLLHUP)
