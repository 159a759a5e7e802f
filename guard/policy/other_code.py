"""Code of other languages → the commands that it may start, from its string literals; nothing is executed.

Near enough for Python, Node, Ruby, Perl, PHP and Groovy: where code starts processes at all, each string in it may be
a shell text, and each list of strings an argv. Code that starts none is not looked through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_STARTS = re.compile(
    r"\bsubprocess\b|\bos\.(?:system|popen|exec|spawn)|\bchild_process\b|\bexeca\b|\bzx\b|\bPopen\b|%x[\[({]|\bOpen3\b|\bproc_open\b|\bshell_exec\b"
    r"|\bpassthru\b|(?<![.\w])(?:system|exec|sh|spawn)\s*\(?\s*[\"'`\[]|\bqx[{(/]|^\s*`|=\s*`|\bBun\.\$|\bplumbum\b|\binvoke\b|\bexecute\s*\(",
    re.MULTILINE,
)
_LITERAL = re.compile(r"\"\"\"(.*?)\"\"\"|'''(.*?)'''|\"((?:[^\"\\\n]|\\.)*)\"|'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`", re.DOTALL)
_LIST_GAP = re.compile(r"\s*,\s*\[?\s*")
_HTTP = re.compile(
    r"\b(?:requests|httpx|session|client|axios|got|http)\.(post|put|patch|delete)\(\s*f?[\"'`]https?://(?!localhost|127\.|0\.0\.0\.0|\[::1\])"
)
_MOST = 4000
_MOST_WORDS = 40


def texts(code: str) -> Iterator[str | list[str]]:
    """What the code may start: shell texts, and lists of words."""
    if not _STARTS.search(code):
        return
    row: list[str] = []
    end = -1
    for count, match in enumerate(_LITERAL.finditer(code)):
        if count > _MOST:
            return
        text = next((group for group in match.groups() if group is not None), "")
        together = end >= 0 and _LIST_GAP.fullmatch(code, end, match.start()) is not None
        if not together:
            if len(row) > 1:
                yield row
            row = []
        if len(row) < _MOST_WORDS:
            row.append(text)
        end = match.end()
        if " " in text.strip():
            yield text
    if len(row) > 1:
        yield row


def writes_by_http(code: str) -> str | None:
    """The first request in the code that changes something on a host that is not this one."""
    match = _HTTP.search(code)
    return f"HTTP {match.group(1).upper()}" if match else None
