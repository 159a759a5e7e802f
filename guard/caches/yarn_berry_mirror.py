"""The second copy that Yarn 2 and later keep of each zip, for all projects: their only one since Yarn 4, unless told otherwise."""

from __future__ import annotations

from pathlib import Path

from guard.caches import places, yarn_berry
from guard.types import Surroundings

NAME = "yarn_berry_mirror"

looks_right = yarn_berry.looks_right
damaged = yarn_berry.damaged
purgeable = yarn_berry.purgeable


def candidates(surroundings: Surroundings) -> tuple[Path, ...]:
    """`cache` in YARN_GLOBAL_FOLDER, in `globalFolder` of .yarnrc.yml, else in ~/.yarn/berry."""
    settings = places.read(Path(surroundings.workspace) / ".yarnrc.yml")
    everybody = surroundings.env.get("YARN_GLOBAL_FOLDER") or places.key_value(settings, "globalFolder")
    shared = places.absolute(everybody or "~/.yarn/berry", surroundings.cwd, surroundings.env, surroundings.home)
    return (shared / "cache",) if shared is not None else ()
