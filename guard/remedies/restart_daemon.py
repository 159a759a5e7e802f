"""A build tool's background process in a bad state: this job's own is ended, and the next attempt starts anew or does without.

A daemon is this job's where one of its attempts made it, or where its own environment bears the CI's number of this very
job (an earlier step started it). Any other, and the docker daemon, is left alone: it may be at work for somebody else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from guard.remedies import processes
from guard.remedies.protocol import nothing_to_undo
from guard.remedies.tools_in_play import programs
from guard.types import (
    Action,
    Applied,
    Around,
    Change,
    Diagnosis,
    EnvPatch,
    Outcome,
    Process,
    Refusal,
    Surroundings,
)

NAME = "restart_daemon"
LABELS = frozenset({"infrastructure", "stale_state"})

undo = nothing_to_undo


@dataclass(frozen=True)
class _Daemon:
    """What shows that one is in a bad state, what its command line looks like, and how to do without it."""

    what: str
    programs: frozenset[str]
    """Which a command must run for this to be asked."""
    said: re.Pattern[str]
    command: re.Pattern[bytes]
    """Sought in the command line (words apart by NUL)."""
    without: Mapping[str, EnvPatch] = field(default_factory=dict)


_KOTLIN_SAID = re.compile(
    r"(?i)(?:could not|failed|unable) (?:to )?connect to (?:the )?kotlin (?:compile )?daemon|kotlin (?:compile )?daemon .*(?:terminated|crashed)"
    r"|failed connecting to the daemon in \d+ retries"
)
_KOTLIN_RUNS = re.compile(rb"org\.jetbrains\.kotlin\.daemon\.KotlinCompileDaemon")
_DAEMONS = (
    _Daemon(
        "the Kotlin daemon",
        frozenset({"gradle", "gradlew"}),
        _KOTLIN_SAID,
        _KOTLIN_RUNS,
        # By Gradle's form of a project property as a variable.
        {"ORG_GRADLE_PROJECT_kotlin.compiler.execution.strategy": "in-process"},
    ),
    _Daemon(
        "the Kotlin daemon",
        frozenset({"mvn", "mvnw", "mvnd"}),
        _KOTLIN_SAID,
        _KOTLIN_RUNS,
        # A property of the JVM goes over that of the pom (seen on Maven 3.8, kotlin-maven-plugin 2.2).
        {"MAVEN_OPTS": Around(after=" -Dkotlin.compiler.daemon=false")},
    ),
    _Daemon(
        "the Gradle daemon",
        frozenset({"gradle", "gradlew"}),
        re.compile(
            r"(?i)gradle build daemon (?:disappeared|has been stopped)|could not (?:dispatch a message to|receive a message from) the daemon"
            r"|unable to start the daemon process|the daemon has expired|could not connect to the gradle daemon|timeout waiting to (?:connect to the gradle daemon|lock)"
        ),
        re.compile(rb"org\.gradle\.launcher\.daemon\.bootstrap\.GradleDaemon"),
        {"GRADLE_OPTS": Around(after=" -Dorg.gradle.daemon=false")},
    ),
    _Daemon(
        "the Bazel server",
        frozenset({"bazel", "bazelisk"}),
        re.compile(r"(?i)server (?:terminated abruptly|process .* died|crashed)|could not connect to (?:the )?(?:bazel )?server|another command .* is running|failed to connect to .*bazel"),
        re.compile(rb"(?:\A|/)bazel\(|A-server\.jar"),
    ),
    _Daemon(
        "the adb server",
        frozenset({"adb", "gradle", "gradlew", "flutter"}),
        re.compile(r"(?i)cannot connect to daemon|adb server (?:version .* doesn't match|didn't ack|is out of date)|error: protocol fault|daemon still not running"),
        re.compile(rb"(?:\A|/)adb\0(?:.*\0)?fork-server\0"),
    ),
    _Daemon(
        "the sccache server",
        frozenset({"cargo", "sccache", "cmake", "make", "ninja"}),
        re.compile(r"(?i)sccache: (?:error|warning): .*(?:server|connect|timed out)"),
        re.compile(rb"(?:\A|/)sccache\0|(?:\A|/)sccache\Z"),
        {"RUSTC_WRAPPER": "", "CARGO_BUILD_RUSTC_WRAPPER": ""},
    ),
)
_DOCKER = re.compile(r"Cannot connect to the Docker daemon|error during connect: .*docker")
# A number of this very job, which the CI gives to all that its steps start.
_JOB = ("RUNNER_TRACKING_ID", "CI_JOB_ID", "BUILD_TAG", "BUILDKITE_JOB_ID", "CIRCLE_WORKFLOW_JOB_ID", "SYSTEM_JOBID", "TEAMCITY_BUILDID")
_MOST = 10


def propose(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """The first daemon that the evidence speaks of and whose tool the command runs."""
    if diagnosis.label not in LABELS:
        return None
    said = "\n".join(evidence.text for evidence in diagnosis.evidence)
    used = programs(outcome.command)
    for daemon in _DAEMONS:
        if used & daemon.programs and daemon.said.search(said):
            return _change(daemon, outcome, surroundings)
    if _DOCKER.search(said) and "docker" in used:
        return Refusal(NAME, "the docker daemon is the machine's, not this job's: guard does not start or stop it")
    return None


def _change(daemon: _Daemon, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    env = {name: patch for name, patch in daemon.without.items() if _differs(name, patch, outcome.command.env)}
    found = list(_running(daemon))[:_MOST]
    foreign = [one for one in found if not _ours(one, outcome)]
    own = [one for one in found if one not in foreign]
    if foreign and not own and not env:
        return Refusal(NAME, f"{processes.shown(foreign[0])} is not of this job")
    if own and surroundings.allow.kill != "job":
        return Refusal(NAME, f"settings do not allow to end {processes.shown(own[0])}")
    if not own and not env:
        return None
    acts = [f"ends {daemon.what}" for _ in own[:1]] + ["does without it" if own else f"does without {daemon.what}" for _ in list(env)[:1]]
    return Change(
        remedy=NAME,
        summary=" and ".join(acts),
        env=env,
        actions=tuple(Action("kill", str(one.pid), {"start_ticks": str(one.start_ticks), "name": one.name}) for one in own),
        success_probability=0.6,
        cost_s=2.0,
        details={"daemon": daemon.what, "processes": [{"pid": one.pid, "name": one.name} for one in own]},
    )


def _differs(name: str, patch: EnvPatch, present: Mapping[str, str]) -> bool:
    """Whether it changes anything: sccache is only left out where a variable brought it in, an option only added once."""
    if isinstance(patch, Around):
        return patch.after.strip() not in present.get(name, "")
    if patch == "":
        return os.path.basename(present.get(name, "")) == "sccache"
    return present.get(name) != patch


def _running(daemon: _Daemon) -> Iterator[Process]:
    """The living processes of this user with such a command line."""
    for one in processes.everyone():
        try:
            with open(f"/proc/{one.pid}/cmdline", "rb") as file:
                line = file.read(1 << 16)
            same_user = os.stat(f"/proc/{one.pid}").st_uid == os.geteuid()
        except OSError:
            continue
        if same_user and daemon.command.search(line):
            yield one


def _ours(one: Process, outcome: Outcome) -> bool:
    if processes.ours(one, outcome):
        return True
    env = outcome.command.env
    wanted = [f"{name}={env[name]}" for name in _JOB if env.get(name)]
    return bool(wanted) and all(pair in processes.environment(one.pid) for pair in wanted)


def apply(change: Change, surroundings: Surroundings) -> Applied:
    """TERM, a grace, KILL for each that is still the process that was seen."""
    del surroundings
    return processes.end_each(change, 5.0)
