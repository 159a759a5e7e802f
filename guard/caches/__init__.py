"""One file per tool's cache: its name → the module that knows where it is and how to purge one entry."""

from __future__ import annotations

from guard.caches import (
    bazel,
    cargo,
    cargo_target,
    ccache,
    coursier,
    deno,
    go,
    go_build,
    gradle,
    maven,
    npm,
    pip,
    pnpm,
    poetry,
    uv,
    yarn,
    yarn_berry,
    yarn_berry_mirror,
)
from guard.caches.protocol import Cache

CACHES: dict[str, Cache] = {
    "bazel": bazel,
    "cargo": cargo,
    "cargo_target": cargo_target,
    "ccache": ccache,
    "coursier": coursier,
    "deno": deno,
    "go": go,
    "go_build": go_build,
    "gradle": gradle,
    "maven": maven,
    "npm": npm,
    "pip": pip,
    "pnpm": pnpm,
    "poetry": poetry,
    "uv": uv,
    "yarn": yarn,
    "yarn_berry": yarn_berry,
    "yarn_berry_mirror": yarn_berry_mirror,
}
