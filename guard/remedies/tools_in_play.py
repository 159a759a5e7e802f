"""Which programs a command runs: by argv, by its script, and by the file that npm, make or a shell would read."""

from __future__ import annotations

import json
import re
import shlex
from functools import lru_cache
from pathlib import Path, PurePath

from guard.types import Command

_WORD = re.compile(r"[^\s;&|(){}<>`\"'$=]+")
_MOST = 1 << 18
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ash"})
_PACKAGE_RUNNERS = frozenset({"npm", "yarn", "pnpm", "bun", "npx", "pnpx"})
_MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
_SUFFIXES = (".exe", ".cmd", ".bat", ".js", ".mjs", ".cjs")


def typed(command: Command) -> str:
    """What the user typed: the script's text, else argv as a shell would quote it."""
    return command.script if command.script is not None else shlex.join(command.argv)


def script_text(command: Command) -> str:
    """The text that a shell reads and that no argv holds as words: of `-c`, `--script` or `sh -c TEXT`; "" if none."""
    argv = command.argv
    if command.script is not None and (command.script in argv or not argv):
        return command.script
    if command.script_file is not None:
        return read(Path(command.cwd) / command.script_file)
    # An earlier attempt's change may have made the text that is run another one than the user's.
    if argv and PurePath(argv[0]).name in _SHELLS:
        for position, word in enumerate(argv[1:-1], 1):
            if re.fullmatch(r"-[a-zA-Z]*c", word):
                return argv[position + 1]
    return command.script or ""


def files_text(command: Command) -> str:
    """The text of what the command hands over to: files named in it, `scripts` of package.json, the Makefile.

    Read for asking, not for proof: at most 256 KiB a file, nothing outside the working directory.
    """
    return _files_text(typed(command), command.cwd, command.script_file or "")


@lru_cache(maxsize=16)
def _files_text(text: str, cwd: str, script_file: str) -> str:
    words = _WORD.findall(text)
    parts = [read(Path(cwd) / script_file)] if script_file else []
    parts += [read(Path(cwd) / word) for word in dict.fromkeys(words) if _own_file(cwd, word)]
    names = {PurePath(word).name for word in _WORD.findall("\n".join((text, *parts)))}
    if names & _PACKAGE_RUNNERS:
        parts += package_scripts(cwd, names)
    if names & {"make", "gmake"}:
        parts += [read(Path(cwd) / name) for name in _MAKEFILES]
    return "\n".join(part for part in parts if part)


def programs(command: Command) -> frozenset[str]:
    """Base names of all words that could be programs, there and one step behind; too many rather than too few."""
    names = set()
    for word in _WORD.findall(f"{typed(command)}\n{files_text(command)}"):
        name = PurePath(word).name
        for suffix in _SUFFIXES:
            name = name.removesuffix(suffix)
        names.add(name)
    return frozenset(names)


def package_scripts(cwd: str, names: set[str] | frozenset[str]) -> list[str]:
    """The scripts of package.json that are named in `names`, and those that these run in turn (`npm run other`)."""
    try:
        scripts = json.loads(read(Path(cwd) / "package.json") or "{}").get("scripts", {})
    except (ValueError, AttributeError, RecursionError):
        return []
    if not isinstance(scripts, dict):
        return []
    found: dict[str, str] = {}
    wanted = set(names)
    # `npm start` and `npm t` name theirs; a pre- or post-script runs unnamed.
    wanted |= {"test"} if names & {"t", "tst"} else set()
    while True:
        new = {
            name: text
            for name, text in scripts.items()
            if isinstance(text, str)
            and name not in found
            and (name in wanted or any(name == f"{hook}{one}" for hook in ("pre", "post") for one in found))
        }
        if not new:
            return list(found.values())
        found |= new
        for text in new.values():
            wanted |= set(_WORD.findall(text))


def read(path: Path) -> str:
    """The beginning of a regular file as text; "" where there is none or it is not text."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            data = file.read(_MOST)
    except (OSError, ValueError):
        return ""
    return "" if b"\0" in data[:4096] else data.decode("utf-8", "replace")


def _own_file(cwd: str, word: str) -> bool:
    try:
        path = (Path(cwd) / word).resolve()
        return Path(cwd).resolve() in path.parents and path.is_file()
    except (OSError, ValueError, RuntimeError):
        return False
