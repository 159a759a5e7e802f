"""`python tests/bench/diagnosis_time.py`: diagnosis time at 1x, 4x, 16x log size, and of a 50 MB log.

The log is made of lines such as builds print, with a failure at the end; the ratio to the smallest size tells
whether the time is linear. First-use costs (imports, patterns) are shown apart.
"""

from __future__ import annotations

import random
import time

from guard.types import Command, LogWindow, NoMemory, Outcome, Telemetry

LINES = (
    "[{n}/9999] Building CXX object src/CMakeFiles/app.dir/module_{n}.cc.o",
    "2026-01-01T00:00:{s:02d}.1234567Z   Downloading package-{n}-1.{s}.0.tar.gz (1.2 MB)",
    "test_module_{n}.py::test_returns_503_when_down[{s}] PASSED",
    "warning: unused variable `x{n}` in error handling of module {s}",
    "\x1b[32m✓\x1b[0m retries after a timeout ({n} ms)",
    "npm warn deprecated package-{n}@1.0.{s}: use something else",
    "Compiling crate_{n} v0.{s}.0",
)


def log(megabytes: float) -> bytes:
    """A log of about that size that ends in a refused connection."""
    random.seed(7)
    parts: list[str] = []
    size = 0
    while size < megabytes * 1e6:
        line = random.choice(LINES).format(n=random.randrange(10000), s=random.randrange(60))
        parts.append(line)
        size += len(line) + 1
    parts.append("curl: (7) Failed to connect to registry.example port 443: Connection refused")
    return "\n".join(parts).encode()


def seconds(data: bytes) -> float:
    """Seconds of one diagnosis of the log."""
    from guard.diagnosis.diagnose import diagnose

    outcome = Outcome(Command(("x",)), 1, 7, None, "exited", 1.0, LogWindow(head=data), Telemetry())
    begin = time.perf_counter()
    found = diagnose(outcome, NoMemory())
    took = time.perf_counter() - begin
    assert found.label == "connection_failure", found
    return took


def main() -> None:
    """Print the figures."""
    print(f"first diagnosis, imports and patterns included: {seconds(log(0.01)) * 1000:.0f} ms")
    base = min(seconds(log(0.5)) for _ in range(3))
    for factor in (1, 4, 16):
        took = min(seconds(log(0.5 * factor)) for _ in range(2))
        print(f"{0.5 * factor:5.1f} MB: {took * 1000:7.0f} ms, ratio to 0.5 MB {took / base:5.1f} (size ratio {factor})")
    took = seconds(log(50))
    print(f" 50.0 MB: {took * 1000:7.0f} ms, ratio to 0.5 MB {took / base:5.1f} (size ratio 100)")


if __name__ == "__main__":
    main()
