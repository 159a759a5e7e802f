"""Longer time-outs and more retries inside the tool itself, by that tool's own environment variables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from guard.remedies.protocol import nothing_to_apply, nothing_to_undo
from guard.remedies.timeouts_by_tool import GIT, TIMEOUTS, TOOL_OF_PROGRAM
from guard.remedies.tools_in_play import programs
from guard.types import Around, Change, Diagnosis, EnvPatch, Outcome, Refusal, Surroundings

NAME = "longer_timeouts"
LABELS = frozenset({"network_timeout", "connection_failure", "service_unavailable"})

apply = nothing_to_apply
undo = nothing_to_undo

# libcurl's words when git's (or cargo's) low-speed limit ends a transfer
_TOO_SLOW = re.compile(r"Operation too slow\. Less than \d+ bytes/sec")


def propose(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """The variables of the tool that failed, else of those in play; what the user set at least as high stays."""
    del surroundings
    if diagnosis.label not in LABELS:
        return None
    present = outcome.command.env
    env: dict[str, EnvPatch] = {}
    told = []
    for tool in _tools(diagnosis, outcome):
        patches = _git(diagnosis, present) if tool == "git" else _patches(tool, present)
        if patches:
            told.append(tool)
            env.update(patches)
    if not env:
        return None
    return Change(
        remedy=NAME,
        summary=f"gives {' and '.join(told)} longer time-outs and more retries",
        env=env,
        success_probability=0.4 if diagnosis.label == "network_timeout" else 0.3,
        details={"tools": told, "variables": sorted(env)},
    )


def _tools(diagnosis: Diagnosis, outcome: Outcome) -> list[str]:
    named = diagnosis.entities.get("tool", "")
    named = named.lower() if isinstance(named, str) else ""
    tool = TOOL_OF_PROGRAM.get(named, named)
    if tool in TIMEOUTS or tool == "git":
        return [tool]
    return sorted({TOOL_OF_PROGRAM[name] for name in programs(outcome.command) if name in TOOL_OF_PROGRAM})


def _patches(tool: str, present: Mapping[str, str]) -> dict[str, EnvPatch]:
    timeouts = TIMEOUTS[tool]
    env: dict[str, EnvPatch] = {}
    for name, value in timeouts.variables.items():
        name = _as_spelled(name, present)
        if not _at_least(present.get(name, ""), value):
            env[name] = value
    if timeouts.option_variable:
        patch = _options(timeouts.options, present.get(timeouts.option_variable, ""))
        if patch is not None:
            env[timeouts.option_variable] = patch
    return env


def _as_spelled(name: str, present: Mapping[str, str]) -> str:
    """The name as the user spells it: npm takes its variables in any case, pip has two for its time-out."""
    if name.startswith("npm_config_"):
        return next((other for other in present if other.lower() == name), name)
    if name == "PIP_DEFAULT_TIMEOUT" and "PIP_TIMEOUT" in present:
        return "PIP_TIMEOUT"
    return name


def _options(options: Sequence[str], old: str) -> EnvPatch | None:
    """The options that are missing, added; those that are there with a lower number, raised; None: all are there."""
    changed, missing = old, []
    for option in options:
        name, _, value = option.partition("=")
        there = re.search(rf"(?<!\S){re.escape(name)}=(\S*)", changed)
        if there is None:
            missing.append(option)
        elif there[1].isdigit() and not _at_least(there[1], value):
            changed = changed[: there.start(1)] + value + changed[there.end(1) :]
    if changed == old:
        return Around(after=(" " if old else "") + " ".join(missing)) if missing else None
    return " ".join([changed, *missing])


def _git(diagnosis: Diagnosis, present: Mapping[str, str]) -> dict[str, EnvPatch]:
    """Only where a limit was set and may have ended the transfer: git itself waits for ever."""
    set_here = any(present.get(name, "0") not in ("", "0") for name in GIT)
    if not set_here and not any(_TOO_SLOW.search(evidence.text) for evidence in diagnosis.evidence):
        return {}
    return {name: value for name, value in GIT.items() if present.get(name) != value}


def _at_least(old: str, new: str) -> bool:
    """Whether the value that is there is as patient as ours."""
    try:
        return float(old) >= float(new)
    except ValueError:
        return False
