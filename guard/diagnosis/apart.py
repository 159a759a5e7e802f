"""The classifier asked in a process of its own: its memory is gone before the next attempt, and no fault of its is guard's.

The run-time library and the model take some 100 MB, which in a small container the next attempt would miss; a library
that crashes or hangs ends its own process alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import time
from collections.abc import Callable, Iterable
from functools import partial

from guard.diagnosis.classify import Guess, classify
from guard.diagnosis.lines import Log
from guard.types import Outcome

PATIENCE_S = 20.0
"""How long an opinion is waited for: it takes a quarter of a second on an idle machine."""


def classify_apart(log: Log, outcome: Outcome, by: Callable[[Log, Outcome], Guess] | None = None) -> Guess:
    """The model's opinion, or an abstention whose note says why; where processes cannot be forked, asked in this one.

    `by`: what asks it, called in the process apart.
    """
    by = by or classify
    if not hasattr(os, "fork"):
        return by(log, outcome)
    try:
        reader, writer = os.pipe()
    except OSError as error:
        return Guess(note=f"no classifier: no pipe to be had ({error.strerror})")
    # No handler of guard's may run in the child: one that raised would bring a second guard to life.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        pid = os.fork()
        if pid == 0:
            try:
                _answer(partial(by, log, outcome), reader, writer, mask)
            finally:
                os._exit(0)
    except OSError as error:
        os.close(reader)
        return Guess(note=f"no classifier: no process to be had ({error.strerror})")
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.close(writer)
    data, in_time = b"", False
    try:
        data, in_time = _read(reader)
    finally:
        os.close(reader)
        if not in_time:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)
    try:
        found = json.loads(data)
        salience = {int(index): float(share) for index, share in found["salience"].items()}
        return Guess(dict(found["probabilities"]), salience, dict(found["arbitration"]), str(found["note"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        why = "its process died" if in_time else f"no answer within {PATIENCE_S:.0f} s"
        return Guess(note=f"no classifier: {why}")


def _answer(by: Callable[[], Guess], reader: int, writer: int, mask: Iterable[int]) -> None:
    """The child: nothing of it may reach the job's output or guard's signals. It ends when this returns or raises."""
    os.close(reader)
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as adjust:
        adjust.write("1000")  # rather this process than guard
    guess = by()
    text = json.dumps(
        {
            "probabilities": dict(guess.probabilities),
            "salience": {index: share for index, share in guess.salience.items() if share > 1e-4},
            "arbitration": dict(guess.arbitration),
            "note": guess.note,
        }
    )
    rest = memoryview(text.encode())
    while rest:
        rest = rest[os.write(writer, rest) :]


def _read(reader: int) -> tuple[bytes, bool]:
    """What the child wrote, and whether it came to an end in time."""
    parts: list[bytes] = []
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    end = time.monotonic() + PATIENCE_S
    while (left := end - time.monotonic()) > 0 and poll.poll(left * 1000):
        part = os.read(reader, 1 << 16)
        if not part:
            return b"".join(parts), True
        parts.append(part)
    return b"".join(parts), False
