"""What a diagnosis says of a cache entry: its text, package names with versions, and paths that really lie below a root."""

from __future__ import annotations

import os
import re
from pathlib import Path

from guard.types import Diagnosis

_MOST_TEXT = 64 << 10
_PATH = re.compile(r"(?<![\w.:/])(?:file:)?(/{1,3}[^\s'\"`<>|*?;,(){}\x00-\x1f]{1,1000})")
# name and version as the tools write them: six==1.16.0, left-pad@1.3.0, @scope/a@1.0.0, serde v1.0.1, serde 1.0.1
_NAMED = re.compile(
    r"(?<![\w@/.-])(?P<name>@?[A-Za-z0-9_][\w./~!-]{0,200}?)(?:==|@npm:|@|[ ]v?(?=\d))v?(?P<version>\d[\w.+-]{0,80})"
)


def text(diagnosis: Diagnosis) -> str:
    """Entity values and evidence lines, one a line; at most 64 KiB."""
    parts: list[str] = []
    for value in diagnosis.entities.values():
        parts += [value] if isinstance(value, str) else list(value)
    parts += [evidence.text for evidence in diagnosis.evidence]
    return "\n".join(parts)[:_MOST_TEXT]


def entity(diagnosis: Diagnosis, name: str) -> str:
    """The entity's value, "" when there is none; of several the first."""
    value = diagnosis.entities.get(name, "")
    return value if isinstance(value, str) else (value[0] if value else "")


def packages(diagnosis: Diagnosis) -> tuple[tuple[str, str], ...]:
    """(name, version) of the entity `package` first, else of what the lines name; version "" when not told.

    Nothing here is checked: a cache compares it with what it really holds.
    """
    package = entity(diagnosis, "package")
    if package:
        split = _split(package)
        return ((split[0], split[1] or _plain(entity(diagnosis, "version"))),)
    found = [(match["name"], match["version"].rstrip(".-")) for match in _NAMED.finditer(text(diagnosis))]
    return tuple(dict.fromkeys(found))[:50]


def _split(package: str) -> tuple[str, str]:
    match = re.fullmatch(
        r"(@?[^@=<>~!\s]+?)(?:\s*(?:[=~]=|>=|<=)=?\s*|@npm:|@|\s+)v?([\w.+-]+)(?:\s*\(.*)?", package.strip()
    )
    return (match.group(1), match.group(2)) if match else (package.strip(), "")


def _plain(version: str) -> str:
    return version.strip().lstrip("=v ") if re.fullmatch(r"[=v ]*\d[\w.+-]*", version.strip()) else ""


def paths_below(root: Path, diagnosis: Diagnosis) -> tuple[Path, ...]:
    """The paths that the text names and that, links followed, really exist below the resolved `root`."""
    return tuple(path for path in lost_below(root, diagnosis) if path.exists())


def lost_below(root: Path, diagnosis: Diagnosis) -> tuple[Path, ...]:
    """The paths that the text names and that would lie below the resolved `root`, whether they exist or not."""
    found: list[Path] = []
    for match in _PATH.finditer(text(diagnosis)):
        raw = "/" + match.group(1).lstrip("/")
        for candidate in (raw, raw.rstrip(".:"), re.sub(r"(?::\d+)+:?$", "", raw)):
            try:
                path = Path(os.path.realpath(candidate))
            except (OSError, ValueError):
                continue
            if path != root and path.is_relative_to(root) and path not in found:
                found.append(path)
        if len(found) >= 100:
            break
    return tuple(found)
