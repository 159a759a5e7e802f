"""Where git fetches from: the address in the command, else the checkout's remotes and submodules, rewritten as its configuration says."""

from __future__ import annotations

import re
from collections.abc import Mapping

from guard.remedies.probing.configured import built_in
from guard.remedies.probing.configured.protocol import Named, Scene, urls

NAMES = frozenset({"git", "git-lfs"})
PROGRAMS = frozenset({"git", "git-lfs"})

_SCP = re.compile(r"(?<!\S)(?:[\w.-]+@)?[A-Za-z0-9][\w.-]*\.[A-Za-z]{2,}:(?!//|\d+\b)[\w~./-]+")
_ASKS = "info/refs?service=git-upload-pack"
"""What a fetch by HTTP asks first (gitprotocol-http(5))."""


def named(scene: Scene) -> Named:
    """Addresses in the command that git would be given; where there are none, those of the checkout."""
    settings = _settings(scene)
    lines = "\n".join(line for line in re.split(r"[\n;&|]", scene.text) if re.search(r"\bgit\b", line))
    given = (*urls(lines), *_SCP.findall(lines))
    if not given:
        given = tuple(value for name, values in settings.items() if re.fullmatch(r"(?:remote|submodule)\..+\.url", name) for value in values)
        given += tuple(re.findall(r"(?m)^[ \t]*url[ \t]*=[ \t]*(\S+)", scene.read(".gitmodules")))
    found = tuple(dict.fromkeys(_rewritten(address, settings) for address in given))
    proxy = settings.get("http.proxy", [""])[-1]
    return Named(found, proxy, {address: _ASKS for address in found if address.startswith("http")})


def _settings(scene: Scene) -> Mapping[str, list[str]]:
    """Name → values, the weakest first, as git itself reads them: machine, user, checkout, includes, environment."""
    text = built_in.said("git", ("config", "--list", "-z"), scene, here=True)
    found: dict[str, list[str]] = {}
    for entry in text.split("\0"):
        name, _, value = entry.partition("\n")
        found.setdefault(name, []).append(value)
    return found


def _rewritten(address: str, settings: Mapping[str, list[str]]) -> str:
    """The address after `url.<base>.insteadOf`: the longest beginning that fits (git-config(1))."""
    best, base = "", ""
    for name, values in settings.items():
        if name.startswith("url.") and name.lower().endswith(".insteadof"):
            for value in values:
                if value and address.startswith(value) and len(value) > len(best):
                    best, base = value, name[len("url.") : -len(".insteadof")]
    return f"{base}{address[len(best):]}" if best else address
