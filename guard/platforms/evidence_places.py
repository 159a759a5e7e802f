"""A line of the log → the file and line of the workspace that it names, where such a file really is there."""

from __future__ import annotations

import os
import re

from guard.platforms import hand_over

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Who prints which: Python `File "x", line 3`; javac, gcc, go, rustc, eslint, pytest, jest `x:3` or `x:3:5`; tsc, msbuild `x(3,5)`; Ruby, PHP `x on line 3`.
_FORMS = (
    re.compile(r"File \"(?P<path>[^\"\n]{1,300})\", line (?P<line>\d{1,7})"),
    re.compile(r"(?P<path>[^\s\"'`()<>\[\]{}|:;,*?=]{1,300}\.\w{1,12})\((?P<line>\d{1,7})(?:[,:]\d{1,7})?\)"),
    re.compile(r"(?P<path>(?:(?<![A-Za-z])[A-Za-z]:(?=[\\/](?!/)))?[^\s\"'`()<>\[\]{}|:;,*?=]{1,300}):(?P<line>\d{1,7})(?!\d|:\d\d:)"),
    re.compile(r"(?P<path>[^\s\"'`()<>\[\]{}|:;,*?=]{1,300}\.\w{1,12}) on line (?P<line>\d{1,7})"),
)
_MOST_NAMES = 20
_LARGEST = 8 << 20


def place(text: str, workspace: str, folder: str = "") -> tuple[str, int] | None:
    """The file, relative to the workspace, and its line; `folder`: where the command ran. None: no such file there.

    A file counts when it is a regular one inside the workspace with all links followed, outside `.git`, and long enough.
    """
    root = os.path.realpath(workspace)
    for _, (name, line) in zip(range(_MOST_NAMES), _named(text), strict=False):
        for base in (folder, root):
            if not base:
                continue
            path = os.path.realpath(os.path.join(base, name))
            if not path.startswith(root.rstrip(os.sep) + os.sep) or f"{os.sep}.git{os.sep}" in path:
                continue
            if line >= 1 and _has_line(path, line):
                return os.path.relpath(path, root).replace(os.sep, "/"), line
    return None


def _named(text: str) -> Iterator[tuple[str, int]]:
    for form in _FORMS:
        for match in form.finditer(text[:4000]):
            if "\0" not in match["path"]:
                yield match["path"], int(match["line"])


def _has_line(path: str, line: int) -> bool:
    data = hand_over.read(path, _LARGEST)
    return data is not None and line <= data.count(b"\n") + (not data.endswith(b"\n"))
