"""One file per tool: its name → the module that knows which addresses its own configuration names."""

from __future__ import annotations

from guard.remedies.probing.configured import (
    apt,
    cargo,
    composer,
    docker,
    download,
    gem,
    git,
    go,
    gradle,
    maven,
    npm,
    pip,
    poetry,
    uv,
    yarn,
)
from guard.remedies.probing.configured.protocol import Configured

CONFIGURED: dict[str, Configured] = {
    "apt": apt,
    "cargo": cargo,
    "composer": composer,
    "docker": docker,
    "download": download,
    "gem": gem,
    "git": git,
    "go": go,
    "gradle": gradle,
    "maven": maven,
    "npm": npm,
    "pip": pip,
    "poetry": poetry,
    "uv": uv,
    "yarn": yarn,
}
