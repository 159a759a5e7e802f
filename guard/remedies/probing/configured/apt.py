"""apt's archives, as apt itself reads its sources."""

from __future__ import annotations

import re

from guard.remedies.probing.configured import built_in
from guard.remedies.probing.configured.protocol import Named, Scene, urls

NAMES = frozenset({"apt", "apt-get", "dpkg"})
PROGRAMS = frozenset({"apt", "apt-get", "aptitude"})

_TARGETS = ("indextargets", "--format", "$(SITE)|$(RELEASE)", "Created-By: Packages")


def named(scene: Scene) -> Named:
    """Each archive once; the path is its first release file (sources.list(5), "THE DEB AND DEB-SRC TYPES")."""
    paths: dict[str, str] = {}
    for row in built_in.said("apt-get", _TARGETS, scene, here=True).splitlines():
        site, _, release = row.partition("|")
        for address in urls(site)[:1]:
            paths.setdefault(address, f"dists/{release}/InRelease" if re.fullmatch(r"[\w./-]+", release) and release != "/" else "")
    proxy = built_in.said("apt-config", ("shell", "P", "Acquire::http::Proxy"), scene, here=True)
    found = re.fullmatch(r"P='([^']*)'", proxy)
    return Named(tuple(paths), found.group(1) if found and found.group(1) != "DIRECT" else "", {site: path for site, path in paths.items() if path})
