"""Yarn's registry: .yarnrc.yml of Yarn 2 and later, .yarnrc and .npmrc of Yarn 1, by variable, else the built-in one."""

from __future__ import annotations

import re
from pathlib import Path

from guard.caches import places
from guard.remedies.probing.configured import built_in, npm
from guard.remedies.probing.configured.protocol import Named, Scene, option, urls

NAMES = frozenset({"yarn"})
PROGRAMS = frozenset({"yarn", "yarnpkg"})


def named(scene: Scene) -> Named:
    """The registry, and those of scopes. Yarn 2 reads neither .npmrc nor npm's variables."""
    settings = scene.filled(scene.read(".yarnrc.yml"))
    return _berry(scene, settings) if settings or scene.env.get("YARN_NPM_REGISTRY_SERVER") else _classic(scene)


def _berry(scene: Scene, settings: str) -> Named:
    env = scene.env
    # The key stands at the margin for all packages, further in for a scope.
    scopes = [address for value in re.findall(r"(?m)^[ \t]+npmRegistryServer:[ \t]*(\S+)", settings) for address in urls(value)[:1]]
    main = urls(env.get("YARN_NPM_REGISTRY_SERVER", "")) or tuple(
        address for value in re.findall(r"(?m)^npmRegistryServer:[ \t]*(\S+)", settings) for address in urls(value)[:1]
    )
    proxy = env.get("YARN_HTTPS_PROXY") or places.key_value(settings, "httpsProxy") or env.get("YARN_HTTP_PROXY") or places.key_value(settings, "httpProxy")
    if not main:
        main = urls(built_in.said("yarn", ("config", "get", "npmRegistryServer"), scene, here=True))
    found = tuple(dict.fromkeys((*main[:1], *scopes)))
    return Named(found, proxy, dict.fromkeys(found, npm.PING))


def _classic(scene: Scene) -> Named:
    lower = {name.lower(): value for name, value in scene.env.items()}
    files = npm.rc_files(scene)
    own = [scene.filled(text) for text in (scene.read(".yarnrc"), places.read(Path(scene.home, ".yarnrc"))) if text]
    given = lower.get("yarn_registry") or lower.get("npm_config_registry") or ""
    main = option(scene.text, "--registry") or urls(given) or npm.registry_of(own) or npm.registry_of(files)
    if not main:
        main = urls(built_in.said("yarn", ("config", "get", "registry"), scene, here=True))
    found = tuple(dict.fromkeys((*main[:1], *npm.scoped(files))))
    return Named(found, npm.proxy_of([*own, *files], lower), dict.fromkeys(found, npm.PING))
