"""A command and the changes of a plan → the command as the next attempt runs it."""

from __future__ import annotations

import dataclasses
import resource
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from guard.types import UNSET, Around, Change, Command, EnvPatch


@dataclass(frozen=True)
class Changed:
    """The command with its changes, and what must be set around it."""

    command: Command
    env: Mapping[str, str] = field(default_factory=dict)
    """Variables that differ from the environment guard was given."""
    unset: tuple[str, ...] = ()
    rlimits: Mapping[int, int] = field(default_factory=dict)
    cpus: int | None = None


def changed(command: Command, changes: Sequence[Change]) -> Changed:
    """Lay the changes over the command in their order; of two values for one thing the later wins."""
    env = dict(command.env)
    rlimits: dict[int, int] = {}
    cpus: int | None = None
    argv = command.argv
    limits = command.limits
    for change in changes:
        for name, patch in change.env.items():
            _patch(env, name, patch)
        if change.temp_dir is not None:
            env.update(dict.fromkeys(("TMPDIR", "TMP", "TEMP"), change.temp_dir))
        argv = change.argv if change.argv is not None else argv
        limits = change.limits if change.limits is not None else limits
        for limit, soft in change.rlimits.items():
            if hasattr(resource, limit):
                rlimits[getattr(resource, limit)] = soft
        if change.cpus is not None:
            cpus = min(change.cpus, cpus) if cpus is not None else change.cpus
    return Changed(
        command=dataclasses.replace(command, argv=argv, env=env, limits=limits),
        env={name: value for name, value in env.items() if command.env.get(name) != value},
        unset=tuple(name for name in command.env if name not in env),
        rlimits=rlimits,
        cpus=cpus,
    )


def _patch(env: dict[str, str], name: str, patch: EnvPatch) -> None:
    if patch is UNSET:
        env.pop(name, None)
    elif isinstance(patch, Around):
        env[name] = f"{patch.before}{env.get(name, '')}{patch.after}"
    elif isinstance(patch, str):
        env[name] = patch
