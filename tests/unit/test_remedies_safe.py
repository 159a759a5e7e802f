"""For any surroundings and any log: what a remedy would delete or end is its own to delete or end, and nothing else changes.

Runs over the whole registry, so that a new remedy is held to it without a new test.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from guard.caches import yarn
from guard.remedies import REMEDIES, refresh_index
from guard.remedies.space import docker_space, hosted_folders
from guard.types import (
    LABELS,
    Allow,
    Change,
    Command,
    Diagnosis,
    Evidence,
    LogWindow,
    Mount,
    Outcome,
    Process,
    Surroundings,
    Telemetry,
)

HEX = "0123456789abcdef"
INDEX = "index.example-1949cf8c6b5b557f"
# What each remedy may do to the machine at all; a kind that is not here fails the test.
KINDS = {
    "delete": {"free_disk", "purge_cache", "reset_state"},
    "kill": {"kill_stragglers", "reset_state", "restart_daemon"},
    "mkdir": {"move_temp", "look_closer"},
    "truncate": {"reset_state"},
    "run": {"reset_state", "user_strategy", "refresh_index", "free_disk"},
    "swap": {"add_swap"},
}
_PATH_VARIABLES = (
    "HOME", "TMPDIR", "XDG_CACHE_HOME", "PIP_CACHE_DIR", "npm_config_cache", "CARGO_HOME", "GOMODCACHE", "GOCACHE", "GOPATH",
    "GRADLE_USER_HOME", "UV_CACHE_DIR", "YARN_CACHE_FOLDER", "CCACHE_DIR", "POETRY_CACHE_DIR", "CARGO_TARGET_DIR", "RUNNER_TEMP",
    "RUNNER_TOOL_CACHE", "ANDROID_HOME", "DOTNET_ROOT", "GITHUB_WORKSPACE", "CURL_HOME", "WGETRC", "PIP_LOG", "MAVEN_OPTS",
)  # fmt: skip


@dataclass(frozen=True)
class World:
    """A machine in a folder: caches that may go, and all else that may not."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def workspace(self) -> Path:
        return self.home / "work"

    @property
    def caches(self) -> tuple[Path, ...]:
        return (self.home / ".cache/pip", self.home / ".npm/_cacache", self.home / ".cargo/registry")

    def places(self) -> tuple[str, ...]:
        """What hostile surroundings may name."""
        inside = (
            self.home, self.workspace, self.workspace / ".git", self.workspace / "src", self.root / "precious", self.root / "link",
            self.root / "link/.git", self.home / ".cache", *self.caches, self.home / ".cargo", self.home / ".npm", self.root,
        )  # fmt: skip
        return (
            "/", "", ".", "..", "~", "/etc", "/proc/self", "/dev/null", "//", "/nowhere", "a\nb", "$HOME", "-rf", "/usr/share",
            *map(str, inside), f"{self.workspace}/..", f"{self.caches[0]}/../../..",
        )  # fmt: skip

    def kept(self) -> dict[str, bytes | str]:
        """All that no remedy may touch: path → content, of links where they lead."""
        found: dict[str, bytes | str] = {}
        for folder, folders, files in os.walk(self.root):
            if any(cache == Path(folder) or cache in Path(folder).parents for cache in self.caches):
                folders.clear()
                continue
            for name in (*files, *folders):
                path = Path(folder, name)
                if path.is_symlink():
                    found[str(path)] = os.readlink(path)
                elif path.is_file() and not (name.endswith(".lock") and ".git" in path.parts):
                    found[str(path)] = path.read_bytes()
        return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world").resolve())
    build(made)
    yield made
    shutil.rmtree(made.root, ignore_errors=True)


def build(world: World) -> None:
    pip, npm, cargo = world.caches
    files = {
        **{pip / f"http-v2/{one}/{two}/0/0/0/{one}{two}00{HEX}": "an answer" for one in "0a" for two in "1f"},
        **{npm / f"index-v5/{one}0/1f/{HEX}": "{}" for one in "0a"},
        npm / "content-v2/sha512/0a/1f/deadbeef": "x",
        cargo / f"cache/{INDEX}/itoa-1.0.9.crate": "x",
        cargo / f"index/{INDEX}/.cache/it/oa/itoa": "x",
        world.home / ".cargo/credentials.toml": "secret",
        world.home / ".npmrc": "//registry.example/:_authToken=secret",
        world.home / ".ssh/id_ed25519": "secret",
        world.root / "precious/thesis.txt": "ten years",
        world.workspace / "src/main.py": "print()",
        world.workspace / "package.json": "{}",
        world.workspace / "Cargo.lock": "kept",
        world.workspace / ".git/config": "[core]",
        world.workspace / ".git/HEAD": "ref: refs/heads/main",
        world.workspace / ".git/index": "kept",
        world.workspace / ".git/index.lock": "",
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text(text)
    for link, target in ((world.root / "link", world.workspace), (world.home / ".cache/uv", world.workspace)):
        if not link.is_symlink():
            link.symlink_to(target)


@pytest.fixture
def harmless(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """No signal leaves this process, no other program starts, and the machine's own caches are out of sight.

    Returns the pids that would have been signalled.
    """
    told: list[int] = []
    of_users = yarn.candidates
    monkeypatch.setattr(yarn, "candidates", lambda here: tuple(path for path in of_users(here) if path.parts[1:3] != ("usr", "local")))

    def barred(*words: object, **more: object) -> None:
        raise OSError("no program is started here")

    monkeypatch.setattr(os, "kill", lambda pid, number: told.append(pid))
    monkeypatch.setattr(os, "killpg", lambda pid, number: told.append(pid))
    if hasattr(signal, "pidfd_send_signal"):
        monkeypatch.setattr(signal, "pidfd_send_signal", lambda *words: told.append(-1))
    # A hosted runner's own folders are not of this world: were this one, they would really go.
    monkeypatch.setattr(hosted_folders, "FOLDERS", ())
    monkeypatch.setattr(hosted_folders, "TOOL_CACHE", "/nowhere")
    for name in ("run", "Popen", "check_output", "check_call", "call"):
        monkeypatch.setattr(subprocess, name, barred)
    return told


WORDS = (
    "fatal: Unable to create '{0}/index.lock': File exists.", "fatal: Unable to create '{2}/.git/index.lock': File exists.",
    "error: failed to unpack package `itoa v1.0.9`", "npm error Invalid response body {3}", "ERROR: Wheel 'a' located at {3} is invalid.", "No space left on device: {0}", "ENOSPC: no space left on device, write '{0}'",
    "npm error code EINTEGRITY sha512-{1}", "error: failed to unpack package `itoa v1.0.9` in {0}", "Directory not empty: {0}",
    "E: Could not get lock {0}. It is held by process {1}", "listen EADDRINUSE: address already in use :::{1}", "Killed",
    "THESE PACKAGES DO NOT MATCH THE HASHES {0}", "ERROR: Could not find a version that satisfies the requirement a (from versions: none)",
    "CMake Error: The source {0} does not match the source used to generate cache", "rm -rf {0}", "$(rm -rf {0})", "Too many open files",
    "Gradle build daemon disappeared unexpectedly (pid {1})", "Timeout waiting to lock {0}. It is currently in use by process {1}",
    "JavaScript heap out of memory", "404  Not Found [IP: {0}]", "adb: device offline", "Error acquiring the state lock {0} ID: {1}",
)  # fmt: skip
PROGRAMS = ("pip install a", "npm ci", "cargo build", "git fetch", "apt-get install x", "gradle build", "bazel test", "adb install", "make", "go test", "mvn -q verify", "docker build .")


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, tuple[str, ...], dict[str, int], dict[str, int], int, str, bool, tuple[str, ...], int]:
    """(label, lines with holes, variables → number of a place, entities → number of a place, …): places come with the world."""
    number = st.integers(0, 999)
    return (
        draw(st.sampled_from(sorted(LABELS))),
        tuple(draw(st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=40)), min_size=1, max_size=4))),
        draw(st.dictionaries(st.sampled_from(_PATH_VARIABLES), number, max_size=4)),
        draw(st.dictionaries(st.sampled_from(("path", "file", "pid", "port", "tool", "package", "host", "lock")), number, max_size=4)),
        draw(number),
        draw(st.sampled_from(PROGRAMS)),
        draw(st.booleans()),
        tuple(draw(st.lists(st.sampled_from(("caches", "docker", "hosted")), max_size=3))),
        draw(st.integers(0, 3)),
    )


def played(world: World, case: tuple[Any, ...], name: str = "") -> tuple[Diagnosis, Outcome, Surroundings]:
    """The case in this world; with a remedy's name, mostly under one of the labels that it is asked for."""
    label, lines, variables, named, hole, program, full, reclaim, homely = case
    places = world.places()
    asked = sorted(REMEDIES[name].LABELS) if name else []
    if asked and hole % 7:
        label = asked[hole % len(asked)]
    tools = ("npm", "pip", "cargo", "git", "gradle", "adb", "bazel", "apt", "rm", "docker", "")
    place, pid = places[hole % len(places)], str((1, os.getpid(), os.getppid(), 0, -1, 4194303)[hole % 6])
    entries = sorted(str(file) for cache in world.caches for file in cache.rglob("*") if file.is_file())
    deep = entries[hole % len(entries)] if entries else ""
    text = [line.replace("{0}", place).replace("{1}", pid).replace("{2}", str(world.workspace)).replace("{3}", deep) for line in lines]
    env = {"PATH": "/usr/bin", "HOME": str(world.home), **{name: places[at % len(places)] for name, at in variables.items()}}
    entities = {
        name: pid if name in ("pid", "port") else tools[at % len(tools)] if name == "tool" else places[at % len(places)]
        for name, at in named.items()
    }
    home = env["HOME"] if homely else str(world.home)
    mounts = (Mount(str(world.root), 0 if full else 10**9, 10**10, 10 if full else 10**6, 10**6),)
    log = "\n".join(text).encode("utf-8", "replace")
    survivors = (Process(os.getpid(), 1, "own"), Process(1, 1, "init")) if full else ()
    command = Command(tuple(str(program).split()), cwd=str(world.workspace), env=env)
    outcome = Outcome(
        command, 1, 1, None, "exited", 3.0, LogWindow(head=log, total_bytes=len(log)), Telemetry(disks_after=mounts, survivors=survivors)
    )
    diagnosis = Diagnosis(
        str(label), 0.9, "signature:x", tuple(Evidence(number, line) for number, line in enumerate(text, 1)), entities, fingerprint="f"
    )
    here = Surroundings(
        cwd=str(world.workspace), workspace=str(world.workspace), home=home, temp=env.get("TMPDIR") or str(world.root), env=env,
        mounts=mounts, root=True, allow=Allow(reclaim=tuple(reclaim), swap=bool(full)), tools={"sudo": "/usr/bin/sudo"},
    )  # fmt: skip
    return diagnosis, outcome, here


def judge(world: World, name: str, change: Change) -> None:
    """Fails for an action that is not this remedy's to do, or on what is not its own."""
    for action in change.actions:
        assert name in KINDS.get(action.kind, set()), f"{name} would {action.kind} {action.target}"
        if action.kind in ("delete", "truncate"):
            target = Path(action.target)
            assert target.is_absolute(), action
            assert target == Path(os.path.realpath(target.parent)) / target.name, f"{action} leads through a link"
            in_cache = any(cache == target or cache in target.parents for cache in world.caches)
            root = Path(action.data.get("root", action.target))
            a_root = name == "free_disk" and any(root == cache or root in cache.parents for cache in world.caches) and root != world.home
            a_lock = name == "reset_state" and target.suffix == ".lock" and world.workspace / ".git" in target.parents
            assert in_cache or a_root or a_lock, f"{name} would delete {action.target}"
        if action.kind == "swap":
            assert Path(action.target).name.startswith(".pipeguard-swap-"), action
            assert world.workspace not in Path(action.target).parents, action
        if action.kind == "run":
            # A fixed command; nothing of a log or of a variable is in it.
            assert action.target in ("dpkg --configure -a", " ".join(refresh_index._APT), docker_space.WHAT), action
        if action.kind == "kill":
            # Whether it is still that process is asked again before it is ended; here only what was a survivor may be named.
            assert name == "kill_stragglers" or int(action.target) not in (0, 1, -1, os.getpid(), os.getppid()), action


CASE = ("disk_full", ("No space left on device: {0}",), {}, {}, 3, "pip install a", True, ("caches",), 1)


@pytest.mark.parametrize("name", sorted(REMEDIES))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(CASE)
@example(("corrupt_artifact", ("THESE PACKAGES DO NOT MATCH THE HASHES {0}",), {"PIP_CACHE_DIR": 0}, {"tool": 1}, 0, "pip install a", False, ("caches",), 0))
@example(("corrupt_artifact", ("npm error code EINTEGRITY sha512-{1}",), {"npm_config_cache": 20}, {"tool": 0}, 0, "npm ci", False, ("caches",), 0))
@example(("disk_full", ("No space left on device: {0}",), {"HOME": 0, "TMPDIR": 0, "XDG_CACHE_HOME": 0}, {}, 0, "npm ci", True, ("caches", "docker", "hosted"), 1))
@example(("dependency_not_found", ("ERROR: Could not find a version that satisfies the requirement a (from versions: none)",), {"TMPDIR": 19}, {}, 7, "pip install a", False, (), 0))
@example(("stale_state", ("fatal: Unable to create '{2}/.git/index.lock': File exists.",), {}, {}, 7, "git fetch", False, (), 0))
@given(cases())
def test_only_its_own(world: World, harmless: list[int], name: str, case: tuple[Any, ...]) -> None:
    build(world)
    diagnosis, outcome, here = played(world, case, name)
    before = world.kept()
    limits = dict(os.environ), os.getcwd()
    answer = REMEDIES[name].propose(diagnosis, outcome, here)
    assert world.kept() == before, "a proposal changes nothing"
    if not isinstance(answer, Change):
        return
    judge(world, name, answer)
    applied = REMEDIES[name].apply(answer, here)
    REMEDIES[name].undo(applied, here)
    after = world.kept()
    assert after == before, {path for path in before if after.get(path) != before[path]} | set(after) - set(before)
    assert (dict(os.environ), os.getcwd()) == limits
    assert not {0, 1, -1, os.getpid(), os.getppid()} & set(harmless)


def test_what_may_go_does_go(world: World, harmless: list[int]) -> None:
    """The property above is not kept by doing nothing."""
    build(world)
    diagnosis, outcome, here = played(world, CASE)
    change = REMEDIES["free_disk"].propose(diagnosis, outcome, replace(here, env={"PIP_CACHE_DIR": str(world.caches[0])}))
    assert isinstance(change, Change)
    judge(world, "free_disk", change)
    assert not REMEDIES["free_disk"].apply(change, here).error
    assert any(not list(cache.rglob("*.crate")) and not (cache / "http-v2").exists() for cache in world.caches)


@pytest.mark.parametrize("variable", ["PIP_CACHE_DIR", "npm_config_cache", "CARGO_HOME", "UV_CACHE_DIR", "GOMODCACHE", "GRADLE_USER_HOME"])
@pytest.mark.parametrize("value", ["/", "{home}", "{workspace}", "{link}", "{workspace}/.git", "/etc", "/proc"])
@pytest.mark.parametrize("name", ["free_disk", "purge_cache"])
def test_a_cache_that_is_none_is_left_alone(world: World, harmless: list[int], name: str, variable: str, value: str) -> None:
    build(world)
    place = value.format(home=world.home, workspace=world.workspace, link=world.root / "link")
    label = "disk_full" if name == "free_disk" else "corrupt_artifact"
    diagnosis, outcome, here = played(world, (label, WORDS[1:9], {}, {}, 0, "pip install a", True, ("caches",), 0))
    env = {**here.env, variable: place}
    outcome = replace(outcome, command=replace(outcome.command, env=env))
    before = world.kept()
    change = REMEDIES[name].propose(diagnosis, outcome, replace(here, env=env))
    if isinstance(change, Change):
        judge(world, name, change)
        REMEDIES[name].apply(change, replace(here, env=env))
    assert world.kept() == before
