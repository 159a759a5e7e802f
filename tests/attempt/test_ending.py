"""Limits and signals: the whole tree is told, then ended; nothing of an attempt outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.attempt.conftest import sleeping, soon

STUBBORN = 'trap "" TERM; (setsid sh -c \'trap "" TERM; sleep {0}\' &); sleep {0}; sleep {0}'


def test_attempt_limit_ends_a_tree_that_ignores_term(guarded, marker):
    begin = time.monotonic()
    done = guarded("sh", "-c", STUBBORN.format(marker), options=("--timeout", "1", "--attempts", "1"))
    assert done.returncode == 124
    assert sleeping(marker) == []
    assert time.monotonic() - begin < 20


def test_double_fork_into_a_new_session_is_ended(guarded, marker):
    program = f"import os, time\nif os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0:\n    os.execvp('sleep', ['sleep', '{marker}'])\n  os._exit(0)\ntime.sleep(60)"
    assert guarded("python3", "-c", program, options=("--timeout", "1", "--attempts", "1")).returncode == 124
    assert sleeping(marker) == []


def test_idle_limit(guarded, marker):
    done = guarded("sh", "-c", f"echo begin; sleep {marker}", options=("--idle-timeout", "1", "--attempts", "1"))
    assert (done.returncode, done.stdout) == (124, b"begin\n")
    assert b"hang" in done.stderr
    assert sleeping(marker) == []


def test_output_resets_the_idle_limit(guarded):
    done = guarded("sh", "-c", "for i in 1 2 3 4 5; do echo $i; sleep 0.5; done", options=("--idle-timeout", "2"))
    assert done.returncode == 0


def test_budget_ends_the_attempt(guarded, marker):
    done = guarded("sleep", marker, options=("--budget", "1"))
    assert done.returncode == 124
    assert sleeping(marker) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_told_to_stop(guard, workspace, marker, number):
    script = f"trap 'echo told; exit 0' TERM INT HUP QUIT; sleep {marker} & wait"
    process = subprocess.Popen([*guard, "run", "--", "bash", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=workspace, env={**os.environ, "PIPEGUARD_RESULT": "result.json"})
    assert soon(lambda: bool(sleeping(marker)))
    process.send_signal(number)
    out, _ = process.communicate(timeout=15)
    assert process.returncode == 128 + number
    assert b"told" in out
    assert sleeping(marker) == []
    import json

    assert json.loads((workspace / "result.json").read_text())["status"] == "interrupted"


def test_a_second_signal_kills_at_once(guard, workspace, marker):
    process = subprocess.Popen([*guard, "run", "--", "sh", "-c", STUBBORN.format(marker)], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=workspace)
    assert soon(lambda: len(sleeping(marker)) >= 2)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    begin = time.monotonic()
    assert process.wait(5) == 143
    assert time.monotonic() - begin < 4
    assert sleeping(marker) == []


def test_user_signals_are_passed_on_and_stop_nothing(guard, workspace):
    script = "trap 'echo one' USR1; trap 'echo two' USR2; echo ready; for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.2; done; exit 6"
    process = subprocess.Popen([*guard, "run", "--", "bash", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=workspace)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGUSR1)
    time.sleep(0.5)
    process.send_signal(signal.SIGUSR2)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 6
    assert out == b"one\ntwo\n"


def test_nohup_stays_in_force(guard, workspace, marker):
    process = subprocess.Popen(["nohup", *guard, "run", "--", "sleep", "1.5"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=workspace)
    time.sleep(0.7)
    process.send_signal(signal.SIGHUP)
    assert process.wait(10) == 0


def test_nothing_of_an_attempt_is_alive_when_the_next_begins(guarded, workspace, marker):
    script = f"""n=$PIPEGUARD_ATTEMPT
if [ "$n" = 1 ]; then (setsid sleep {marker} &) ; sleep {marker} & echo 'curl: (56) Recv failure: Connection reset by peer'; sleep 0.2; exit 56; fi
pgrep -fx 'sleep {marker}' && exit 9; echo alone"""
    (workspace / ".pipeguard.yml").write_text("attempts: 2\n")
    done = guarded("bash", "-c", script)
    assert done.stdout.endswith(b"alone\n"), done
    assert done.returncode == 0


def test_a_service_survives_a_step_that_passed(guarded, marker):
    assert guarded("sh", "-c", f"sleep {marker} >/dev/null 2>&1 & exit 0").returncode == 0
    assert len(sleeping(marker)) == 1


STRATEGY = """strategies:
  - name: slow
    when: {{pattern: boom}}
    run: {0}
    then: retry
"""


@pytest.mark.parametrize(
    ("script", "signals"),
    [("sleep {0}", 1), ('trap "" TERM; sleep {0}; sleep {0}', 2)],
    ids=["it obeys", "it is deaf and a second signal comes"],
)
def test_told_to_stop_during_a_strategy(guard, workspace, marker, script, signals):
    (workspace / ".pipeguard.yml").write_text(STRATEGY.format(repr(script.format(marker))))
    process = subprocess.Popen(
        [*guard, "run", "--", "sh", "-c", "echo boom; exit 3"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, cwd=workspace, env={**os.environ, "PIPEGUARD_RESULT": "result.json"},
    )  # fmt: skip
    assert soon(lambda: bool(sleeping(marker)), 20)
    for _ in range(signals):
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
    assert process.wait(6) == 143
    assert sleeping(marker) == []
    import json

    result = json.loads((workspace / "result.json").read_text())
    assert (result["status"], result["exit_code"], len(result["attempts"])) == ("interrupted", 143, 1)


def test_what_came_for_nobody_between_attempts_is_not_for_the_next(guard, workspace):
    (workspace / ".pipeguard.yml").write_text(STRATEGY.format("'touch between; sleep 2'"))
    script = "[ -f between ] && { sleep 0.5; exit 0; }; echo boom; exit 3"
    process = subprocess.Popen([*guard, "run", "--", "sh", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=workspace)
    assert soon((workspace / "between").exists, 20)
    process.send_signal(signal.SIGUSR1)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 0, err


def test_a_signal_to_stop_is_left_for_the_attempt_that_begins_at_that_moment():
    """Between the end of a wait and the start of an attempt nobody has acted on it for good yet."""
    code = (
        "import os, signal\nfrom guard.attempt.between import Between\nfrom guard.attempt.relay import Relay\n"
        "relay = Relay()\nbetween = Between(relay)\n"
        "for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGWINCH):\n    os.kill(os.getpid(), number)\n"
        "between.over()\nprint([int(one) for one in relay.take()], signal.getitimer(signal.ITIMER_REAL)[0], relay.on_stop)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout == "[15] 0.0 None\n", done.stderr


def test_a_killed_guard_takes_its_command_along(guard, workspace, marker):
    process = subprocess.Popen([*guard, "run", "--", "sleep", marker], stdin=subprocess.DEVNULL, cwd=workspace)
    assert soon(lambda: bool(sleeping(marker)))
    process.kill()
    process.wait(5)
    assert soon(lambda: not sleeping(marker))
