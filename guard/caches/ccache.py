"""ccache's cache: results and manifests by hash, in folders of one hex digit."""

from __future__ import annotations

import re
from pathlib import Path

from guard.caches import places, said, shape
from guard.types import Diagnosis, Surroundings

NAME = "ccache"

_BESIDE = r"ccache\.conf|stats|CACHEDIR\.TAG|tmp|lock|.+\.lock|\.cleaned"


def candidates(surroundings: Surroundings) -> tuple[Path, ...]:
    """CCACHE_DIR, `cache_dir` of ccache.conf, ~/.ccache where that exists, else `ccache` in the user's cache folder."""
    given = places.from_env(surroundings, "CCACHE_DIR")
    if given:
        return given
    home = Path(surroundings.home)
    config = Path(surroundings.env.get("XDG_CONFIG_HOME") or home / ".config")
    for file in (Path(surroundings.env.get("CCACHE_CONFIGPATH") or config / "ccache/ccache.conf"), Path("/etc/ccache.conf")):
        value = places.key_value(places.read(file), "cache_dir")
        path = places.absolute(value, surroundings.cwd, surroundings.env, surroundings.home) if value else None
        if path is not None:
            return (path,)
    return (home / ".ccache", places.user_cache(surroundings) / "ccache")


def looks_right(root: Path) -> bool:
    """Folders of one hex digit, ccache's own files, and nothing else."""
    return shape.only(root, "[0-9a-f]", _BESIDE)


def damaged(root: Path, diagnosis: Diagnosis) -> tuple[Path, ...]:
    """The results that the lines name by path."""
    return tuple(
        path
        for path in said.paths_below(root, diagnosis)
        if path.is_file() and re.fullmatch("[0-9a-f]", path.relative_to(root).parts[0])
    )


def purgeable(root: Path) -> tuple[Path, ...]:
    """All results; the settings in the folder stay."""
    return shape.folders(root, "[0-9a-f]") if looks_right(root) else ()
