"""Half as many workers, or as many as were seen to fit: by the flag in argv, by the tool's variable where that counts, else by CPU affinity.

A number in a script that is given as text is made smaller there; one in a file of the repository stays as it is, and a
stand-in makes it smaller on its way to the tool. CPU affinity is seen by what counts the CPUs it may use: nproc, ninja, cargo, go, pytest-xdist, Jest 30,
Vitest, the JVM, .NET.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from guard.remedies import own_files, stand_ins
from guard.remedies.tools_in_play import files_text, programs, read, script_text, typed
from guard.remedies.workers.flags import PARALLEL, UNLIMITED, Found, found, rewritten
from guard.remedies.workers.text import lowered
from guard.types import (
    Action,
    Around,
    Change,
    Command,
    Diagnosis,
    EnvPatch,
    Outcome,
    Refusal,
    Surroundings,
)

NAME = "fewer_workers"
LABELS = frozenset({"out_of_memory", "resource_limit"})
# Words, variables and CPUs are the next attempt's own; only stand-ins are files.
apply = own_files.apply
undo = own_files.undo

# Limits that many workers reach together; a watch limit or a stack is not one of them.
_SHARED = re.compile(
    r"open files|EMFILE|\bfork|thread|spawn|EAGAIN|temporarily unavailable|shared memory|/dev/shm|process", re.IGNORECASE
)
# How programs ask for the CPUs that they may use
_COUNTS_CPUS = re.compile(
    r"\bnproc\b|_NPROCESSORS_ONLN|sched_getaffinity|process_cpu_count|availableParallelism|availableProcessors"
    r"|runtime\.(?:NumCPU|GOMAXPROCS)|\bavailable_parallelism\b|ProcessorCount"
)
# (the tool is serial unless told, so without a number there is nothing to lessen)
_SERIAL = frozenset({"make", "gmake", "mvn", "mvnw", "xargs", "mocha", "scons", "cmake", "ctest", "pytest", "py.test", "tox"})
_INI_WORKERS = re.compile(r"addopts\s*=[^\[]*?(?:\s|[\"'=])(?:-n|--numprocesses)[ =]?[\"', ]*(?P<number>auto|logical|\d{1,3})\b")
_PYTHON = re.compile(r"(?:python|pypy)(?:\d(?:\.\d+)?)?")
_LOAD = " -l1"
# GNU make says so only where it runs more than one job at a time, wherever the number came from.
_MAKE_IN_PARALLEL = b": *** Waiting for unfinished jobs...."


@dataclass(frozen=True)
class _Seen:
    """Where the command's numbers stand."""

    tools: frozenset[str]
    in_argv: list[Found] = field(default_factory=list)
    in_text: list[Found] = field(default_factory=list)
    in_env: Mapping[str, int] = field(default_factory=dict)
    in_ini: bool = False
    counts: bool = False


def propose(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """Half of what the command asks for, or of the CPUs that it counts, down to one; less where the kernel ended more than half of them."""
    if diagnosis.label not in LABELS:
        return None
    if diagnosis.label == "resource_limit" and not any(_SHARED.search(one.text) for one in diagnosis.evidence):
        return None
    command = outcome.command
    # What earlier attempts were given: each halved the CPUs.
    cpus = max(surroundings.cpus >> (outcome.number - 1), 1)
    seen = _look(command, cpus)
    window = outcome.window
    if not (seen.in_argv or seen.in_text or seen.in_env) and _MAKE_IN_PARALLEL in window.head + window.tail:
        seen = replace(seen, tools=seen.tools | {"make"}, in_text=[Found(0, "-j", UNLIMITED)])
    told = seen.in_argv or seen.in_text
    explicit = max((one.workers for one in told), default=0) or max(seen.in_env.values(), default=0)
    if not explicit and not seen.in_ini and not seen.counts and not seen.tools - _SERIAL:
        return None
    now = min(explicit, max(4 * cpus, 8)) if explicit else cpus
    if own_files.given(command.env.get("PATH", "")):
        # What stands in a file was halved on its way by each attempt before.
        now = max(now >> (outcome.number - 1), 1)
    if now <= 1:
        return Refusal(NAME, "it runs with one worker already")
    new = _fit(now, diagnosis, outcome)
    argv = rewritten(command.argv, seen.in_argv, new)
    script = script_text(command)
    smaller = lowered(script, new)
    if smaller != script and script in argv:
        argv = tuple(smaller if word == script else word for word in argv)
        seen = replace(seen, in_argv=seen.in_argv or told, in_text=[])
    env = _env(seen, command.env, new)
    # A number in argv or in a variable is obeyed; all else counts CPUs, if anything does.
    by_cpus = not seen.in_argv and (seen.in_text or not explicit) and "MAKEFLAGS" not in env
    affinity = max(min(new, cpus // 2), 1) if by_cpus and cpus > 1 else None
    actions: tuple[Action, ...] = ()
    behind = _behind(seen.tools, command) if seen.in_text and argv == command.argv else []
    folder = own_files.folder(outcome.number, surroundings) if behind else None
    if folder is not None:
        actions = own_files.actions(folder, {name: stand_ins.workers(name, folder, new) for name in behind})
        env["PATH"] = stand_ins.in_front(folder)
    ways = [
        *(["its command line" if smaller == script else "the script's own flag"] if argv != command.argv else []),
        *sorted(env.keys() - {"PATH"}),
        *([f"a stand-in for {' and '.join(behind[:3])}"] if folder is not None else []),
        *(["CPU affinity"] if affinity is not None else []),
    ]
    if not ways:
        return None
    by_load = _LOAD.strip() in str(getattr(env.get("MAKEFLAGS", ""), "after", ""))
    told_new = "one worker at a time while the machine is busy" if by_load else f"{new} worker{'s' if new > 1 else ''}"
    return Change(
        remedy=NAME,
        summary=f"runs with {told_new} instead of {now}, by {' and '.join(ways)}",
        env=env,
        argv=argv if argv != command.argv else None,
        cpus=affinity,
        actions=actions,
        success_probability=0.55,
        details={"old_workers": now, "new_workers": 1 if by_load else new, "by": ways},
    )


def _behind(tools: frozenset[str], command: Command) -> list[str]:
    """The programs that scripts and files start for these tools: `python3 -m pytest` is a Python."""
    pythons = filter(_PYTHON.fullmatch, programs(command)) if tools & {"pytest", "py.test"} else ()
    return sorted({*tools, *pythons})


def _fit(now: int, diagnosis: Diagnosis, outcome: Outcome) -> int:
    """How many of `now` workers to run next: half; where the kernel killed more than half, those that it let live, at least one."""
    killed = outcome.telemetry.oom_kills or 0 if diagnosis.label == "out_of_memory" else 0
    return max(min(now // 2, now - killed), 1)


def _look(command: Command, cpus: int) -> _Seen:
    tools = programs(command) & PARALLEL.keys()
    script = script_text(command)
    # The text of a script is one word of argv; it has no flag of its own.
    words = tuple("" if script and word == script else word for word in command.argv)
    text = f"{script}\n{files_text(command)}"
    in_env = {name: int(command.env[name]) for tool in tools if _number((name := PARALLEL[tool].variable), command.env)}
    flags = found(command.env.get("MAKEFLAGS", "").split(), ("make",), cpus) if "MAKEFLAGS" in command.env else []
    if flags and _LOAD.strip() not in command.env["MAKEFLAGS"]:
        in_env["MAKEFLAGS"] = max(one.workers for one in flags)
    return _Seen(
        frozenset(tools),
        found(words, tools, cpus),
        found(re.split(r"[\s;&|()\"'`]+", text), tools, cpus),
        in_env,
        bool(tools & {"pytest", "py.test"}) and _ini_workers(command.cwd),
        _COUNTS_CPUS.search(f"{typed(command)}\n{text}") is not None,
    )


def _number(name: str, env: Mapping[str, str]) -> bool:
    return bool(name) and env.get(name, "").isdecimal() and 0 < int(env[name]) < 1000


def _env(seen: _Seen, env: Mapping[str, str], new: int) -> dict[str, EnvPatch]:
    patches: dict[str, EnvPatch] = {}
    for tool in seen.tools:
        name = PARALLEL[tool].variable
        if name and seen.in_env.get(name, new + 1) > new:
            patches[name] = str(new)
    make = bool(seen.tools & {"make", "gmake"}) or ("cmake" in seen.tools and bool(seen.in_text))
    flags = env.get("MAKEFLAGS", "")
    if "MAKEFLAGS" in seen.in_env:
        patches["MAKEFLAGS"] = " ".join(rewritten(flags.split(), found(flags.split(), ("make",), 1), new))
    elif make and seen.in_text and _LOAD.strip() not in flags:
        # A -j on make's command line wins over MAKEFLAGS; the limit of load beside it still holds: make starts no
        # second job while the load is above it.
        patches["MAKEFLAGS"] = Around(after=_LOAD if flags else _LOAD.strip())
    if seen.tools & {"go", "gotestsum"}:
        # The last of two wins, so an earlier one may stand.
        patches["GOFLAGS"] = Around(after=(" " if env.get("GOFLAGS") else "") + f"-p={new}")
    if seen.tools & {"gradle", "gradlew"}:
        patches["GRADLE_OPTS"] = Around(after=f" -Dorg.gradle.workers.max={new}")
    if seen.in_ini and not seen.in_argv:
        patches["PYTEST_ADDOPTS"] = Around(after=f" -n {new}")
    return patches


def _ini_workers(cwd: str) -> bool:
    """Whether pytest's own settings ask for workers; PYTEST_ADDOPTS is read after them and wins."""
    return any(
        _INI_WORKERS.search(read(Path(cwd, name))) for name in ("pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")
    )
