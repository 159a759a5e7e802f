"""Signature files → signatures: ours from compiled JSON, a user's from YAML with its self-test."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from guard import packed
from guard.errors import SettingsError
from guard.signatures.signature import Signature, from_mapping

HERE = Path(__file__).parent
COMPILED = HERE / "compiled.json"


@lru_cache(maxsize=1)
def shipped() -> tuple[Signature, ...]:
    """The signatures that come with guard."""
    try:
        text = packed.data("signatures", COMPILED.name)
    except OSError:
        return tuple(signature for path in sources() for signature in read(path))
    return tuple(from_mapping(row) for row in json.loads(text))


def sources() -> tuple[Path, ...]:
    """The YAML files that our signatures are written in."""
    return tuple(sorted(HERE.glob("*.yml")))


def read(path: Path) -> tuple[Signature, ...]:
    """The signatures of one YAML file. Raises SettingsError with file, line and key."""
    return tuple(signature for signature, _ in read_with_lines(path))


def read_with_lines(path: Path) -> list[tuple[Signature, int]]:
    """The signatures of one YAML file, each with the line it begins at."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=loader)
        rows = yaml.load(text, Loader=loader)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(str(path), None, "", f"cannot be read: {error}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else None
        raise SettingsError(str(path), line, "", f"no valid YAML: {getattr(error, 'problem', error)}") from error
    entries = rows.get("signatures") if isinstance(rows, dict) else None
    if not isinstance(entries, list):
        raise SettingsError(str(path), 1, "signatures", "is missing or no list", "begin with `signatures:`")
    lines = _entry_lines(node)
    found = []
    for position, row in enumerate(entries):
        line = lines[position] if position < len(lines) else 1
        if not isinstance(row, dict):
            raise SettingsError(str(path), line, f"signatures[{position}]", "is no mapping")
        try:
            found.append((from_mapping(row), line))
        except ValueError as error:
            raise SettingsError(str(path), line, str(row.get("id", f"signatures[{position}]")), str(error)) from error
    return found


def _entry_lines(node: object) -> list[int]:
    for key, value in getattr(node, "value", []):
        if getattr(key, "value", "") == "signatures":
            return [entry.start_mark.line + 1 for entry in value.value]
    return []


def tested(path: Path) -> tuple[Signature, ...]:
    """A user's signatures, each shown to fire on its own examples and quickly.

    Raises SettingsError for the first whose examples fail, or whose pattern is too slow on them.
    """
    from guard.signatures.selftest import faults

    found = read_with_lines(path)
    for signature, line in found:
        for fault in faults(signature):
            raise SettingsError(str(path), line, signature.id, fault, "mend the pattern or the example")
    return tuple(signature for signature, _ in found)
