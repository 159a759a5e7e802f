"""Go's module proxies: GOPROXY of the environment, of `go env -w`, else what the toolchain says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from guard.caches import places
from guard.remedies.probing.configured import built_in
from guard.remedies.probing.configured.protocol import Named, Scene, urls

NAMES = frozenset({"go"})
PROGRAMS = frozenset({"go", "goreleaser", "golangci-lint"})


def named(scene: Scene) -> Named:
    """The proxies in their order; `direct` and `off` are none, and what stands behind them is never asked by Go."""
    given = scene.env.get("GOPROXY") or written(scene.env, str(scene.home))
    # `local`: a go.mod above could else have it fetch another toolchain.
    given = given or built_in.said("go", ("env", "GOPROXY"), scene, GOTOOLCHAIN="local")
    places_ = re.split(r"[,|]", given)
    until = next((at for at, place in enumerate(places_) if place.strip() in ("direct", "off")), len(places_))
    return Named(tuple(address for place in places_[:until] for address in urls(place)[:1]))


def written(env: Mapping[str, str], home: str) -> str:
    """The GOPROXY that `go env -w` wrote: GOENV, else go/env in the user's configuration folder; "" for none."""
    if env.get("GOENV") == "off":
        return ""
    file = Path(env.get("GOENV") or Path(env.get("XDG_CONFIG_HOME") or Path(home, ".config"), "go", "env"))
    found = re.search(r"(?m)^GOPROXY=(\S+)", places.read(file)) if file.is_absolute() else None
    return found.group(1) if found else ""
