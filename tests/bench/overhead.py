"""`python tests/bench/overhead.py`: what guard costs on a build that passes, as ratios of the same minute.

Start to finish of `guard run -- true` against `true` and against the bare interpreter; the delay of one line;
the peak memory; 1 GB of output and 2 million short lines through guard and through `cat`.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PYTHON = sys.executable
GUARD = [str(Path(PYTHON).parent / "guard"), "run", "--"]


def seconds(argv: list[str], **more: object) -> float:
    """Wall seconds of a command whose output goes nowhere."""
    begin = time.perf_counter()
    subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True, **more)  # type: ignore[call-overload]
    return time.perf_counter() - begin


def paired(name: str, one: list[str], other: list[str], rounds: int) -> float:
    """Print and return the median of the ratios of runs side by side."""
    ratios = [seconds(one) / seconds(other) for _ in range(rounds)]
    print(f"{name}: x {statistics.median(ratios):.2f} (least {min(ratios):.2f}, most {max(ratios):.2f}, {rounds} pairs)")
    return statistics.median(ratios)


def start() -> None:
    """The cost of a start."""
    # Installed packages have compiled modules; a checkout may not.
    subprocess.run([PYTHON, "-m", "compileall", "-q", str(Path(__file__).parents[2] / "guard")], env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""}, check=True)
    paired("`guard run -- true` against the bare interpreter (`python -c pass`)", [*GUARD, "true"], [PYTHON, "-c", "pass"], 41)
    alone = statistics.median(seconds(["true"]) for _ in range(41))
    wrapped = statistics.median(seconds([*GUARD, "true"]) for _ in range(41))
    print(f"`guard run -- true` {wrapped * 1000:.1f} ms, `true` {alone * 1000:.1f} ms: {(wrapped - alone) * 1000:.1f} ms more")


def throughput(folder: Path) -> None:
    """A gigabyte, and two million lines of one write each."""
    big = folder / "big"
    with big.open("wb") as file:
        block = b"".join(b"line %06d of a build log that says nothing of interest to anybody\n" % n for n in range(15000))
        while file.tell() < 1 << 30:
            file.write(block)
    through_cat = ["sh", "-c", f"cat {big} | cat"]
    through_guard = [*GUARD, "cat", str(big)]
    ratios = [seconds(through_cat) / seconds(through_guard) for _ in range(7)]
    print(f"1 GB of lines: {statistics.median(ratios):.2f} of the speed of `cat` (least {min(ratios):.2f}, most {max(ratios):.2f})")
    program = folder / "lines.py"
    program.write_text("import os\nfor _ in range(2000000): os.write(1, b'hello line\\n')\n")
    ratios = [seconds(["sh", "-c", f"{PYTHON} {program} | cat"]) / seconds([*GUARD, PYTHON, str(program)]) for _ in range(3)]
    print(f"2 million lines, a write each: {statistics.median(ratios):.2f} of the speed of `cat`")
    process = subprocess.Popen(through_guard, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    print(f"peak memory of guard over 1 GB of output: {usage.ru_maxrss / 1024:.0f} MB")


def delay() -> None:
    """How much later a line arrives."""
    program = "import sys, time\nfor _ in range(200):\n    print(time.perf_counter_ns(), flush=True)\n    time.sleep(0.002)\n"

    def median_us(argv: list[str]) -> float:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        assert process.stdout is not None
        late = [(time.perf_counter_ns() - int(line)) / 1000 for line in process.stdout]
        process.wait()
        return statistics.median(late)

    bare, wrapped = median_us([PYTHON, "-c", program]), median_us([*GUARD, PYTHON, "-c", program])
    print(f"one line arrives {wrapped - bare:.0f} us later (bare {bare:.0f} us, through guard {wrapped:.0f} us)")


if __name__ == "__main__":
    start()
    delay()
    with tempfile.TemporaryDirectory() as name:
        throughput(Path(name))
