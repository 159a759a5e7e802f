"""How each parallel tool is told its number of workers: its flags, its variable, and the words that carry the number."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

UNLIMITED = 1 << 10
"""What a bare `-j` of make stands for."""

_VALUE = re.compile(r"(?P<number>\d{1,3}(?:\.\d+)?)(?P<per>[C%]?)|(?P<auto>auto|logical|max|HOST_CPUS)")


@dataclass(frozen=True)
class Parallel:
    """One tool's ways."""

    flags: tuple[str, ...]
    variable: str = ""
    """Sets the number where no flag does."""
    bare: tuple[str, ...] = ()
    """Flags that may stand without a number: then as many as there are jobs or CPUs."""


_MAKE = Parallel(("-j", "--jobs"), bare=("-j", "--jobs"))
_JEST = Parallel(("-w", "--maxWorkers", "--max-workers"))
# A property on the command line goes over that of GRADLE_OPTS, and that one over gradle.properties (seen on 4.4).
_GRADLE = Parallel(("--max-workers", "-Dorg.gradle.workers.max"))
_MAVEN = Parallel(("-T", "--threads"))
_MSBUILD = Parallel(("-m", "/m", "-maxcpucount", "/maxcpucount", "--maxcpucount"), bare=("-m", "/m"))
_PYTEST = Parallel(("-n", "--numprocesses"), "PYTEST_XDIST_AUTO_NUM_WORKERS")
_BAZEL = Parallel(("-j", "--jobs"))

PARALLEL: Mapping[str, Parallel] = {
    "make": _MAKE,
    "gmake": _MAKE,
    "ninja": Parallel(("-j",)),
    "samu": Parallel(("-j",)),
    "cmake": Parallel(("-j", "--parallel"), "CMAKE_BUILD_PARALLEL_LEVEL", bare=("-j", "--parallel")),
    "ctest": Parallel(("-j", "--parallel"), "CTEST_PARALLEL_LEVEL", bare=("-j", "--parallel")),
    "cargo": Parallel(("-j", "--jobs", "--test-threads"), "CARGO_BUILD_JOBS"),
    "go": Parallel(("-p", "-parallel"), "GOMAXPROCS"),
    "gotestsum": Parallel(("-p", "-parallel"), "GOMAXPROCS"),
    "pytest": _PYTEST,
    "py.test": _PYTEST,
    "jest": _JEST,
    "vitest": _JEST,
    "mocha": Parallel(("-j", "--jobs")),
    "playwright": Parallel(("-j", "--workers")),
    "gradle": _GRADLE,
    "gradlew": _GRADLE,
    "mvn": _MAVEN,
    "mvnw": _MAVEN,
    "mvnd": _MAVEN,
    "msbuild": _MSBUILD,
    "dotnet": _MSBUILD,
    "bazel": _BAZEL,
    "bazelisk": _BAZEL,
    "scons": Parallel(("-j", "--jobs")),
    "meson": Parallel(("-j", "--jobs")),
    "xargs": Parallel(("-P", "--max-procs")),
    "parallel": Parallel(("-j", "--jobs")),
    "turbo": Parallel(("--concurrency",), "TURBO_CONCURRENCY"),
    "nx": Parallel(("--parallel", "--maxParallel"), "NX_PARALLEL", bare=("--parallel",)),
    "lerna": Parallel(("--concurrency",)),
    "deno": Parallel((), "DENO_JOBS"),
    "tox": Parallel(("-p", "--parallel"), bare=("-p", "--parallel")),
    "paratest": Parallel(("-p", "--processes")),
}


@dataclass(frozen=True)
class Found:
    """A number of workers in a list of words."""

    index: int
    """Of the word that carries it."""
    before: str
    """What stands before the number in that word."""
    workers: int


def found(words: Sequence[str], tools: Iterable[str], cpus: int) -> list[Found]:
    """Where the words give a number of workers to one of the tools; `auto`, `1C` and `50%` are reckoned by the CPUs."""
    flags = {flag for tool in tools for flag in PARALLEL[tool].flags}
    bare = {flag for tool in tools for flag in PARALLEL[tool].bare}
    result = []
    for index, word in enumerate(words):
        following = words[index + 1] if index + 1 < len(words) else ""
        if word in flags:
            value = _VALUE.fullmatch(following)
            if value is not None:
                result.append(Found(index + 1, "", _workers(value, cpus)))
            elif word in bare and not following.startswith("$"):
                result.append(Found(index, word if _short(word) else f"{word}=", UNLIMITED))
            continue
        for flag in flags:
            before = _attached(word, flag)
            value = _VALUE.fullmatch(word[len(before) :]) if before else None
            if before and value is not None:
                result.append(Found(index, before, _workers(value, cpus)))
                break
    return [one for one in result if one.workers > 0]


def rewritten(words: Sequence[str], places: Iterable[Found], most: int) -> tuple[str, ...]:
    """The words with each number above `most` replaced by it."""
    changed = list(words)
    for place in places:
        if place.workers > most:
            changed[place.index] = f"{place.before}{most}"
    return tuple(changed)


def _attached(word: str, flag: str) -> str:
    """`-j`, `--jobs=`, `-maxcpucount:` where the word begins so and has more; else ""."""
    for separator in ("=", ":", ""):
        before = flag + separator
        if word.startswith(before) and len(word) > len(before) and (separator or _short(flag)):
            return before
    return ""


def _short(flag: str) -> bool:
    return len(flag) == 2


def _workers(value: re.Match[str], cpus: int) -> int:
    if value["auto"]:
        return cpus
    number = float(value["number"])
    if value["per"] == "C":
        number *= cpus
    elif value["per"] == "%":
        number *= cpus / 100
    return max(math.floor(number), 1) if number > 0 else 0
