"""What every entry answers: which addresses does this tool's own configuration name here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from guard.caches import places
from guard.remedies.tools_in_play import files_text, typed
from guard.types import Command, Diagnosis, Outcome, Surroundings

_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")
_URL = re.compile(r"(?:https?|ssh|git)://[^\s'\"<>\\|;,(){}\[\]`^]+", re.IGNORECASE)
_MOST_GROWTH = 1 << 20


@dataclass(frozen=True)
class Scene:
    """What a tool reads where an attempt ran."""

    command: Command
    around: Surroundings
    """As the tools of the command find it: with the variables that it sets for them itself."""
    plain: str
    """What the user typed and the files that it names."""
    text: str
    """The same with the variables that are known filled in."""

    @property
    def env(self) -> Mapping[str, str]:
        """The attempt's environment, with what the command sets for its tools itself."""
        return self.around.env

    @property
    def cwd(self) -> Path:
        """Where the command ran."""
        return Path(self.command.cwd)

    @property
    def home(self) -> Path:
        """The home folder of the tools."""
        return Path(self.env.get("HOME") or self.around.home or "/nonexistent")

    def read(self, *names: str) -> str:
        """The first of these files of the working directory, else of the workspace, that is there; "" for none."""
        folders = dict.fromkeys((self.cwd, Path(self.around.workspace)))
        return next((text for folder in folders for name in names if (text := places.read(folder / name))), "")

    def filled(self, text: str) -> str:
        """The text with the variables that are set in the place of their names, as long as it does not grow beyond all bounds."""
        room = _MOST_GROWTH

        def value(match: re.Match[str]) -> str:
            nonlocal room
            given = self.env.get(match[1] or match[2], "")
            room -= len(given)
            return given if given and room >= 0 else match[0]

        return _VARIABLE.sub(value, text)


@dataclass(frozen=True)
class Named:
    """What a configuration names."""

    addresses: tuple[str, ...] = ()
    """URLs as configured, the first one first; whoever asks them takes credentials out."""
    proxy: str = ""
    """The tool's own setting, where it goes before the environment's."""
    paths: Mapping[str, str] = field(default_factory=dict)
    """Address → the path below it that is cheap to ask for, where it is not the address itself."""


class Configured(Protocol):
    """A module of this package that satisfies this protocol knows one tool's configuration."""

    NAMES: frozenset[str]
    """The tool as diagnoses name it (entity `tool`)."""
    PROGRAMS: frozenset[str]
    """The programs that read this configuration."""

    def named(self, scene: Scene) -> Named:
        """What the configuration names, by the tool's own precedence.

        Reads files; may ask the tool itself for what is built into it, in seconds. Connects to nothing.
        """


def scene(outcome: Outcome, surroundings: Surroundings) -> Scene:
    """The scene of an attempt."""
    command = outcome.command
    env = {**command.env, **places.assigned(command)}
    around = replace(surroundings, env=env, cwd=command.cwd, home=env.get("HOME") or surroundings.home)
    bare = Scene(command, around, f"{typed(command)}\n{files_text(command)}", "")
    return replace(bare, text=bare.filled(bare.plain))


def urls(text: str) -> tuple[str, ...]:
    """The addresses in a text, each once."""
    return tuple(dict.fromkeys(match.rstrip(".:") for match in _URL.findall(text)))


def option(text: str, *names: str) -> tuple[str, ...]:
    """The addresses that options of the command name, as `--opt URL` and `--opt=URL`."""
    one = "|".join(re.escape(name) for name in names)
    return tuple(dict.fromkeys(re.findall(rf"(?<!\S)(?:{one})(?:\s+|=)['\"]?(https?://[^\s'\"]+)", text)))


def tool_of(diagnosis: Diagnosis) -> str:
    """The tool that the diagnosis names, "" for none."""
    value = diagnosis.entities.get("tool", "")
    return value if isinstance(value, str) else (value[0] if value else "")
