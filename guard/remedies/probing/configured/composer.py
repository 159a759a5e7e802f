"""Composer's repositories, as Composer itself reads its settings."""

from __future__ import annotations

import re

from guard.remedies.probing.configured import built_in
from guard.remedies.probing.configured.protocol import Named, Scene, urls

NAMES = frozenset({"composer"})
PROGRAMS = frozenset({"composer", "composer.phar"})

_ASKS = "packages.json"
"""The root of such a repository (Composer's documentation, "Repositories")."""
_ROW = re.compile(r"(?m)^\[repositories\.([^\n]+?)\.(type|url)\][ \t]+(\S+)")


def named(scene: Scene) -> Named:
    """Repositories that are indexes (type `composer`), the project's before the built-in one."""
    # No plugin of the project's is loaded for it.
    text = built_in.said("composer", ("config", "--list", "--no-plugins", "--no-interaction"), scene, here=True, NO_COLOR="1")
    kinds: dict[str, dict[str, str]] = {}
    for name, key, value in _ROW.findall(re.sub(r"\x1b\[[\d;]*m", "", text)):
        kinds.setdefault(name, {})[key] = value
    found = tuple(dict.fromkeys(address for one in kinds.values() if one.get("type", "composer") == "composer" for address in urls(one.get("url", ""))[:1]))
    return Named(found, "", dict.fromkeys(found, _ASKS))
