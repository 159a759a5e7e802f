"""Files that travel inside the package, read alike from a folder and from an archive."""

from __future__ import annotations

import os

import guard


def data(*path: str) -> bytes:
    """The content of a file of the package, named by the parts of its path below `guard/`. Raises OSError."""
    spec = guard.__spec__
    folder = guard.__path__[0]
    loader = spec.loader if spec is not None else None
    if loader is None or not hasattr(loader, "get_data"):
        raise FileNotFoundError(2, "No such file or directory", "/".join(path))
    found: bytes = loader.get_data(os.path.join(folder, *path))
    return found
