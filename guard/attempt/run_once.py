"""One attempt from start to end: spawn, carry the output, keep the limits, forward signals, drain."""

from __future__ import annotations

import os
import select
from time import monotonic, time

from guard.attempt import spawn, streams, tree
from guard.attempt.bare import signal
from guard.attempt.gauge import Gauge
from guard.attempt.pump import Pump, carry_here
from guard.attempt.window import Window

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from guard.attempt.relay import Relay

LIMIT_EXIT = 124  # as timeout(1)
DRAIN_SILENCE_S = 0.5
DRAIN_TOTAL_S = 10.0
_FIRST_SAMPLE_S = 0.15
_SLOWEST_SAMPLE_S = 2.0
_AHEAD_AFTER_S = 1.0


class Ended:
    """How an attempt ended, before it becomes a frozen Outcome."""

    __slots__ = (
        "code",
        "dumps",
        "duration",
        "gauge",
        "group",
        "how",
        "message",
        "mid_line",
        "obstacle",
        "quiet",
        "signal",
        "started",
        "survivors",
        "window",
    )

    def __init__(self, window: Window, gauge: Gauge) -> None:
        self.window = window
        self.gauge = gauge
        self.code = 127
        self.group: int | None = None
        """Its process group, once it has started."""
        self.signal: int | None = None
        self.how = "not_started"
        self.started = time()
        self.duration = 0.0
        self.quiet = 0.0
        self.message = ""
        self.mid_line = False
        """Whether the stream that guard prints on was left in the middle of a line."""
        self.obstacle: OSError | None = None
        """Why no process could be made for the command: nothing that the command itself would have met."""
        self.survivors: list[tree.Seen] = []
        self.dumps: list[str] = []

    @property
    def passed(self) -> bool:
        """Whether the command itself exited with 0."""
        return self.how == "exited" and self.code == 0


def run_once(
    argv: Sequence[str],
    environment: Mapping[bytes, bytes],
    relay: Relay,
    *,
    cwd: str | None = None,
    attempt_s: float | None = None,
    idle_s: float | None = None,
    budget_s: float | None = None,
    grace_s: float = 8.0,
    rlimits: Mapping[int, int] | None = None,
    cpus: int | None = None,
    closed: Sequence[int] = (),
    places: tuple[str, ...] = (),
) -> Ended:
    """Run `argv` to its end; all times in seconds. Never raises for what the command does."""
    ended = Ended(Window(), Gauge(places))
    begin = monotonic()
    pumps, outputs = _plumb(ended.window, closed)
    try:
        child = spawn.start(argv, environment, cwd, outputs, closed, relay, rlimits, cpus)
    except (spawn.NotStarted, OSError) as failure:
        ended.code = failure.exit_code if isinstance(failure, spawn.NotStarted) else 126
        ended.message = str(failure)
        ended.obstacle = failure if isinstance(failure, OSError) else None
        for pump in pumps:
            pump.discard()
        return ended
    finally:
        for write_end in {source for source, _ in outputs}:
            os.close(write_end)
    relay.started = True
    ended.group = child.pid
    watch = _Watch(ended, child, pumps, relay, begin, grace_s, environment)
    watch.set_limits(attempt_s, idle_s, budget_s)
    try:
        for pump in pumps:
            pump.start()
        watch.until_exit()
        child.give_terminal_back()
        watch.drain()
    except Exception as fault:
        _last_resort(ended, child.pid, pumps, fault)
    ended.duration = monotonic() - begin
    ended.mid_line = bool(pumps) and pumps[-1].mid_line
    ended.quiet = watch.quiet() if watch.quiet_when_hit is None else watch.quiet_when_hit
    if not ended.passed:
        _look_back(ended)
    return ended


def _look_back(ended: Ended) -> None:
    """What is known only afterwards; a fault of ours here leaves it unknown, and the exit code as it is."""
    try:
        ended.survivors = tree.descendants()
        ended.gauge.finish(_children_peak())
    except Exception as fault:
        from guard import failsafe

        failsafe.confess("looking back at the attempt", fault)


def _last_resort(ended: Ended, pid: int, pumps: list[Pump], fault: Exception) -> None:
    """Our own loop has failed: the command goes on, its output too, and its exit code is still its own."""
    from guard import failsafe

    failsafe.confess("watching the command", fault)
    carry_here([pump for pump in pumps if not pump.started])
    if ended.how == "not_started":
        try:
            _, status = os.waitpid(pid, 0)
        except OSError:
            return
        code = os.waitstatus_to_exitcode(status)
        ended.how = "exited" if code >= 0 else "signalled"
        ended.code, ended.signal = (code, None) if code >= 0 else (128 - code, -code)
    for pump in pumps:
        if pump.started:
            pump.join(DRAIN_TOTAL_S)


def _plumb(window: Window, closed: Sequence[int]) -> tuple[list[Pump], list[tuple[int, int]]]:
    pumps: list[Pump] = []
    outputs: list[tuple[int, int]] = []
    if not closed and streams.same_open_file(1, 2):
        read_end, write_end = os.pipe()
        return [Pump(read_end, 1, window, None)], [(write_end, 1), (write_end, 2)]
    import _thread

    lock = _thread.allocate_lock()
    for standard in (1, 2):
        if standard not in closed:
            read_end, write_end = os.pipe()
            pumps.append(Pump(read_end, standard, window, lock))
            outputs.append((write_end, standard))
    return pumps, outputs


def _children_peak() -> int:
    import resource

    # A child begins as a copy of us, and the kernel counts that too: less than our own size says nothing.
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return children * 1024 if children > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss else 0


class _Watch:
    """The main loop while the command lives."""

    def __init__(
        self,
        ended: Ended,
        child: spawn.Child,
        pumps: list[Pump],
        relay: Relay,
        begin: float,
        grace_s: float,
        environment: Mapping[bytes, bytes],
    ) -> None:
        self.ended = ended
        self.environment = environment
        self.child = child
        self.pumps = pumps
        self.relay = relay
        self.begin = begin
        self.grace_s = grace_s
        self.kill_at: float | None = None
        self.limit_hit = ""
        self.quiet_when_hit: float | None = None
        self.deadlines: list[tuple[float, str]] = []
        self.idle_s: float | None = None
        self.poll = select.poll()
        self.poll.register(relay.wake_read, select.POLLIN)
        self.next_sample = begin + _FIRST_SAMPLE_S
        self.sample_every = _FIRST_SAMPLE_S

    def set_limits(self, attempt_s: float | None, idle_s: float | None, budget_s: float | None) -> None:
        for seconds, name in ((attempt_s, "attempt_timeout"), (budget_s, "budget")):
            if seconds is not None:
                self.deadlines.append((self.begin + seconds, name))
        self.deadlines.sort()
        self.idle_s = idle_s

    def until_exit(self) -> None:
        status: int | None = None
        while True:
            if status is None:
                status = self._collect()
            else:
                tree.reap()
            self._forward()
            now = monotonic()
            if status is not None and (not self._ending() or not tree.descendants()):
                break
            if self.kill_at is not None and now >= self.kill_at:
                if status is None:
                    # Where there is no /proc this is all that can be reached.
                    tree.signal_group(self.child.pid, signal.SIGKILL)
                tree.kill_all()
                self.kill_at = None if status is not None else now + 1.0
                if status is not None:
                    break
                continue
            if status is None and not self._ending():
                self._check_limits(now)
            if self.kill_at is not None and self.kill_at - now < self.grace_s - _AHEAD_AFTER_S:
                self._go_ahead()
            self.poll.poll(self._timeout_ms(now, status is not None))
            self.relay.drain()
        self._conclude(status if status is not None else LIMIT_EXIT << 8)

    def _go_ahead(self) -> None:
        """Whoever told us to stop does not wait long after the command's grace: what comes after its end is got ready in it."""
        ahead, self.relay.ahead = self.relay.ahead, None
        if ahead is not None and self.relay.stopped_by is not None:
            try:
                ahead()
            except Exception:
                # It is tried again when its time has come.
                return

    def _ending(self) -> bool:
        return bool(self.limit_hit) or self.relay.stopped_by is not None

    def _collect(self) -> int | None:
        """The wait status of the command when it has ended; orphans that came to us are collected too."""
        while True:
            try:
                pid, status = os.waitpid(self.child.pid, os.WNOHANG | os.WUNTRACED)
            except ChildProcessError:
                # SIGCHLD ignored by whoever started us before we could change that: nothing more to learn.
                return 255 << 8
            if not pid:
                break
            if os.WIFSTOPPED(status):
                self._stopped(os.WSTOPSIG(status))
                continue
            if self._ending():
                tree.signal_all(tree.descendants(), signal.SIGTERM)
            return status
        return None

    def _stopped(self, number: int) -> None:
        """The command was stopped from the terminal (Ctrl-Z): stop with it, go on with it."""
        if not self.child.foreground or number not in (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU):
            return
        self.child.give_terminal_back()
        os.kill(os.getpid(), signal.SIGSTOP)
        try:
            os.tcsetpgrp(0, self.child.pid)
        except OSError:
            pass
        tree.signal_group(self.child.pid, signal.SIGCONT)

    def _forward(self) -> None:
        for number in self.relay.take():
            if number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
                if self.relay.stops > 1:
                    self.kill_at = monotonic()
                elif self.kill_at is None:
                    tree.signal_group(self.child.pid, number)
                    tree.signal_group(self.child.pid, signal.SIGCONT)
                    self.kill_at = monotonic() + self.grace_s
            else:
                tree.signal_group(self.child.pid, number)
        if self.relay.stopped_by is not None and self.kill_at is None:
            # Told to stop before this attempt began to listen.
            tree.signal_group(self.child.pid, self.relay.stopped_by)
            self.kill_at = monotonic() + self.grace_s

    def _check_limits(self, now: float) -> None:
        if now >= self.next_sample:
            self.ended.gauge.sample()
            self.sample_every = min(self.sample_every * 1.5, _SLOWEST_SAMPLE_S)
            self.next_sample = now + self.sample_every
        if self.deadlines and now >= self.deadlines[0][0]:
            self._hit(self.deadlines[0][1], now)
        elif self.idle_s is not None and self.pumps and self.quiet() >= self.idle_s:
            self._hit("idle_timeout", now)

    def _hit(self, name: str, now: float) -> None:
        self.limit_hit = name
        self.quiet_when_hit = self.quiet()
        those = tree.descendants()
        self._dump(those)
        tree.signal_group(self.child.pid, signal.SIGTERM)
        tree.signal_all((seen for seen in those if seen.group != self.child.pid), signal.SIGTERM)
        # A stopped process acts on TERM only when it goes on.
        tree.signal_all(those, signal.SIGCONT)
        self.kill_at = monotonic() + self.grace_s

    def _dump(self, those: list[tree.Seen]) -> None:
        """Where the processes stand that are about to be ended; a fault of ours here delays nothing."""
        try:
            from guard.attempt import stack_dump

            self.ended.dumps = stack_dump.take(those, self.environment, lambda: self.relay.stopped_by is not None)
        except Exception as fault:
            from guard import failsafe

            failsafe.confess("dumping the stacks of a hang", fault)

    def quiet(self) -> float:
        """Seconds since the last output; none while our own reader makes the command wait."""
        if not self.pumps or any(not pump.reading for pump in self.pumps):
            return 0.0
        return monotonic() - max(pump.last_byte for pump in self.pumps)

    def _timeout_ms(self, now: float, only_rest_left: bool) -> float:
        if only_rest_left:
            return 20.0
        until = [self.next_sample]
        if self.kill_at is not None:
            # The tree is looked at while it is being ended: a leader that is gone need not be waited for.
            until.append(min(self.kill_at, now + 0.1))
        if not self._ending():
            until += [deadline for deadline, _ in self.deadlines[:1]]
            if self.idle_s is not None:
                until.append(now + max(self.idle_s - self.quiet(), 0.01))
        return max(min(until) - now, 0.001) * 1000

    def _conclude(self, status: int) -> None:
        ended = self.ended
        if os.WIFSIGNALED(status):
            ended.how, ended.signal = "signalled", os.WTERMSIG(status)
            ended.code = 128 + ended.signal
            if self.child.foreground and ended.signal in (signal.SIGINT, signal.SIGQUIT):
                # The terminal's own Ctrl-C went to the command's group, not to us.
                self.relay.stopped_by = self.relay.stopped_by or ended.signal
        else:
            ended.how, ended.code = "exited", os.WEXITSTATUS(status)
            if self.child.foreground and ended.code in (128 + signal.SIGINT, 128 + signal.SIGQUIT):
                # So it was told, and says it as shells do.
                self.relay.stopped_by = self.relay.stopped_by or ended.code - 128
        if self.limit_hit:
            ended.how, ended.code = self.limit_hit, LIMIT_EXIT
        if self.relay.stopped_by is not None:
            ended.how, ended.code = "cancelled", 128 + self.relay.stopped_by

    def drain(self) -> None:
        """Wait for the rest of the output: its end, or silence where only a survivor holds the pipe."""
        begin = monotonic()
        until = begin + DRAIN_TOTAL_S
        for pump in self.pumps:
            while not pump.join(0.05):
                self.relay.take()
                if self.relay.stopped_by is not None and self.ended.how != "cancelled":
                    self.ended.how, self.ended.code = "cancelled", 128 + self.relay.stopped_by
                    until = min(until, monotonic() + self.grace_s)
                now = monotonic()
                if pump.reading:
                    if now - max(pump.last_byte, begin) >= DRAIN_SILENCE_S or now >= until:
                        break
                elif self.relay.stopped_by is not None and now >= until:
                    break
            pump.stop()
