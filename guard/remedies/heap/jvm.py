"""Where a JVM's memory limit stands, and the variable that goes over that place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from guard.remedies.heap.flags import (
    CLASS_SPACE,
    DIRECT,
    HEAP,
    MB,
    METASPACE,
    Pool,
    rewritten,
    sizes,
    starting_sizes,
    with_option,
)
from guard.remedies.heap.growth import grown, no_room, room
from guard.remedies.tools_in_play import files_text, programs, read, script_text
from guard.types import Around, Change, Command, EnvPatch, Outcome, Refusal, Surroundings

# In the order in which they win, seen on HotSpot 17: _JAVA_OPTIONS goes over the command line and so over every
# build file; JDK_JAVA_OPTIONS and JAVA_TOOL_OPTIONS are read before the command line. The others are read by start scripts.
_VARIABLES = (
    "_JAVA_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "JAVA_TOOL_OPTIONS",
    "MAVEN_OPTS",
    "MAVEN_ARGS",
    "GRADLE_OPTS",
    "JAVA_OPTS",
    "SBT_OPTS",
    "JVM_OPTS",
    "ANT_OPTS",
    "KOTLIN_DAEMON_OPTS",
)
_POOLS = (
    (re.compile(r"Metaspace|PermGen"), METASPACE),
    (re.compile(r"Compressed class space"), CLASS_SPACE),
    (re.compile(r"[Dd]irect (?:buffer )?memory"), DIRECT),
)
_USUAL = {"heap": 2048 * MB, "metaspace": 512 * MB, "class space": 1024 * MB, "direct memory": 512 * MB}
_GRADLE_DEFAULTS = {"heap": 512 * MB, "metaspace": 384 * MB}
"""Of Gradle's daemon and of the JVMs in which it runs tests."""
_GRADLE_SAID = re.compile(r"Expiring Daemon because|org\.gradle\.jvmargs|Gradle build daemon", re.IGNORECASE)
# Maven's own JVM: its error line names no class; a test's has a stack or `Tests run:`.
_MAVEN_SAID = re.compile(r"\[ERROR\] (?:Java heap space|GC overhead limit exceeded|Metaspace)\b|MAVEN_OPTS")
_KOTLIN_SAID = re.compile(r"kotlin.{0,20}daemon|Not enough memory to run compilation", re.IGNORECASE)
_GRADLE_HEAP = re.compile(r"maxHeapSize\s*=?\s*[\"'](\d{1,9}[kKmMgG]?)[\"']")
_JVMARGS = re.compile(r"(?m)^\s*org\.gradle\.jvmargs\s*[=:]\s*((?:.*\\\n)*.*)$")


def larger(remedy: str, said: str, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """The limit rewritten where argv or a variable has it; else by the narrowest variable that reaches the JVM."""
    command = outcome.command
    pool = next((pool for pattern, pool in _POOLS if pattern.search(said)), HEAP)
    script = script_text(command)
    argv_words = tuple(word for word in command.argv if word != script)
    variables = {name: command.env[name] for name in _VARIABLES if name in command.env}
    files = (*_files(command, surroundings), files_text(command), script)
    texts = (*argv_words, *variables.values(), *files)
    names = programs(command)
    gradle = bool(names & {"gradle", "gradlew"})
    limits = sizes(pool.pattern, texts)
    if pool is HEAP:
        limits += sizes(HEAP.pattern, (f"-Xmx{size}" for text in files for size in _GRADLE_HEAP.findall(text)))
    if gradle and pool.what in _GRADLE_DEFAULTS:
        limits.append(_GRADLE_DEFAULTS[pool.what])
    # HotSpot's own limit of the heap and of direct memory
    quarter = (surroundings.memory_limit_bytes or surroundings.memory_total_bytes or 4 << 30) // 4
    limits = limits or [pool.default or quarter]
    free = room(outcome, surroundings)
    least = max(starting_sizes(texts), default=0) if pool is HEAP else 0
    found_here = bool(sizes(pool.pattern, (*argv_words, *variables.values())))
    every_jvm = outcome.number > 1 or not found_here or bool(sizes(pool.pattern, files))
    # What goes to every JVM must not take memory from those that have HotSpot's own limit.
    usual = max(_USUAL[pool.what], quarter) if every_jvm and pool is HEAP else _USUAL[pool.what]
    new = grown(min(limits), max(limits), least, free, usual)
    if new is None:
        return no_room(remedy, f"the JVM's {pool.what}", min(limits), free)
    argv = tuple(word if word == script else rewritten(pool.pattern, word, new) for word in command.argv)
    env: dict[str, EnvPatch] = {
        name: rewritten(pool.pattern, text, new)
        for name, text in variables.items()
        if rewritten(pool.pattern, text, new) != text
    }
    if every_jvm:
        narrow = outcome.number == 1 and not script
        env |= _over(pool, new, said, command.env, gradle, files, narrow)
    return Change(
        remedy=remedy,
        summary=f"gives the JVM {new // MB} MB of {pool.what} (was {min(limits) // MB} MB)",
        env=env,
        argv=argv if argv != command.argv else None,
        success_probability=0.7,
        details={"runtime": "jvm", "pool": pool.what, "old_mb": min(limits) // MB, "new_mb": new // MB, "variables": sorted(env)},
    )


def _over(
    pool: Pool, new: int, said: str, env: Mapping[str, str], gradle: bool, files: Iterable[str], narrow: bool
) -> dict[str, EnvPatch]:
    """The variable that goes over what files say: of the one tool whose JVM it was, else for every JVM.

    `narrow`: whether one tool's variable may do, because no script sets it anew and it has not been tried before.
    """
    if narrow and gradle and _GRADLE_SAID.search(said):
        had = next((match[1] for text in files if (match := _JVMARGS.search(text))), "").replace("\\\n", " ")
        value = with_option(" ".join(had.split()), pool, new)
        # The start script splits the variable into words as a shell does; what has quotes of its own is left alone.
        if not re.search(r"[\"'\\$`]", value):
            patch = f' "-Dorg.gradle.jvmargs={value}"'
            if _KOTLIN_SAID.search(said):
                patch += f" -Dkotlin.daemon.jvm.options={pool.option}{new // MB}m"
            return {"GRADLE_OPTS": Around(after=patch)}
    if narrow and _MAVEN_SAID.search(said):
        return {"MAVEN_OPTS": with_option(env.get("MAVEN_OPTS", ""), pool, new)}
    return {"_JAVA_OPTIONS": with_option(env.get("_JAVA_OPTIONS", ""), pool, new)}


def _files(command: Command, surroundings: Surroundings) -> tuple[str, ...]:
    """What build tools read their JVM's options from; read, never written."""
    here = (
        "gradle.properties",
        ".mvn/jvm.config",
        ".mvn/maven.config",
        "pom.xml",
        "build.gradle",
        "build.gradle.kts",
        ".jvmopts",
        ".sbtopts",
        "build.sbt",
    )
    home = Path(command.env.get("GRADLE_USER_HOME") or Path(surroundings.home, ".gradle"))
    # The user's own goes over the project's.
    paths = (home / "gradle.properties", *(Path(command.cwd, name) for name in here))
    return tuple(read(path) for path in paths)
