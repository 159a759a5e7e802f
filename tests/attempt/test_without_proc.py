"""Where the kernel shows no processes (no /proc, macOS), the attempt's own group is still ended whole."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from tests.attempt.conftest import sleeping

BLIND = """
import sys
from guard.attempt import tree
tree.processes = lambda: {}
tree.process = lambda pid: None
sys.argv = ["guard", *sys.argv[1:]]
from guard.__main__ import main
main()
"""


@pytest.fixture
def blind(workspace):
    def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([sys.executable, "-c", BLIND, "run", *arguments], cwd=workspace, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)

    return run


def test_a_limit_ends_a_group_that_ignores_term(blind, marker):
    begin = time.monotonic()
    done = blind("--timeout", "1", "--attempts", "1", "--", "sh", "-c", f'trap "" TERM; sleep {marker} & sleep {marker}; sleep {marker}')
    assert done.returncode == 124, done.stderr
    assert time.monotonic() - begin < 30
    assert sleeping(marker) == []


@pytest.mark.parametrize(("kill", "code"), [("job", 0), ("none", 56)])
def test_what_an_attempt_left_is_ended_before_the_next_or_there_is_none(blind, workspace, marker, kill, code):
    (workspace / ".pipeguard.yml").write_text(f"attempts: 2\nallow: {{kill: {kill}}}\n")
    script = f"[ $PIPEGUARD_ATTEMPT = 2 ] && exit 0; sleep {marker} >/dev/null 2>&1 & echo 'curl: (56) Recv failure: Connection reset by peer'; exit 56"
    done = blind("--", "sh", "-c", script)
    assert done.returncode == code, done.stderr
    assert len(sleeping(marker)) == (0 if kill == "job" else 1)
    assert b"fault" not in done.stderr
