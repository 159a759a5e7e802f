"""Which daemon the evidence speaks of, whose it is, and what the next attempt does without."""

from __future__ import annotations

import pytest

from guard.remedies import processes, restart_daemon
from guard.types import Allow, Around, Change, Process, Refusal, Surroundings
from tests.unit.by_hand import diagnosis, outcome

GRADLE = diagnosis("infrastructure", "Gradle build daemon disappeared unexpectedly (it may have been killed or may have crashed)")
DAEMON = Process(4711, 99, "java")


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> list[Process]:
    found: list[Process] = []
    monkeypatch.setattr(restart_daemon, "_running", lambda daemon: iter(found))
    monkeypatch.setattr(processes, "ours", lambda one, what: False)
    monkeypatch.setattr(processes, "environment", lambda pid: ["CI_JOB_ID=7", "A=b"])
    return found


def test_gradle_goes_on_without_a_daemon(running: list[Process]) -> None:
    change = restart_daemon.propose(GRADLE, outcome("./gradlew", "build", env={"GRADLE_OPTS": "-Xmx1g"}), Surroundings())
    assert isinstance(change, Change)
    assert change.env == {"GRADLE_OPTS": Around(after=" -Dorg.gradle.daemon=false")}
    assert not change.actions
    told = outcome("gradle", "build", env={"GRADLE_OPTS": "-Dorg.gradle.daemon=false"})
    assert restart_daemon.propose(GRADLE, told, Surroundings()) is None


def test_maven_goes_on_without_kotlins_daemon(running: list[Process]) -> None:
    told = diagnosis("infrastructure", "[ERROR] Failed connecting to the daemon in 4 retries")
    change = restart_daemon.propose(told, outcome("mvn", "-B", "compile", env={"MAVEN_OPTS": "-Xmx1g"}), Surroundings())
    assert isinstance(change, Change)
    assert change.env == {"MAVEN_OPTS": Around(after=" -Dkotlin.compiler.daemon=false")}
    assert restart_daemon.propose(told, outcome("mvn", env={"MAVEN_OPTS": "-Dkotlin.compiler.daemon=false"}), Surroundings()) is None


@pytest.mark.parametrize(("job", "killed"), [("7", ["4711"]), ("8", []), ("", [])])
def test_only_a_daemon_of_this_very_job_is_ended(running: list[Process], job: str, killed: list[str]) -> None:
    running.append(DAEMON)
    change = restart_daemon.propose(GRADLE, outcome("gradle", "build", env={"CI_JOB_ID": job}), Surroundings())
    assert isinstance(change, Change)
    assert [action.target for action in change.actions] == killed


def test_a_foreign_one_is_named_and_left(running: list[Process]) -> None:
    running.append(DAEMON)
    bazel = diagnosis("infrastructure", "Server terminated abruptly (error code: 14)")
    answer = restart_daemon.propose(bazel, outcome("bazel", "test", "//..."), Surroundings())
    assert isinstance(answer, Refusal)
    assert "4711" in answer.reason


def test_nothing_is_ended_where_settings_forbid_it(running: list[Process]) -> None:
    running.append(DAEMON)
    what = outcome("gradle", "build", env={"CI_JOB_ID": "7"})
    assert isinstance(restart_daemon.propose(GRADLE, what, Surroundings(allow=Allow(kill="none"))), Refusal)


def test_the_docker_daemon_is_the_machines(running: list[Process]) -> None:
    told = diagnosis("infrastructure", "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?")
    assert isinstance(restart_daemon.propose(told, outcome("docker", "build", "."), Surroundings()), Refusal)


def test_sccache_is_left_out_only_where_a_variable_brought_it_in(running: list[Process]) -> None:
    told = diagnosis("infrastructure", "sccache: error: Server startup failed: Address in use")
    change = restart_daemon.propose(told, outcome("cargo", "build", env={"RUSTC_WRAPPER": "/usr/bin/sccache"}), Surroundings())
    assert isinstance(change, Change)
    assert change.env == {"RUSTC_WRAPPER": ""}
    assert restart_daemon.propose(told, outcome("cargo", "build"), Surroundings()) is None


def test_a_tool_that_the_command_does_not_run_is_left_alone(running: list[Process]) -> None:
    assert restart_daemon.propose(GRADLE, outcome("make"), Surroundings()) is None
