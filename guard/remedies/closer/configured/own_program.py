"""What a program of the user's own was given: the addresses in the command and in its environment.

Such a program has no settings that guard could read, so these are asked only where the log names the very host.
"""

from __future__ import annotations

from guard.remedies.closer.configured.protocol import Scene, urls
from guard.remedies.tools_in_play import typed


def addresses(scene: Scene) -> tuple[str, ...]:
    """Addresses that the user typed, then those of variables; of neither the path, which may do something when it is asked for."""
    found = urls(scene.filled(typed(scene.command)))
    found += tuple(address for value in scene.env.values() if "://" in value for address in urls(value))
    return tuple(dict.fromkeys(origin for address in found if (origin := _origin(address))))


def _origin(address: str) -> str:
    scheme, sign, rest = address.partition("://")
    place = rest.partition("/")[0].partition("?")[0].partition("#")[0]
    return f"{scheme}{sign}{place}/" if place else ""
