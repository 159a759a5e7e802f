"""What curl, wget and aria2c were told to fetch: the addresses in the user's own command."""

from __future__ import annotations

import re

from guard.remedies.probing.configured.protocol import Named, Scene, urls

PROGRAMS = frozenset({"curl", "wget", "aria2c"})
NAMES = PROGRAMS

SENDS = re.compile(
    r"(?<!\S)(?:-[a-zA-Z]*[dFTX]|--request|--data[\w-]*|--json|--form[\w-]*|--upload-file|--post-\w+|--method|--body-\w+)(?=[\s=@'\"]|$)"
)
"""The option of curl or wget that sends something: a download alone may be asked for twice on no better ground than curiosity."""
_ORIGIN = re.compile(r"[A-Za-z]+://[^/?#]+")


def named(scene: Scene) -> Named:
    """The addresses on lines that name one of the programs; of one that something is sent to, only the host."""
    found: dict[str, None] = {}
    for line in re.split(r"\n|;|&&|\|\|", re.sub(r"\\\n", " ", scene.text)):
        if not re.search(r"\b(?:curl|wget|aria2c)\b", line):
            continue
        for address in urls(line):
            origin = _ORIGIN.match(address)
            found[origin.group() + "/" if SENDS.search(line) and origin else address] = None
    return Named(tuple(found))
