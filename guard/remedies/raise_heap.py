"""A larger heap for Node or the JVM, within the memory that is really there."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable

from guard.remedies.command_words import programs, rewritten
from guard.remedies.protocol import nothing_to_apply, nothing_to_undo
from guard.types import Around, Change, Diagnosis, EnvPatch, Outcome, Refusal, Surroundings

NAME = "raise_heap"
LABELS = frozenset({"out_of_memory"})

apply = nothing_to_apply
undo = nothing_to_undo

_MB = 1 << 20
_SHARE = 0.75
"""Of the memory that is available: the rest is for the runtime outside its heap and for other processes."""
_LEAST_GAIN = 1.25

_NODE_SAID = re.compile(r"JavaScript heap|Reached heap limit|heap limit Allocation failed|ERR_WORKER_OUT_OF_MEMORY|Ineffective mark-compacts", re.IGNORECASE)
_JVM_SAID = re.compile(r"OutOfMemoryError|GC overhead limit|Java heap space|Metaspace|Expiring Daemon|OutOfMemory", re.IGNORECASE)
_METASPACE_SAID = re.compile(r"Metaspace|PermGen|Compressed class space", re.IGNORECASE)
_DIRECT_SAID = re.compile(r"[Dd]irect buffer memory|reserve \d+ bytes of direct")
_NATIVE_SAID = re.compile(r"unable to create (?:new )?native thread|insufficient memory for the Java Runtime", re.IGNORECASE)

_NODE_FLAG = re.compile(r"(--max[-_]old[-_]space[-_]size[= ])(\d+)")
_SIZE = r"(\d+)([kKmMgGtT]?)\b"
_XMX = re.compile(r"(-Xmx)" + _SIZE)
_META = re.compile(r"(-XX:MaxMetaspaceSize=)" + _SIZE)
_DIRECT = re.compile(r"(-XX:MaxDirectMemorySize=)" + _SIZE)
_JVM_VARIABLES = ("_JAVA_OPTIONS", "MAVEN_OPTS", "GRADLE_OPTS", "SBT_OPTS", "JVM_OPTS", "JAVA_OPTS", "JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS", "ANT_OPTS")
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def propose(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """At least a quarter more than now, at most three quarters of the memory that is available."""
    if diagnosis.label != "out_of_memory":
        return None
    said = "\n".join(evidence.text for evidence in diagnosis.evidence)
    if _NATIVE_SAID.search(said):
        return None
    room = surroundings.memory_available_bytes
    if _NODE_SAID.search(said):
        return _node(outcome, surroundings, room)
    if _JVM_SAID.search(said):
        return _jvm(said, outcome, surroundings, room)
    return None


def _node(outcome: Outcome, surroundings: Surroundings, room: int | None) -> Change | Refusal | None:
    command = outcome.command
    flags = [int(m.group(2)) for word in (*command.argv, command.env.get("NODE_OPTIONS", "")) for m in _NODE_FLAG.finditer(word)]
    in_package = _package_flag(command.cwd, programs(command))
    old = max(flags, default=0) or _node_default(surroundings)
    new = _grown(old * _MB, room)
    if new is None:
        return Refusal(NAME, _no_room(room))
    megabytes = new // _MB
    if in_package is not None:
        return Refusal(NAME, f"package.json itself fixes the heap at {in_package} MB; a variable cannot override that")
    argv = rewritten(command, lambda word: _NODE_FLAG.sub(rf"\g<1>{megabytes}", word))
    options = command.env.get("NODE_OPTIONS", "")
    patch: EnvPatch
    if _NODE_FLAG.search(options):
        patch = _NODE_FLAG.sub(rf"\g<1>{megabytes}", options)
    else:
        # Later flags win, and a user's other options stay.
        patch = Around(after=f"{' ' if options else ''}--max-old-space-size={megabytes}")
    return _change("Node", old * _MB, new, {"NODE_OPTIONS": patch}, argv)


def _jvm(said: str, outcome: Outcome, surroundings: Surroundings, room: int | None) -> Change | Refusal | None:
    pattern, flag, what, default = _XMX, "-Xmx", "the JVM", (surroundings.memory_total_bytes or 4 << 30) // 4
    if _METASPACE_SAID.search(said):
        pattern, flag, what, default = _META, "-XX:MaxMetaspaceSize=", "the JVM's metaspace", 256 * _MB
    elif _DIRECT_SAID.search(said):
        pattern, flag, what, default = _DIRECT, "-XX:MaxDirectMemorySize=", "the JVM's direct buffers", 256 * _MB
    command = outcome.command
    places = {name: command.env[name] for name in _JVM_VARIABLES if pattern.search(command.env.get(name, ""))}
    in_argv = [_bytes(m) for word in command.argv for m in pattern.finditer(word)]
    in_env = [_bytes(m) for text in places.values() for m in pattern.finditer(text)]
    in_files = [_bytes(m) for text in _jvm_files(command.cwd, surroundings) for m in pattern.finditer(text)]
    old = max((*in_argv, *in_env, *in_files), default=default)
    new = _grown(old, room)
    if new is None:
        return Refusal(NAME, _no_room(room))
    size = f"{new // _MB}m"
    substitute: Callable[[str], str] = lambda text: pattern.sub(rf"\g<1>{size}", text)  # noqa: E731
    argv = rewritten(command, substitute)
    env: dict[str, EnvPatch] = {name: substitute(text) for name, text in places.items()}
    if argv is None and not env:
        env = _jvm_environment(f"{flag}{size}", command.env, programs(command))
    return _change(what, old, new, env, argv)


def _jvm_environment(option: str, env: object, names: frozenset[str]) -> dict[str, EnvPatch]:
    """Where the limit stands in no place that we can rewrite, by the variable that this tool's JVM reads last."""
    del env
    if names & {"gradle", "gradlew"}:
        # The daemon's own heap is a property; the client's system properties go over gradle.properties.
        return {"GRADLE_OPTS": Around(after=f' "-Dorg.gradle.jvmargs={option}"')}
    # HotSpot reads it after the command line, so it also reaches forked test JVMs and limits in build files.
    return {"_JAVA_OPTIONS": Around(after=f" {option}")}


def _jvm_files(cwd: str, surroundings: Surroundings) -> list[str]:
    found = []
    for path in (
        os.path.join(cwd, ".mvn", "jvm.config"),
        os.path.join(cwd, "gradle.properties"),
        os.path.join(surroundings.home, ".gradle", "gradle.properties"),
        os.path.join(cwd, "pom.xml"),
        os.path.join(cwd, ".jvmopts"),
        os.path.join(cwd, ".sbtopts"),
    ):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                found.append(file.read(1 << 18))
        except OSError:
            continue
    return found


def _package_flag(cwd: str, names: frozenset[str]) -> int | None:
    """The heap that a script of package.json gives `node` on its own command line, where it is run through npm."""
    if not names & {"npm", "yarn", "pnpm", "npx"}:
        return None
    try:
        with open(os.path.join(cwd, "package.json"), encoding="utf-8") as file:
            scripts = json.load(file).get("scripts", {})
    except (OSError, ValueError, AttributeError):
        return None
    for name, script in scripts.items() if isinstance(scripts, dict) else ():
        match = _NODE_FLAG.search(script) if isinstance(script, str) else None
        if match and (name in names or not names & set(scripts)):
            return int(match.group(2))
    return None


def _node_default(surroundings: Surroundings) -> int:
    """V8's own limit in MB: a quarter of the memory, at most 4 GB on 64 bits (2 GB in older versions)."""
    total = surroundings.memory_limit_bytes or surroundings.memory_total_bytes or 8 << 30
    return min(max(total // 4 // _MB, 256), 4096)


def _grown(old: int, room: int | None) -> int | None:
    """Twice as much, within our share of what is available; None when that is hardly more than now."""
    wanted = max(old * 2, 512 * _MB)
    if room is not None:
        wanted = min(wanted, int(room * _SHARE))
    return wanted if wanted >= old * _LEAST_GAIN else None


def _no_room(room: int | None) -> str:
    return f"only {(room or 0) // _MB} MB of memory are available"


def _bytes(match: re.Match[str]) -> int:
    return int(match.group(2)) * _UNITS[match.group(3).lower()]


def _change(what: str, old: int, new: int, env: dict[str, EnvPatch], argv: tuple[str, ...] | None) -> Change:
    return Change(
        remedy=NAME,
        summary=f"gives {what} {new // _MB} MB (was {old // _MB} MB)",
        env=env,
        argv=argv,
        success_probability=0.7,
        details={"old_mb": old // _MB, "new_mb": new // _MB},
    )
