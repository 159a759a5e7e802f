"""How many of a tool's workers are at it at once, counted by what they run."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from guard.remedies import fewer_workers
from guard.types import Change, Diagnosis, Evidence, Outcome, Surroundings
from tests.remedies.attempted import attempt, said

# The most that ran at once, beside the script whatever folder it is run in
COUNT = """
import fcntl, os, sys, time
SEEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'seen')
def step(by):
    with open(SEEN, 'a+') as file:
        fcntl.flock(file, fcntl.LOCK_EX); file.seek(0)
        now, most = ([int(x) for x in file.read().split()] or [0, 0])
        now += by; file.seek(0); file.truncate(); file.write(f'{now} {max(now, most)}')
step(1); time.sleep(float(sys.argv[1]) if len(sys.argv) > 1 else 0.4); step(-1)
"""
KILLED = Diagnosis("out_of_memory", 0.9, "telemetry:oom_kill", (Evidence(1, "make: *** [all] Killed"),))


def counter(cwd: Path) -> Path:
    """The script, made."""
    (cwd / "count.py").write_text(COUNT)
    return cwd / "count.py"


def most_at_once(
    cwd: Path, *argv: str, change: Change | None = None, script: str | None = None, env: Mapping[str, str] | None = None
) -> tuple[int, Outcome]:
    (cwd / "seen").unlink(missing_ok=True)
    # What a build made, so that each one has all to do.
    shutil.rmtree(cwd / "target", ignore_errors=True)
    outcome = attempt(*argv, cwd=cwd, change=change, script=script, env=env)
    assert outcome.exit_code == 0, said(outcome)
    return int((cwd / "seen").read_text().split()[1]), outcome


def lessened(outcome: Outcome, cpus: int) -> Change:
    change = fewer_workers.propose(KILLED, outcome, Surroundings(cpus=cpus))
    assert isinstance(change, Change), change
    return change


def halved(cwd: Path, *argv: str, script: str | None = None, env: Mapping[str, str] | None = None, cpus: int = 8) -> Change:
    """Run it as it is, then changed: more than two at once before, at most two after."""
    before, first = most_at_once(cwd, *argv, script=script, env=env)
    change = lessened(first, cpus)
    after, second = most_at_once(cwd, *argv, script=script, env=env, change=change)
    assert (before > 2, after <= 2) == (True, True), (before, after, said(second))
    return change
