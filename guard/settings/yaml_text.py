"""YAML text → plain values with the line of each key; what is deep, large or means something odd is refused."""

from __future__ import annotations

import re
from typing import Any

import yaml

from guard.errors import SettingsError
from guard.settings.document import Place, dotted, printable, shown

MOST_LEVELS = 64
_PLAIN = "tag:yaml.org,2002:"
_SCALARS = frozenset(_PLAIN + name for name in ("null", "bool", "int", "float", "str", "timestamp", "value"))
_MERGE = _PLAIN + "merge"
# Surrogates are no characters, and no path or pattern may hold a NUL.
_IMPOSSIBLE = re.compile("[\0\ud800-\udfff]")
# A number longer than this is no setting, and Python itself refuses to print one of 4,300 digits.
_LONGEST_NUMBER = 40


def parsed(text: str, file: str, most_nodes: int) -> tuple[dict[str, Any], dict[Place, int]]:
    """The values of a text and the line of each. Raises SettingsError that names `file`, line and key."""
    # libyaml's parser reads 1 MiB in a fraction of the time; both give the same nodes.
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _refuse_size(text, file, loader, most_nodes)
        node = yaml.compose(text, Loader=loader)
    except yaml.YAMLError as error:
        raise SettingsError(file, _error_line(error), "", f"no valid YAML: {_problem(error)}") from error
    except (RecursionError, ValueError) as error:
        raise SettingsError(file, None, "", "no valid YAML") from error
    if node is None:
        return {}, {}
    lines: dict[Place, int] = {(): 1}
    value = _Builder(file, lines, most_nodes).value(node, ())
    if value is None:
        return {}, {}
    if not isinstance(value, dict):
        raise SettingsError(file, _line(node), "", "is no mapping of keys to values", "begin with `version: 1`")
    return value, lines


def _problem(error: yaml.YAMLError) -> str:
    problem = getattr(error, "problem", None) or getattr(error, "reason", None)
    return printable(str(problem))[:200] if problem else "cannot be parsed"


def _error_line(error: yaml.YAMLError) -> int | None:
    mark = getattr(error, "problem_mark", None)
    return mark.line + 1 if mark is not None else None


def _refuse_size(text: str, file: str, loader: Any, most_nodes: int) -> None:
    """Events are counted as they are parsed, so that nothing deep or large is ever built."""
    depth = nodes = 0
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        nodes += isinstance(event, yaml.NodeEvent)
        if depth > MOST_LEVELS:
            raise SettingsError(file, _line(event), "", f"nested more than {MOST_LEVELS} levels deep")
        if nodes > most_nodes:
            raise SettingsError(file, _line(event), "", f"has more than {most_nodes} values")


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1 if node.start_mark is not None else 1


class _Builder:
    """Nodes → values, aliases counted as often as they are used."""

    def __init__(self, file: str, lines: dict[Place, int], most_nodes: int) -> None:
        self.file = file
        self.most_nodes = most_nodes
        self.lines = lines
        self.count = 0
        self.open: set[int] = set()
        self.constructor = yaml.constructor.SafeConstructor()

    def value(self, node: yaml.Node, path: Place) -> Any:
        self.lines.setdefault(path, _line(node))
        self._count(node, path)
        if id(node) in self.open or len(path) > MOST_LEVELS:
            raise self._error(node, path, "a value that contains itself, or is nested too deeply")
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        self.open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                if node.tag != _PLAIN + "seq":
                    raise self._error(node, path, f"the tag {shown(node.tag)} is not allowed")
                return [self.value(one, (*path, position)) for position, one in enumerate(node.value)]
            return self._mapping(node, path)
        finally:
            self.open.discard(id(node))

    def _mapping(self, node: yaml.Node, path: Place) -> dict[str, Any]:
        if node.tag != _PLAIN + "map":
            raise self._error(node, path, f"the tag {shown(node.tag)} is not allowed")
        found: dict[str, Any] = {}
        for key, value in node.value:
            self._count(key, path)
            if not isinstance(key, yaml.ScalarNode):
                raise self._error(key, path, "a key must be a word")
            if key.tag == _MERGE:
                raise self._error(key, (*path, "<<"), "merge keys are not allowed", "write the keys out")
            if key.tag not in _SCALARS:
                raise self._error(key, path, f"the tag {shown(key.tag)} is not allowed")
            name = str(key.value)
            if name in found:
                raise self._error(key, (*path, name), "stands twice", "keep one of the two")
            here: Place = (*path, name)
            self.lines[here] = _line(key)
            found[name] = self.value(value, here)
        return found

    def _scalar(self, node: yaml.ScalarNode, path: Place) -> Any:
        text = str(node.value)
        if node.tag not in _SCALARS:
            raise self._error(node, path, f"the tag {shown(node.tag)} is not allowed")
        if _IMPOSSIBLE.search(text):
            raise self._error(node, path, "holds a character that no setting may hold")
        if node.tag.endswith((":timestamp", ":value")):
            return text
        if node.tag.endswith((":int", ":float")) and len(text) > _LONGEST_NUMBER:
            raise self._error(node, path, "is too long for a number", "put a text into quotes")
        if node.tag.endswith((":int", ":float")) and ":" in text:
            # YAML 1.1 reads 1:30 as the number 90; nobody who writes it means that.
            return text
        try:
            return self.constructor.construct_object(node)
        except (yaml.YAMLError, ValueError, LookupError, ArithmeticError) as error:
            raise self._error(node, path, f"{shown(text)} cannot be read as {shown(node.tag)}") from error

    def _count(self, node: yaml.Node, path: Place) -> None:
        self.count += 1
        if self.count > self.most_nodes:
            raise self._error(node, path, f"more than {self.most_nodes} values, aliases counted")

    def _error(self, node: yaml.Node, path: Place, problem: str, hint: str = "") -> SettingsError:
        return SettingsError(self.file, _line(node), dotted(path), problem, hint)
