"""What a program of the user's own was given: the addresses in the command, and those in variables of its environment.

Such a program has no settings that guard could read. What the user typed and the variables that the command, or the program's own
text, names are its configuration; any other variable is asked about only where the log names its very host.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from guard.remedies.probing.configured.protocol import Scene, urls
from guard.remedies.tools_in_play import typed


def addresses(scene: Scene) -> tuple[str, ...]:
    """Addresses that the user typed, then those of all variables; of neither the path, which may do something when it is asked for."""
    return _origins((scene.filled(typed(scene.command)), *scene.env.values()))


def given(scene: Scene) -> tuple[str, ...]:
    """Those of `addresses` that the user typed or whose variable the command or the files that it names mention."""
    words = set(re.findall(r"\b[A-Z][A-Z0-9_]{2,}\b", scene.plain))
    return _origins((scene.filled(typed(scene.command)), *(value for name, value in scene.env.items() if name in words)))


def _origins(texts: Iterable[str]) -> tuple[str, ...]:
    found = (address for text in texts if "://" in text for address in urls(text))
    return tuple(dict.fromkeys(origin for address in found if (origin := _origin(address))))


def _origin(address: str) -> str:
    scheme, sign, rest = address.partition("://")
    place = re.split(r"[/?#]", rest, maxsplit=1)[0]
    return f"{scheme}{sign}{place}/" if place else ""
