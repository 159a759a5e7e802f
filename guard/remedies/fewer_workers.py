"""Half as many workers: by the flag in the command, by the tool's variable, and by CPU affinity.

Affinity is what tools that count CPUs see (`nproc`, make -j$(nproc), ninja, cargo, go, pytest-xdist, the JVM).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from guard.remedies.command_words import programs, rewritten
from guard.remedies.protocol import nothing_to_apply, nothing_to_undo
from guard.types import Around, Change, Diagnosis, EnvPatch, Outcome, Refusal, Surroundings

NAME = "fewer_workers"
LABELS = frozenset({"out_of_memory", "resource_limit"})

apply = nothing_to_apply
undo = nothing_to_undo

# Flags with a number of workers, as make, ninja, cmake, ctest, cargo, go, pytest-xdist, jest, Gradle, Maven,
# bazel and MSBuild take them. In argv a flag and its number may be two words.
_NUMBERED = re.compile(
    r"(?P<flag>(?<![\w-])(?:-j ?|--jobs[= ]|--parallel[= ]|-n ?|--numprocesses[= ]|-T ?|--threads[= ]|--max-workers[= ]"
    r"|--maxWorkers[= ]|--workers[= ]|-w (?=\d+\b)|-p[= ]|-parallel[= ]|-maxcpucount:|-m:|/m:|--concurrency[= ]"
    r"|--test-concurrency[= ]|--test-threads[= ]|-P ?))(?P<number>\d{1,3})(?P<per>C?)\b"
)
_AUTO = re.compile(r"(?P<flag>(?<![\w-])(?:-n ?|--numprocesses[= ]))(?P<number>auto|logical)\b")
_SPLIT_FLAGS = frozenset(
    {"-j", "--jobs", "--parallel", "-n", "--numprocesses", "-T", "--max-workers", "--maxWorkers", "--workers", "-w", "-p", "-parallel", "--concurrency", "--test-concurrency", "--test-threads", "-P"}
)
# Which programs' flags those are: `-n 8` of something else is something else.
_KNOWN = frozenset(
    "make gmake ninja cmake ctest cargo go pytest py.test xdist jest vitest gradle gradlew mvn mvnw bazel bazelisk msbuild dotnet "
    "mocha xargs parallel meson scons b2 turbo nx lerna tox npm npx yarn pnpm gotestsum nextest playwright phpunit paratest rspec".split()
)
_VARIABLES: dict[str, str] = {
    "cmake": "CMAKE_BUILD_PARALLEL_LEVEL",
    "ctest": "CTEST_PARALLEL_LEVEL",
    "cargo": "CARGO_BUILD_JOBS",
    "go": "GOMAXPROCS",
    "pytest": "PYTEST_XDIST_AUTO_NUM_WORKERS",
    "npm": "npm_config_jobs",
    "rustc": "RUST_TEST_THREADS",
    "gotestsum": "GOMAXPROCS",
}


def propose(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """Half of what the command asks for (or of the CPUs that it counts), down to one."""
    if diagnosis.label not in LABELS:
        return None
    command = outcome.command
    names = programs(command)
    numbers = _numbers(command.argv) if names & _KNOWN else []
    inherited = _inherited(command.env)
    now = max((*numbers, *inherited.values()), default=surroundings.cpus)
    new = max(now // 2, 1)
    if new >= now:
        return Refusal(NAME, "it runs with one worker already") if numbers or names & _KNOWN else None
    argv = _fewer_in(command.argv, new) if numbers else None
    if argv is None and names & {"pytest", "py.test"}:
        argv = rewritten(command, lambda word: _AUTO.sub(rf"\g<flag>{new}", word))
    env: dict[str, EnvPatch] = {name: str(new) for name in inherited if name != "MAKEFLAGS"}
    if "MAKEFLAGS" in inherited:
        env["MAKEFLAGS"] = _NUMBERED.sub(rf"\g<flag>{new}", command.env["MAKEFLAGS"])
    for name in names & set(_VARIABLES):
        env[_VARIABLES[name]] = str(new)
    if names & {"gradle", "gradlew"}:
        env["GRADLE_OPTS"] = Around(after=f" -Dorg.gradle.workers.max={new}")
    if names & {"go"} and "GOFLAGS" not in command.env:
        env["GOFLAGS"] = f"-p={new}"
    cpus = new if new < surroundings.cpus else None
    if argv is None and not env and cpus is None:
        return None
    return Change(
        remedy=NAME,
        summary=f"runs with {new} worker{'s' if new > 1 else ''} instead of {now}",
        env=env,
        argv=argv,
        cpus=cpus,
        success_probability=0.55,
        details={"old_workers": now, "new_workers": new},
    )


def _numbers(argv: tuple[str, ...]) -> list[int]:
    found = [int(match["number"]) for word in argv for match in _NUMBERED.finditer(word) if not match["per"]]
    for position, word in enumerate(argv[:-1]):
        if word in _SPLIT_FLAGS and argv[position + 1].isdigit():
            found.append(int(argv[position + 1]))
    return [number for number in found if 0 < number <= 256]


def _fewer_in(argv: tuple[str, ...], new: int) -> tuple[str, ...]:
    words = []
    for position, word in enumerate(argv):
        if position and argv[position - 1] in _SPLIT_FLAGS and word.isdigit():
            words.append(str(min(int(word), new)))
        else:
            words.append(_NUMBERED.sub(lambda m: m[0] if m["per"] else f"{m['flag']}{min(int(m['number']), new)}", word))
    return tuple(words)


def _inherited(env: Mapping[str, str]) -> dict[str, int]:
    """Worker counts that the environment already sets."""
    found: dict[str, int] = {}
    for name in ("CMAKE_BUILD_PARALLEL_LEVEL", "CTEST_PARALLEL_LEVEL", "CARGO_BUILD_JOBS", "GOMAXPROCS", "PYTEST_XDIST_AUTO_NUM_WORKERS", "RUST_TEST_THREADS"):
        if env.get(name, "").isdigit() and int(env[name]) > 0:
            found[name] = int(env[name])
    match = _NUMBERED.search(env.get("MAKEFLAGS", ""))
    if match:
        found["MAKEFLAGS"] = int(match["number"])
    return found

