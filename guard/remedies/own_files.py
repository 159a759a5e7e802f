"""Small files of ours that the next attempts read or run, in one fresh folder that goes when the build has ended."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from guard.remedies import own_folder
from guard.types import Action, Applied, Change, Surroundings

PREFIX = "pipeguard-own-"


def folder(number: int, surroundings: Surroundings) -> Path | None:
    """Where they would lie for the attempt after `number`: programs may be run from there. None: no such place."""
    places = (surroundings.temp, surroundings.env.get("RUNNER_TEMP", ""), "/var/tmp", surroundings.home)
    place = next((one for one in places if Path(one).is_absolute() and own_folder.usable(one)), None)
    return Path(os.path.realpath(place), f"{PREFIX}{os.getpid()}-{number}") if place is not None else None


def actions(folder: Path, texts: Mapping[str, str]) -> tuple[Action, ...]:
    """One action for each file: its name → its text; one that begins with `#!` may be run."""
    return tuple(Action("write", str(folder / name), {"text": text}) for name, text in texts.items())


def apply(change: Change, surroundings: Surroundings) -> Applied:
    """Write the files, in a folder that must not be there yet; a change that names none changes nothing here."""
    del surroundings
    done: list[str] = []
    made: Mapping[str, str] = {}
    for action in change.actions:
        file = Path(action.target)
        try:
            made = made or own_folder.make(file.parent)
            file.write_text(action.data["text"], encoding="utf-8")
            file.chmod(0o700 if action.data["text"].startswith("#!") else 0o600)
        except OSError as problem:
            return Applied(change, tuple(done), made, error=f"{file}: {problem.strerror}")
        done.append(f"wrote {file}")
    return Applied(change, tuple(done), made)


def undo(applied: Applied, surroundings: Surroundings) -> None:
    """The files and their folder are gone again."""
    del surroundings
    own_folder.remove(applied.undo, PREFIX)


def given(text: str) -> bool:
    """Whether a variable names such a folder: an earlier attempt was given it."""
    return any(Path(part).name.startswith(f"{PREFIX}{os.getpid()}-") for part in text.split(os.pathsep))
