"""`python tests/bench/classifier_time.py [LOG]`: the classifier's first verdict and later ones, beside a bare interpreter.

The log is read once and cut to its last 2,000 lines. Ratios are against `python -c 'import numpy'` of the same minute.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from guard.diagnosis.classify import classify
from guard.diagnosis.lines import Log
from guard.types import Command, LogWindow, Outcome, Telemetry

LINES = 2000


def outcome(path: str | None) -> Outcome:
    """The outcome of a command that printed 2,000 lines."""
    if path:
        lines = Path(path).read_bytes().split(b"\n")[-LINES:]
    else:
        lines = [b"[INFO] Compiling module %d of com.acme.store, file Ledger%d.java in 0.%d s" % (n, n % 97, n % 10) for n in range(LINES)]
        lines[1500] = b"error: cannot find symbol: class Receipt"
    return Outcome(Command(("x",)), 1, 1, None, "exited", 1.0, LogWindow(head=b"\n".join(lines)), Telemetry())


def main() -> None:
    """Measure and print."""
    one = outcome(sys.argv[1] if len(sys.argv) > 1 else None)
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import numpy"], check=True)
    bare = time.perf_counter() - begin
    begin = time.perf_counter()
    assert classify(Log(one.window), one).probabilities
    first = time.perf_counter() - begin
    later = []
    for _ in range(15):
        begin = time.perf_counter()
        classify(Log(one.window), one)
        later.append(time.perf_counter() - begin)
    later.sort()
    print(f"python -c 'import numpy': {bare * 1e3:.0f} ms")
    print(f"first verdict, with imports and session: {first * 1e3:.0f} ms, {first / bare:.2f} of that")
    print(f"later verdicts of {LINES} lines: median {later[7] * 1e3:.0f} ms, least {later[0] * 1e3:.0f} ms, {later[7] / bare:.2f} of that")


if __name__ == "__main__":
    main()
