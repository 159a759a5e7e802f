"""The registries of npm and pnpm: by option, by variable, by .npmrc of the project, the user and the machine, else the built-in one."""

from __future__ import annotations

import re
from pathlib import Path

from guard.caches import places
from guard.remedies.probing.configured import built_in
from guard.remedies.probing.configured.protocol import Named, Scene, option, urls

NAMES = frozenset({"npm", "pnpm"})
PROGRAMS = frozenset({"npm", "npx", "pnpm", "pnpx"})

PING = "-/ping"
"""What `npm ping` asks; a registry that has no such page says so, which is an answer."""
_SCOPED = re.compile(r"(?m)^[ \t]*@[\w.-]+:registry[ \t]*=[ \t]*(\S+)")


def named(scene: Scene) -> Named:
    """The registry first, then those of scopes, by npm's own order."""
    lower = {name.lower(): value for name, value in scene.env.items()}
    files = rc_files(scene)
    main = option(scene.text, "--registry") or urls(lower.get("npm_config_registry", "")) or registry_of(files)
    if not main:
        main = urls(built_in.said("npm", ("config", "get", "registry"), scene))
    found = tuple(dict.fromkeys((*main[:1], *scoped(files))))
    return Named(found, proxy_of(files, lower), dict.fromkeys(found, PING))


def rc_files(scene: Scene) -> list[str]:
    """The texts of .npmrc that count here, the strongest first; `${NAME}` filled in (npmrc(5))."""
    lower = {name.lower(): value for name, value in scene.env.items()}
    prefix = lower.get("npm_config_prefix") or _prefix(scene)
    user = Path(lower.get("npm_config_userconfig") or scene.home / ".npmrc")
    machine = Path(lower.get("npm_config_globalconfig") or Path(prefix or "/nonexistent") / "etc/npmrc")
    return [scene.filled(text) for text in (scene.read(".npmrc"), places.read(user), places.read(machine)) if text]


def registry_of(files: list[str]) -> tuple[str, ...]:
    """The registry of the strongest file that names one."""
    return next((found for lines in files if (found := urls(places.key_value(lines, "registry"))[:1])), ())


def scoped(files: list[str]) -> tuple[str, ...]:
    """The registries of scopes."""
    return tuple(address for lines in files for value in _SCOPED.findall(lines) for address in urls(value)[:1])


def proxy_of(files: list[str], lower: dict[str, str]) -> str:
    """npm's own proxy for its registry; "" where it has none."""
    for name in ("https-proxy", "proxy"):
        given = lower.get(f"npm_config_{name.replace('-', '_')}") or next((value for lines in files if (value := places.key_value(lines, name))), "")
        if given.lower() not in ("", "null", "false"):
            return given
    return ""


def _prefix(scene: Scene) -> str:
    """Where npm is installed: PREFIX/bin/npm."""
    npm = built_in.program("npm", scene)
    return str(npm.parent.parent) if npm is not None else ""
