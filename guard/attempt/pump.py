"""Carry one pipe of the child to where our own stream goes, byte for byte, and record what passes."""

from __future__ import annotations

import _thread
import os
import select
from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from guard.attempt.window import Window

CHUNK = 64 << 10
_LF = 10


class Pump:
    """One thread that reads the child's pipe and writes our stream.

    Blocking writes are the point: a slow reader makes the child wait, as it would without us.
    """

    def __init__(self, source: int, target: int, window: Window, lock: _thread.LockType | None) -> None:
        """Carry `source` (owned from now on) to `target` (borrowed); `lock` where two pumps share a window."""
        self.source = source
        self.target = target
        self.window = window
        self.lock = lock
        self.reading = True
        self.last_byte = monotonic()
        """When the last chunk had been written, or when the pump began."""
        self.mid_line = False
        """Whether what was written last was no end of a line."""
        self.started = False
        self.finished = _thread.allocate_lock()
        self.finished.acquire()
        self._stop_read, self._stop_write = os.pipe()

    def start(self) -> None:
        """Begin to carry, in a thread of its own. Raises RuntimeError where no thread can be had."""
        _thread.start_new_thread(self._carry, ())
        self.started = True

    def stop(self) -> None:
        """End it at the next moment at which nothing is left to read. To be called once."""
        try:
            os.write(self._stop_write, b"x")
        except OSError:
            # It had ended by itself.
            pass
        os.close(self._stop_write)

    def discard(self) -> None:
        """Close what was opened for a command that did not start."""
        for descriptor in (self.source, self._stop_read, self._stop_write):
            os.close(descriptor)

    def join(self, timeout_s: float) -> bool:
        """Wait for the end; False when it has not come in time."""
        if self.finished.acquire(timeout=max(timeout_s, 0)):
            self.finished.release()
            return True
        return False

    def _carry(self) -> None:
        try:
            self._loop()
        except OSError:
            # Our stream cannot be written: the child finds its pipe closed, as it would find ours.
            pass
        finally:
            # Closed here and nowhere else: a descriptor closed under a reading thread could be reused.
            os.close(self.source)
            os.close(self._stop_read)
            self.finished.release()

    def _loop(self) -> None:
        source, target = self.source, self.target
        poll = select.poll()
        poll.register(source, select.POLLIN)
        poll.register(self._stop_read, select.POLLIN)
        # A reader of ours that closes must be noticed before the next byte: the child gets its SIGPIPE then.
        poll.register(target, 0)
        trouble = select.POLLERR | select.POLLHUP | select.POLLNVAL
        while True:
            self.reading = True
            ready = 0
            stopping = False
            for descriptor, events in poll.poll():
                if descriptor == source:
                    ready = events
                elif descriptor == target and events & trouble:
                    raise BrokenPipeError("the reader of our output is gone")
                elif descriptor == self._stop_read:
                    stopping = True
            if not ready:
                if stopping:
                    return
                continue
            data = os.read(source, CHUNK)
            if not data:
                return
            self.pass_on(data)

    def pass_on(self, data: bytes) -> None:
        """Record a chunk and write it to our stream."""
        self.reading = False
        self.mid_line = data[-1] != _LF
        try:
            if self.lock is None:
                self.window.add(data)
            else:
                with self.lock:
                    self.window.add(data)
        except MemoryError:
            # The record is ours, the stream is the user's: it goes on without a record.
            pass
        try:
            written = os.write(self.target, data)
        except BlockingIOError:
            written = 0
        if written != len(data):
            self._write_rest(memoryview(data)[written:])
        self.last_byte = monotonic()

    def _write_rest(self, view: memoryview) -> None:
        while view:
            try:
                view = view[os.write(self.target, view) :]
            except BlockingIOError:
                # Our stream was made non-blocking by whoever shares it.
                writable = select.poll()
                writable.register(self.target, select.POLLOUT)
                writable.poll()


def carry_here(pumps: list[Pump]) -> None:
    """Carry in this thread, until every pipe has ended: for when the machine gives us no further thread."""
    poll = select.poll()
    left = {pump.source: pump for pump in pumps}
    for source in left:
        poll.register(source, select.POLLIN)
    while left:
        for source, _ in poll.poll():
            data = b""
            try:
                data = os.read(source, CHUNK)
                if data:
                    left[source].pass_on(data)
            except OSError:
                data = b""
            if not data:
                poll.unregister(source)
                os.close(source)
                del left[source]
