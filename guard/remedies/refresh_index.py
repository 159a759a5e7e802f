"""A list of packages that is older than the archive it describes: fetched anew before the next attempt.

apt's lists, whose files are gone from the archive or that were never fetched; npm that was told to prefer its cache;
Maven that remembers a failure; dnf, apk, conda and brew (stale_lists.py). cargo, pip, uv, Go and current npm ask their index anew by themselves.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path

from guard.frameworks.invocation import Invocation, find, program
from guard.remedies import own_command, stale_lists
from guard.remedies.protocol import nothing_to_undo
from guard.remedies.tools_in_play import files_text, programs, typed
from guard.types import Action, Applied, Change, Diagnosis, EnvPatch, Outcome, Refusal, Surroundings

NAME = "refresh_index"
LABELS = frozenset({"dependency_not_found"})

# What is fetched stays: it is what `apt-get update` in the job would have left.
undo = nothing_to_undo

_APT_GONE = re.compile(r"E: Failed to fetch \S+\.deb\s+404|(?:404\s+Not Found)\s+\[IP:|Unable to fetch some archives, maybe run apt-get update")
_APT_UNKNOWN = re.compile(r"E: (?:Unable to locate package|Package '?\S+'? has no installation candidate|Version '.+' for '.+' was not found)")
_UPDATES = re.compile(r"\bapt(?:-get)?\b[^\n;&|]*\bupdate\b")
_INSTALLS = re.compile(r"\bapt(?:-get)?\b[^\n;&|]*\b(?:install|build-dep|upgrade|dist-upgrade|full-upgrade|download|source)\b")
_APT = ("apt-get", "-q", "-o", "DPkg::Lock::Timeout=60", "-o", "APT::Update::Error-Mode=any", "update")
_LISTS = Path("/var/lib/apt/lists")
_STALE_S = 24 * 3600.0
_LIMIT_S = 300.0
_CACHED_FAILURE = re.compile(r"was not found in \S+ during a previous attempt|was cached in the local repository, resolution will not be reattempted")
_NO_SUCH_VERSION = re.compile(r"npm (?:ERR!|error) code ETARGET")


def propose(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """The refreshed list of the tool whose list is shown to be stale; None where nothing shows it."""
    if diagnosis.label not in LABELS:
        return None
    log = (outcome.window.head + b"\n" + outcome.window.tail).decode("utf-8", "replace")
    return _apt(log, outcome, surroundings) or _maven(log, outcome) or _npm(log, outcome) or stale_lists.propose(log, outcome, surroundings)


def _apt(log: str, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    words = f"{typed(outcome.command)}\n{files_text(outcome.command)}"
    if not _INSTALLS.search(words) or _UPDATES.search(words):
        # A command that fetches the lists itself does so again by itself.
        return None
    gone = _APT_GONE.search(log) is not None
    if not gone and not (_APT_UNKNOWN.search(log) and _old(_lists(outcome.command.env), time.time())):
        return None
    if not surroundings.root and "sudo" not in surroundings.tools:
        return Refusal(NAME, "apt's lists are stale, and `apt-get update` needs root")
    argv = _APT if surroundings.root else ("sudo", "-n", *_APT)
    why = "the archive has newer packages than apt's lists" if gone else "apt's lists are old or missing"
    return Change(
        remedy=NAME,
        summary=f"runs apt-get update: {why}",
        actions=(Action("run", " ".join(argv), {"sudo": "" if surroundings.root else "yes"}),),
        success_probability=0.75 if gone else 0.4,
        cost_s=15.0,
        details={"tool": "apt"},
    )


def _lists(env: Mapping[str, str]) -> Path:
    """Where apt keeps its lists; by the job's own APT_CONFIG where that names another place."""
    try:
        text = Path(env["APT_CONFIG"]).read_text("utf-8", "replace")[:65536] if env.get("APT_CONFIG") else ""
    except OSError:
        text = ""
    found = re.search(r'Dir::State::lists\s+"([^"]+)"', text)
    return Path(found.group(1)) if found else _LISTS


def _old(folder: Path, now: float) -> bool:
    """Whether no list is there, or the newest is older than a day."""
    try:
        times = [entry.stat().st_mtime for entry in folder.iterdir() if entry.name.endswith(("Release", "Packages", "Packages.lz4", "Packages.gz"))]
    except OSError:
        return False
    return not times or now - max(times) > _STALE_S


def _maven(log: str, outcome: Outcome) -> Change | None:
    """Maven keeps a failure for a day; `-U` has it ask again."""
    found = find(outcome)
    if not _CACHED_FAILURE.search(log) or not isinstance(found, Invocation) or found.through or program(found.words) not in {"mvn", "mvnw"}:
        return None
    if {"-U", "--update-snapshots", "-o", "--offline"} & set(found.words):
        return None
    argv = found.with_words((found.words[0], "-U", *found.words[1:]))
    return Change(NAME, "has Maven ask again for what it remembers as missing (-U)", argv=argv, success_probability=0.5, details={"tool": "maven"})


def _npm(log: str, outcome: Outcome) -> Change | Refusal | None:
    if not _NO_SUCH_VERSION.search(log) or "npm" not in programs(outcome.command):
        return None
    names = {name.lower(): name for name in outcome.command.env if name.lower() in ("npm_config_prefer_offline", "npm_config_prefer_online")}
    if re.search(r"(?<!\S)--(?:prefer-offline|offline)\b", f"{typed(outcome.command)}\n{files_text(outcome.command)}"):
        return Refusal(NAME, "the command itself tells npm to prefer what it has cached")
    if outcome.command.env.get(names.get("npm_config_prefer_offline", ""), "").lower() not in ("true", "1"):
        return None
    env: dict[str, EnvPatch] = {names["npm_config_prefer_offline"]: "false", names.get("npm_config_prefer_online", "npm_config_prefer_online"): "true"}
    return Change(NAME, "has npm ask the registry anew for what its cache does not know", env=env, success_probability=0.5, details={"tool": "npm"})


def apply(change: Change, surroundings: Surroundings) -> Applied:
    """Run the one command that refreshes the lists, where that is the change; other changes are of the attempt alone."""
    done: list[str] = []
    for action in change.actions:
        argv = stale_lists.fixed(action.data.get("program", "")) or _APT
        shown = "apt-get update" if argv is _APT else " ".join(argv)
        problem = own_command.run(("sudo", "-n", *argv) if action.data["sudo"] else argv, surroundings.env, _LIMIT_S)
        if problem:
            return Applied(change, tuple(done), error=f"{shown} {problem}")
        done.append(f"ran {shown}")
    return Applied(change, tuple(done))
