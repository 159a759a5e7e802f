"""Poetry's sources: those of pyproject.toml, and its built-in one unless one of them takes its place."""

from __future__ import annotations

from guard.caches import places
from guard.remedies.probing.configured import built_in, toml
from guard.remedies.probing.configured.pip import PAGE
from guard.remedies.probing.configured.protocol import Named, Scene, urls

NAMES = frozenset({"poetry"})
PROGRAMS = frozenset({"poetry"})

_BUILT_IN = (
    "import inspect; from poetry.repositories.pypi_repository import PyPiRepository as P; "
    "print(inspect.signature(P.__init__).parameters['url'].default)"
)


def named(scene: Scene) -> Named:
    """Sources by their priority (docs of Poetry, "Repositories"): what is primary or default leaves no place for the built-in one."""
    primary: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    for header, body in toml.tables(scene.read("pyproject.toml")):
        if header == "tool.poetry.source":
            address = urls(places.key_value(body, "url"))[:1]
            if (places.key_value(body, "priority").split("#")[0].strip(" \"'").lower() or "primary") in ("primary", "default"):
                primary += address
            else:
                others += address
    sources = (*primary, *others)
    if not primary:
        primary = urls(built_in.by_python("poetry", _BUILT_IN, scene))[:1]
    return Named(tuple(dict.fromkeys((*primary, *others))), "", dict.fromkeys(sources, PAGE))
