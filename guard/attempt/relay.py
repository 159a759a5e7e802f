"""Signals that guard is sent: those that mean "stop" are remembered and forwarded, the others passed on."""

from __future__ import annotations

import os
import select
from time import monotonic

from guard.attempt.bare import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
PASS_ON = tuple(
    getattr(signal, name)
    for name in ("SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGCONT")
    if hasattr(signal, name)
)


class Relay:
    """Holds what was received; the attempt that runs looks at it and acts.

    Handlers only note the number: what happens to the command happens in the main loop.
    """

    def __init__(self) -> None:
        """Install the handlers; a signal that was ignored when we began stays ignored (nohup)."""
        self.stopped_by: int | None = None
        self.stops = 0
        self.started = False
        """Whether a command was started: then it must not be started again as if nothing had happened."""
        self.on_stop: Callable[[int], None] | None = None
        """Who acts on a signal to stop while no attempt does."""
        self.ahead: Callable[[], None] | None = None
        """What can be done ahead while a command that was told to stop takes its time; done once."""
        self._pending: list[int] = []
        self.wake_read, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        os.set_blocking(self.wake_read, False)
        self.handled: list[int] = []
        self.child_ignored = signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN
        for number in (*STOP, *PASS_ON):
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._note)
                self.handled.append(number)
        signal.signal(signal.SIGCHLD, self._child_changed)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)

    def _note(self, number: int, frame: object) -> None:
        del frame
        if number in STOP:
            self.stops += 1
            if self.stopped_by is None:
                self.stopped_by = number
        self._pending.append(number)
        if number in STOP and self.on_stop is not None:
            try:
                self.on_stop(number)
            except Exception:
                # A fault of ours must not break into whatever runs at this moment; that we are told to stop is noted.
                return

    def _child_changed(self, number: int, frame: object) -> None:
        """Only the wake-up counts."""

    def take(self) -> list[int]:
        """The signals received since the last call, in order."""
        pending, self._pending = self._pending, []
        return pending

    def keep_stops(self) -> None:
        """Forget what was received and is not acted on yet, but for signals to stop: whoever runs next must act on these."""
        self._pending = [number for number in self._pending if number in STOP]

    def drain(self) -> None:
        """Empty the wake-up pipe."""
        try:
            while os.read(self.wake_read, 4096):
                pass
        except BlockingIOError:
            pass

    def sleep(self, seconds: float) -> bool:
        """Wait between attempts; True when told to stop before the time was over."""
        until = monotonic() + seconds
        poll = select.poll()
        poll.register(self.wake_read, select.POLLIN)
        while self.stopped_by is None:
            left = until - monotonic()
            if left <= 0:
                return False
            poll.poll(min(left, 3600) * 1000)
            self.drain()
        return True
