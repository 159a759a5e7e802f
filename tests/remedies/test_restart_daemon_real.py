"""A real Gradle daemon that an earlier step of this job left behind."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from guard.remedies import processes, restart_daemon
from guard.types import Change, Surroundings
from tests.remedies.attempted import need
from tests.unit.by_hand import diagnosis, outcome

pytestmark = pytest.mark.tools

GONE = diagnosis("infrastructure", "Gradle build daemon disappeared unexpectedly (it may have been killed or may have crashed)")


def test_the_daemon_of_this_job_is_ended_and_no_other(tmp_path: Path) -> None:
    need("gradle", "java")
    (tmp_path / "build.gradle").write_text("")
    env = {**os.environ, "GRADLE_USER_HOME": str(tmp_path / "home"), "CI_JOB_ID": f"77{os.getpid()}"}
    subprocess.run(("gradle", "--daemon", "--offline", "help"), cwd=tmp_path, env=env, timeout=150, check=False, capture_output=True)
    what = outcome("gradle", "build", cwd=tmp_path, env=env)
    other = restart_daemon.propose(GONE, outcome("gradle", "build", cwd=tmp_path, env={**env, "CI_JOB_ID": "1"}), Surroundings())
    assert isinstance(other, Change)
    assert not other.actions
    change = restart_daemon.propose(GONE, what, Surroundings())
    assert isinstance(change, Change)
    if not change.actions:
        pytest.skip("this gradle leaves no daemon")
    applied = restart_daemon.apply(change, Surroundings())
    assert not applied.error
    assert all(processes.process(int(action.target)) is None for action in change.actions)
