"""Shell text → the commands in it, near enough to recognise what must not run twice; nothing is executed."""

from __future__ import annotations

import re
import shlex

_SEPARATORS = re.compile(r"(?:&&|\|\||[;|&\n(){}`]|\$\()")
_ASSIGNMENT = re.compile(r"\A[A-Za-z_]\w*=")
_WRAPPERS = frozenset(
    "sudo env nice nohup time timeout stdbuf command exec xargs doas ionice setsid unbuffer then do else if while ! eval npx "
    "bunx pnpx uvx".split()
)
_TAKES_VALUE = frozenset({"-u", "-n", "-k", "-s", "--signal", "--kill-after", "-C"})


def commands(text: str) -> list[list[str]]:
    """The commands of a shell text as lists of words, wrappers and assignments taken off."""
    found = []
    # A line that is continued is one line; comments say nothing.
    text = re.sub(r"\\\n", " ", text)
    text = re.sub(r"(?m)(^|\s)#.*$", r"\1", text)
    for piece in _SEPARATORS.split(text):
        try:
            words = shlex.split(piece)
        except ValueError:
            words = piece.replace("'", " ").replace('"', " ").split()
        words = unwrapped(words)
        if words:
            found.append(words)
    return found


def unwrapped(words: list[str]) -> list[str]:
    """The words of a command without `sudo`, `env A=b`, `timeout 5m` and the like before it."""
    words = list(words)
    while words:
        if _ASSIGNMENT.match(words[0]):
            words.pop(0)
        elif words[0].rsplit("/", 1)[-1] in _WRAPPERS:
            wrapper = words.pop(0)
            while words and words[0].startswith("-"):
                option = words.pop(0)
                if option in _TAKES_VALUE and words:
                    words.pop(0)
            if wrapper.rsplit("/", 1)[-1] == "timeout" and words and re.match(r"\d", words[0]):
                words.pop(0)
        else:
            break
    return words
