"""The indexes that pip's own configuration names: by option, by variable, by its settings files, else pip's built-in one."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from guard.caches import places
from guard.caches.pip import settings_files
from guard.types import Command, Surroundings

_OPTION = re.compile(r"(?<!\S)(?:-i|--index-url|--extra-index-url|--pypi-url)(?:\s+|=)['\"]?(https?://[^\s'\"]+)")
_NO_INDEX = re.compile(r"(?<!\S)--no-index\b")
_SHEBANG = re.compile(rb"#!\s*(/[^\s]+python[\d.]*)\s*\Z")
_BUILT_IN = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
_LONGEST_S = 5.0


def indexes(command: Command, text: str, surroundings: Surroundings) -> tuple[str, ...]:
    """Addresses of simple indexes, each ending in `/`; () where none may be asked. `text`: the command and its files."""
    env = command.env
    if _NO_INDEX.search(text) or env.get("PIP_NO_INDEX", "").lower() in ("1", "true", "yes", "on"):
        return ()
    found = _OPTION.findall(text) + _values(env.get("PIP_EXTRA_INDEX_URL", ""))
    main = _values(env.get("PIP_INDEX_URL", "") or env.get("PIP_PYPI_URL", ""))
    for file in settings_files(surroundings):
        lines = places.read(file)
        main = main or _values(places.key_value(lines, "index-url"))
        found += _values(places.key_value(lines, "extra-index-url"))
    if not main and not re.search(r"(?<!\S)(?:-i|--index-url)[\s=]", text):
        main = _values(_built_in(command, env))
    return tuple(dict.fromkeys(f"{address.rstrip('/')}/" for address in (*main, *found)))


def _values(text: str) -> list[str]:
    return [word for word in text.split() if re.match(r"https?://[^\s/]+", word)]


def _built_in(command: Command, env: Mapping[str, str]) -> str:
    """What this very pip asks when nobody told it otherwise; "" where its Python cannot be told."""
    python = _python(command, env)
    if not python:
        return ""
    try:
        done = subprocess.run(
            (python, "-I", "-c", _BUILT_IN),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_LONGEST_S, check=False, cwd="/", env=dict(env),
        )  # fmt: skip
    except (OSError, ValueError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _python(command: Command, env: Mapping[str, str]) -> str:
    first = command.argv[0] if command.argv else ""
    if re.search(r"python[\d.]*\Z", first):
        return first
    for folder in env.get("PATH", "").split(":"):
        pip = Path(folder, "pip")
        if not pip.is_absolute() or not pip.is_file():
            continue
        try:
            with pip.open("rb") as script:
                shebang = _SHEBANG.match(script.readline(512).rstrip(b"\r\n"))
        except OSError:
            return ""
        return shebang.group(1).decode() if shebang else ""
    return ""
