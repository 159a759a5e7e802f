"""The files that the lines of a diagnosis name, as they lie in the folders of this job."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from guard.caches import said
from guard.types import Diagnosis, Surroundings

_PATH = re.compile(r"(?<![\w/.-])((?:\.{0,2}/)?[\w.@+-]+(?:/[\w.@+-]+)*)")


def ours(diagnosis: Diagnosis, surroundings: Surroundings) -> Iterator[tuple[Path, Path]]:
    """(the folder of the job that it lies below, the file or link itself) of each that is there and belongs to this user.

    Folders of the job: workspace, working directory, home and that for temporary files. Real paths, but for the last part.
    """
    places = (surroundings.workspace, surroundings.cwd, surroundings.home, surroundings.temp, "/tmp")
    roots = [Path(os.path.realpath(place)) for place in places if place]
    seen: set[Path] = set()
    for raw in _PATH.findall(said.text(diagnosis)):
        path = Path(surroundings.cwd, raw.rstrip("."))
        path = Path(os.path.realpath(path.parent)) / path.name
        root = next((root for root in roots if root in path.parents), None)
        if root is not None and path not in seen and _of_this_user(path):
            seen.add(path)
            yield root, path


def _of_this_user(path: Path) -> bool:
    try:
        return path.lstat().st_uid == os.geteuid()
    except (OSError, ValueError):
        return False
