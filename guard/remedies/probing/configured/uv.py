"""uv's indexes: by option, by variable, by uv.toml or pyproject.toml, by the user's and the machine's uv.toml, else its built-in one."""

from __future__ import annotations

import re
from pathlib import Path

from guard.caches import places
from guard.remedies.probing.configured import built_in, toml
from guard.remedies.probing.configured.pip import PAGE
from guard.remedies.probing.configured.protocol import Named, Scene, option, urls

NAMES = frozenset({"uv"})
PROGRAMS = frozenset({"uv", "uvx"})

_BUILT_IN = re.compile(r"by\s+default:\s+<?(https?://[^>\s]+)")


def named(scene: Scene) -> Named:
    """The default index first (docs of uv, "Package indexes" and "Environment variables"), then the others."""
    env, text = scene.env, scene.text
    if re.search(r"(?<!\S)(?:--no-index|--offline)\b", text) or env.get("UV_OFFLINE", "").lower() in ("1", "true"):
        return Named()
    main = option(text, "--default-index", "--index-url", "-i") or urls(env.get("UV_DEFAULT_INDEX") or env.get("UV_INDEX_URL") or "")
    # `UV_INDEX` holds addresses or `name=address`.
    more = (*option(text, "--index", "--extra-index-url"), *urls(f"{env.get('UV_INDEX', '')} {env.get('UV_EXTRA_INDEX_URL', '')}"))
    for project, lines in _files(scene):
        prefix = "tool.uv" if project else ""
        for header, body in toml.tables(lines):
            if header == prefix:
                main = main or urls(places.key_value(body, "index-url"))[:1]
                more += urls(places.key_value(body, "extra-index-url"))
            elif header == (f"{prefix}.index" if prefix else "index"):
                address = urls(places.key_value(body, "url"))[:1]
                if places.key_value(body, "default").startswith("true"):
                    main = main or address
                else:
                    more += address
    if not main:
        found = _BUILT_IN.search(built_in.said("uv", ("pip", "install", "--help"), scene, NO_COLOR="1"))
        main = (found.group(1),) if found else ()
    indexes = tuple(dict.fromkeys((*main, *more)))
    return Named(indexes, "", dict.fromkeys(indexes, PAGE))


def _files(scene: Scene) -> list[tuple[bool, str]]:
    """(whether it is a pyproject.toml, its text), the strongest first."""
    given = scene.env.get("UV_CONFIG_FILE", "")
    if given:
        path = places.absolute(given, str(scene.cwd), scene.env)
        return [(False, places.read(path))] if path is not None else []
    own = scene.read("uv.toml")
    user = Path(scene.env.get("XDG_CONFIG_HOME") or scene.home / ".config") / "uv/uv.toml"
    return [(not own, own or scene.read("pyproject.toml")), (False, places.read(user)), (False, places.read(Path("/etc/uv/uv.toml")))]
