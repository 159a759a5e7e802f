"""The words of a test command, told apart: options, their values, and the files or names that choose tests."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def chosen(words: Sequence[str], flags: Collection[str], valued: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]] | str:
    """(options with their values, words that are neither) of the words behind the program.

    `flags` take no value, `valued` take one, as `--opt value` or `--opt=value`. The first option that is in neither is
    returned as it stands: what it does is not known.
    """
    options: list[str] = []
    others: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, sign, _ = word.partition("=")
        if not word.startswith("-") or word == "-":
            others.append(word)
        elif word in flags or (sign and name in valued):
            options.append(word)
        elif name in valued and rest:
            options += [word, rest.pop(0)]
        else:
            return word
    return tuple(options), tuple(others)
