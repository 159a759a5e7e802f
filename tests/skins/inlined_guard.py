"""The skins that carry guard as text, with guard as it stands in this tree: the committed ones carry the last release's."""

from __future__ import annotations

import shutil
from functools import lru_cache
from pathlib import Path

import tenacity
import yaml

from guard.delivery import bytecode, inline

ROOT = Path(__file__).parents[2]
_OWN = ("*.py", "signatures/compiled.json", "schema/*.json", "delivery/*.txt")


@lru_cache(maxsize=1)
def function() -> str:
    """The function of this tree; the packages it carries are taken from the environment, so that nothing is fetched."""
    members = {}
    for pattern in _OWN:
        for path in (ROOT / "guard").rglob(pattern) if pattern == "*.py" else (ROOT / "guard").glob(pattern):
            members[path.relative_to(ROOT).as_posix()] = path.read_bytes()
    for package in (yaml, tenacity):
        folder = Path(str(package.__file__)).parent
        for path in folder.rglob("*.py"):
            members[f"vendor/{folder.name}/{path.relative_to(folder).as_posix()}"] = path.read_bytes()
    return inline.function(members, bytecode.imported(str(ROOT)))


def skin(name: str, to: Path) -> Path:
    """A copy of a skin's folder, with guard of this tree in it."""
    shutil.copytree(ROOT / name, to / name)
    for path in inline.SKINS:
        if path.startswith(f"{name}/"):
            file = to / path
            file.write_text(inline.inlined(file.read_text(encoding="utf-8"), function()), encoding="utf-8")
    return to / name
