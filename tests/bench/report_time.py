"""`python -m tests.bench.report_time [RUNS]`: `guard report` on a real SQLite history of 100,000 runs, in every format.

The runs are invented (tests/bench/invented_runs.py), the store is the one that builds write to. Start to finish of the
command, wall and CPU, the least of three; beside it what a bare start of guard takes, and the peak memory.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from guard.history.entry import Entry
from guard.history.opening import open_store
from guard.history.rows import TestRow, Trial
from tests.bench import invented_runs

ROUNDS = 3


def fill(path: Path, count: int) -> None:
    """A history with that many runs."""
    rows = list(invented_runs.runs(count))
    trials: dict[str, list[Trial]] = defaultdict(list)
    tests: dict[str, list[TestRow]] = defaultdict(list)
    for row in rows:
        trials[row.id] += invented_runs.trials([row])
        tests[row.id] += invented_runs.failed_tests([row])
    store = open_store(f"sqlite:{path}", read_only=False, create=True)
    assert store is not None
    for begin in range(0, count, 5000):
        store.record(Entry(row, {"id": row.id}, (), tuple(trials[row.id]), tuple(tests[row.id])) for row in rows[begin : begin + 5000])
    store.close()


def seconds(*arguments: str) -> str:
    """Wall and CPU seconds of the command, the least of three each: on a busy machine CPU is what tells."""
    wall, cpu = [], []
    for _ in range(ROUNDS):
        begin, used = time.perf_counter(), _cpu()
        subprocess.run([sys.executable, "-m", "guard", *arguments], check=True, stdout=subprocess.DEVNULL)
        wall.append(time.perf_counter() - begin)
        cpu.append(_cpu() - used)
    return f"{min(wall):6.2f} s wall {min(cpu):6.2f} s CPU"


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Fill a store, measure, print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as name:
        folder, here = Path(name), os.getcwd()
        os.environ["PYTHONPATH"] = here
        os.chdir(folder)
        path = folder / "history.db"
        begin = time.perf_counter()
        fill(path, count)
        print(f"{count:,} runs, {path.stat().st_size / 1e6:.0f} MB, written in {time.perf_counter() - begin:.1f} s")
        print(f"{'guard --version':<24}{seconds('--version')}")
        store = f"sqlite:{path}"
        print(f"{'guard report':<24}{seconds('report', '--history', store)}")
        for option in ("html", "markdown", "json", "prometheus"):
            file = folder / option
            print(f"{f'guard report --{option}':<24}{seconds('report', '--history', store, f'--{option}', str(file))}  {file.stat().st_size / 1e3:,.0f} kB")
        assert json.loads((folder / "json").read_text())["views"][0]["runs"]["total"] == count
        print(f"{'  --since 7 days of it':<24}{seconds('report', '--history', store, '--since', '2026-11-17')}")
        print(f"peak memory {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
