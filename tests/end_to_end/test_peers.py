"""Each point at which the most used retry wrapper fails when it is run (docs/peers.md), tried on guard."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    "script",
    ["kill -9 $$", "echo x && sh -c 'kill -9 $$'", "echo one\nsh -c 'kill -9 $$'", "kill -SEGV $$"],
    ids=["single", "after-and", "last-of-two-lines", "segfault"],
)
def test_a_command_that_dies_by_a_signal_is_red(run, script):
    done = run(script=script)
    assert done.code in (137, 139)
    assert done.result["status"] == "failed"


def test_on_a_time_out_a_child_that_ignores_term_is_gone_before_the_next_attempt(run, workspace):
    (workspace / ".pipeguard.yml").write_text("limits: {attempt: 1s}\nattempts: 2\n")
    script = "trap '' TERM\ndate +%s.%N > start.$PIPEGUARD_ATTEMPT\n(trap '' TERM; for i in $(seq 600); do date +%s.%N > alive.$PIPEGUARD_ATTEMPT; sleep 0.1; done) &\nwait"
    done = run(script=script)
    assert done.code == 124
    # The second attempt did run, and the first one's last sign of life is older.
    assert float((workspace / "alive.1").read_text()) < float((workspace / "start.2").read_text())


def test_a_child_killed_from_elsewhere_is_noticed_at_once(installed, workspace):
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    process = subprocess.Popen([sys.executable, "-m", "guard", "run", "--timeout", "60", "--", "sh", "-c", "echo $$ > pid; sleep 50"], cwd=workspace, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    pid = workspace / "pid"
    until = time.monotonic() + 10
    while not (pid.exists() and pid.read_text().strip()) and time.monotonic() < until:
        time.sleep(0.02)
    begin = time.monotonic()
    os.kill(int(pid.read_text()), signal.SIGTERM)
    assert process.wait(20) == 143
    assert time.monotonic() - begin < 10


def test_term_to_guard_ends_the_child(installed, workspace):
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    process = subprocess.Popen([sys.executable, "-m", "guard", "run", "--", "sh", "-c", "echo $$ > pid; exec sleep 50"], cwd=workspace, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    pid = workspace / "pid"
    until = time.monotonic() + 10
    while not (pid.exists() and pid.read_text().strip()) and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.1)
    process.terminate()
    assert process.wait(15) == 143
    assert not Path(f"/proc/{int(pid.read_text())}").exists()


def test_the_verdict_of_a_script_is_the_shells(run):
    assert run(script="false\necho after").code == 1
    assert run(script="false | cat").code == 1


def test_nothing_is_lost_into_a_late_reader(installed, workspace):
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    process = subprocess.Popen([sys.executable, "-m", "guard", "run", "--", "seq", "200000"], cwd=workspace, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    time.sleep(3)
    assert process.stdout is not None
    lines = process.stdout.read().count(b"\n")
    assert process.wait(20) == 0
    assert lines == 200_000


def test_attempts_see_their_number_and_outputs_of_a_failed_one_are_wiped(run, workspace):
    output = workspace / "output"
    output.touch()
    script = 'echo "n=$PIPEGUARD_ATTEMPT" >> "$GITHUB_OUTPUT"; [ $PIPEGUARD_ATTEMPT = 2 ] || { echo "curl: (6) Could not resolve host: index.example"; exit 6; }'
    assert run(script=script, env={"GITHUB_OUTPUT": str(output)}).code == 0
    assert output.read_text() == "n=2\n"
