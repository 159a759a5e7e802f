"""A repository's own CI file → the command that it runs to test or build, so that a snippet shows what stands there.

Read as data, never run; what cannot be read tells nothing. Links are not followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_FILES = {
    "gitlab": [".gitlab-ci.yml"],
    "jenkins": ["Jenkinsfile"],
    "circleci": [".circleci/config.yml"],
    "azure": ["azure-pipelines.yml"],
}
_LARGEST = 1 << 20
_MOST_FILES = 50
_MOST_LINES = 12
# Words that testing has in its command, then words of building.
_WANTED = (
    re.compile(r"\b(tests?|pytest|tox|nox|check|verify|rspec|phpunit|ctest|jest|vitest)\b", re.I),
    re.compile(r"\b(build|make|compile|package|assemble)\b", re.I),
)
_JENKINS = re.compile(r"""\bsh\s*\(?\s*(?:script:\s*)?('''|\"\"\"|'|")(.+?)\1""", re.S)
# What only that CI, or Groovy, would fill in.
_FILLED_IN = re.compile(r"\$\{\{|\$\[\[|\$\(\(?\w+\.\w+")


def command(root: Path, ci: str) -> tuple[str, str]:
    """The script that tests, else builds, and the file where it stands, from `root`; two empty texts where none is found."""
    found = [(script, file) for file in _files(root, ci) for script in _scripts(ci, _text(root / file))]
    usable = [(script.strip(), file) for script, file in found if _usable(script)]
    for wanted in _WANTED:
        for script, file in usable:
            if wanted.search(script):
                return script, file
    return "", ""


def _usable(script: str) -> bool:
    lines = script.strip().splitlines()
    return 0 < len(lines) <= _MOST_LINES and not _FILLED_IN.search(script) and all(line.replace("\t", " ").isprintable() for line in lines)


def _files(root: Path, ci: str) -> list[str]:
    if ci == "github":
        folder = root / ".github" / "workflows"
        if folder.is_symlink() or not folder.is_dir():
            return []
        names = sorted(path.name for path in folder.iterdir() if path.suffix in (".yml", ".yaml"))
        return [f".github/workflows/{name}" for name in names[:_MOST_FILES]]
    return _FILES.get(ci, [])


def _text(path: Path) -> str:
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST:
            return ""
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _scripts(ci: str, text: str) -> Iterator[str]:
    if ci == "jenkins":
        yield from (found[2] for found in _JENKINS.finditer(text) if not (found[1].startswith('"') and "${" in found[2]))
        return
    import yaml

    class Loader(yaml.SafeLoader):
        """Reads tags of a CI (`!reference`) as nothing."""

    Loader.add_multi_constructor("!", lambda loader, suffix, node: None)
    try:
        document = yaml.load(text, Loader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return
    yield from _walked(document, "script" if ci in ("gitlab", "azure") else "run", set())


def _walked(value: Any, key: str, seen: set[int]) -> Iterator[str]:
    """Every script below a key named `key`: a text, a list of them, or CircleCI's `{command: …}`; each anchor once."""
    if isinstance(value, (list, dict)):
        if id(value) in seen:
            return
        seen.add(id(value))
    if isinstance(value, list):
        for one in value:
            yield from _walked(one, key, seen)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name == key and isinstance(inner, str):
                yield inner
            elif name == key and isinstance(inner, list):
                yield "\n".join(one for one in inner if isinstance(one, str))
            elif name == key and isinstance(inner, dict) and isinstance(inner.get("command"), str):
                yield inner["command"]
            else:
                yield from _walked(inner, key, seen)
