"""pip's indexes: by option, by variable, by its settings files, else its built-in one."""

from __future__ import annotations

import re

from guard.caches import places
from guard.caches.pip import settings_files
from guard.remedies.probing.configured import built_in
from guard.remedies.probing.configured.protocol import Named, Scene, option, urls

NAMES = frozenset({"pip"})
PROGRAMS = frozenset({"pip", "pip3", "pipenv", "tox", "nox", "pip-compile", "pip-sync"})

PAGE = "pip/"
"""A page of the kind that every index hands out all day (PEP 503); the list of all projects is a heavy one. 404 is an answer too."""
_NO_INDEX = re.compile(r"(?<!\S)--no-index\b")
_BUILT_IN = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"


def named(scene: Scene) -> Named:
    """Addresses of simple indexes, each ending in `/`; none where pip was told to ask none."""
    env, text = scene.env, scene.text
    if _NO_INDEX.search(text) or env.get("PIP_NO_INDEX", "").lower() in ("1", "true", "yes", "on"):
        return Named()
    files = [places.read(file) for file in settings_files(scene.around)]
    main = option(text, "-i", "--index-url", "--pypi-url") or urls(env.get("PIP_INDEX_URL") or env.get("PIP_PYPI_URL") or "")
    more = (*option(text, "--extra-index-url"), *urls(env.get("PIP_EXTRA_INDEX_URL", "")))
    for lines in files:
        main = main or urls(places.key_value(lines, "index-url"))
        more += urls(places.key_value(lines, "extra-index-url"))
    proxy = env.get("PIP_PROXY") or next((value for lines in files if (value := places.key_value(lines, "proxy"))), "")
    main = main or urls(built_in.by_python("pip", _BUILT_IN, scene))
    found = tuple(dict.fromkeys(f"{address.rstrip('/')}/" for address in (*main, *more)))
    return Named(found, proxy, dict.fromkeys(found, PAGE))
