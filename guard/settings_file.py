"""A settings file → plain values with the line of each key; hostile YAML is refused in bounded time."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from guard.errors import SettingsError

MOST_BYTES = 1 << 20
MOST_LEVELS = 64
MOST_NODES = 10_000


@dataclass(frozen=True)
class Document:
    """The values of a file and where each stands."""

    file: str
    values: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[tuple[str | int, ...], int] = field(default_factory=dict)

    def error(self, path: tuple[str | int, ...], problem: str, hint: str = "") -> SettingsError:
        """An error at a key, with the nearest line that is known."""
        line = next((self.lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in self.lines), None)
        return SettingsError(self.file, line, dotted(path), problem, hint)


def dotted(path: tuple[str | int, ...]) -> str:
    """`labels.flaky_test.attempts`, `strategies[0].run`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read(path: Path) -> Document:
    """Read a settings file. Raises SettingsError with file, line and key."""
    shown = str(path)
    try:
        kind = os.stat(path).st_mode
    except OSError as error:
        raise SettingsError(shown, None, "", f"cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(kind):
        raise SettingsError(shown, None, "", "is no regular file")
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise SettingsError(shown, None, "", f"cannot be read: {error.strerror}") from error
    if len(data) > MOST_BYTES:
        raise SettingsError(shown, None, "", "is larger than 1 MiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SettingsError(shown, line, "", "is not UTF-8") from error
    return parse(text, shown)


def parse(text: str, file: str) -> Document:
    """The document of a text. Raises SettingsError."""
    loader = yaml.SafeLoader
    try:
        _refuse_depth(text, file, loader)
        node = yaml.compose(text, Loader=loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else None
        problem = getattr(error, "problem", None) or "cannot be parsed"
        raise SettingsError(file, line, "", f"no valid YAML: {problem}") from error
    except (RecursionError, ValueError) as error:
        raise SettingsError(file, None, "", "no valid YAML: nested too deeply") from error
    if node is None:
        return Document(file)
    lines: dict[tuple[str | int, ...], int] = {(): 1}
    value = _Builder(file, lines).value(node, ())
    if value is None:
        return Document(file)
    if not isinstance(value, dict):
        raise SettingsError(file, _line(node), "", "is no mapping of keys to values")
    return Document(file, value, lines)


def _refuse_depth(text: str, file: str, loader: type[yaml.SafeLoader]) -> None:
    depth = events = 0
    for event in yaml.parse(text, Loader=loader):
        events += 1
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MOST_LEVELS:
            raise SettingsError(file, _line(event), "", f"nested more than {MOST_LEVELS} levels deep")
        if events > MOST_NODES * 2:
            raise SettingsError(file, _line(event), "", f"has more than {MOST_NODES} values")


def _line(node: yaml.Node | yaml.Event) -> int:
    return node.start_mark.line + 1 if node.start_mark is not None else 1


class _Builder:
    """Nodes → values, aliases counted as often as they are used."""

    def __init__(self, file: str, lines: dict[tuple[str | int, ...], int]) -> None:
        self.file = file
        self.lines = lines
        self.count = 0
        self.open: set[int] = set()

    def value(self, node: yaml.Node, path: tuple[str | int, ...]) -> Any:
        line = _line(node)
        self.lines.setdefault(path, line)
        self.count += 1
        if self.count > MOST_NODES:
            raise SettingsError(self.file, line, dotted(path), f"more than {MOST_NODES} values, aliases counted")
        if id(node) in self.open or len(path) > MOST_LEVELS:
            raise SettingsError(self.file, line, dotted(path), "a value that contains itself, or is nested too deeply")
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        self.open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                if node.tag != "tag:yaml.org,2002:seq":
                    raise SettingsError(self.file, line, dotted(path), f"the tag {node.tag} is not allowed")
                return [self.value(one, (*path, position)) for position, one in enumerate(node.value)]
            return self._mapping(node, path)
        finally:
            self.open.discard(id(node))

    def _mapping(self, node: yaml.Node, path: tuple[str | int, ...]) -> dict[str, Any]:
        if node.tag != "tag:yaml.org,2002:map":
            raise SettingsError(self.file, _line(node), dotted(path), f"the tag {node.tag} is not allowed")
        found: dict[str, Any] = {}
        for key, value in node.value:
            line = _line(key)
            if not isinstance(key, yaml.ScalarNode):
                raise SettingsError(self.file, line, dotted(path), "a key must be a word")
            name = str(key.value)
            if name in found:
                raise SettingsError(self.file, line, dotted((*path, name)), "stands twice", "keep one of the two")
            place = (*path, name)
            self.lines[place] = line
            found[name] = self.value(value, place)
        return found

    def _scalar(self, node: yaml.ScalarNode, path: tuple[str | int, ...]) -> Any:
        if not node.tag.startswith("tag:yaml.org,2002:"):
            raise SettingsError(self.file, _line(node), dotted(path), f"the tag {node.tag} is not allowed")
        if node.tag.endswith((":timestamp", ":binary")):
            return str(node.value)
        try:
            return yaml.constructor.SafeConstructor().construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            raise SettingsError(self.file, _line(node), dotted(path), "cannot be read") from error
