"""What a tool asks when nobody told it otherwise: asked of the tool itself, by a fixed command, so that no host is named here."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from guard.remedies import own_command
from guard.remedies.probing.configured.protocol import Scene

_LONGEST_S = 5.0
_SHEBANG = re.compile(rb"#!\s*(/[^\s]+python[\d.]*)\s*\Z")


def program(name: str, scene: Scene) -> Path | None:
    """The program that the command would start by this name; only folders of PATH that are absolute or of the working directory count."""
    folders = (str(scene.cwd / folder) for folder in scene.env.get("PATH", "").split(":") if folder)
    found = shutil.which(name, path=":".join(folders))
    return Path(found) if found else None


def said(name: str, words: Sequence[str], scene: Scene, *, here: bool = False, **more: str) -> str:
    """What the tool prints, "" where it is not there or fails; at the root folder, or `here`: where the command ran. `more`: variables."""
    found = program(name, scene)
    if found is None:
        return ""
    failed, text = own_command.said((str(found), *words), {**scene.env, **more}, _LONGEST_S, str(scene.cwd) if here else "/")
    return "" if failed else text.strip()


def by_python(script: str, code: str, scene: Scene) -> str:
    """What a line of Python prints in the very Python that the script runs in; "" where that cannot be told."""
    first = scene.command.argv[0] if scene.command.argv else ""
    python = first if re.search(r"python[\d.]*\Z", first) and script in ("pip", "poetry") and f"-m {script}" in scene.text else _python(script, scene)
    if not python:
        return ""
    failed, text = own_command.said((python, "-I", "-c", code), scene.env, _LONGEST_S)
    return "" if failed else text.strip()


def _python(script: str, scene: Scene) -> str:
    found = program(script, scene)
    if found is None:
        return ""
    try:
        with found.open("rb") as file:
            shebang = _SHEBANG.match(file.readline(512).rstrip(b"\r\n"))
    except OSError:
        return ""
    return shebang.group(1).decode() if shebang else ""
