"""Where tools keep caches by their own rules: environment, settings files, the user's cache folder."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from guard.types import Command, Surroundings

# The options with which a command names its tool's cache itself.
_OPTIONS: dict[str, tuple[str, ...]] = {
    "npm": ("--cache",),
    "cargo_target": ("--target-dir",),
    "pip": ("--cache-dir",),
    "uv": ("--cache-dir",),
    "yarn": ("--cache-folder",),
    "pnpm": ("--store-dir",),
    "maven": ("-Dmaven.repo.local",),
    "bazel": ("--output_user_root",),
    "coursier": ("-Dcoursier.cache",),
    "gradle": ("--gradle-user-home", "-g", "-Dgradle.user.home"),
}
_VARIABLE = re.compile(r"\$\{(?:env\.)?(\w[\w.]*)\}|\$(\w+)")
_ASSIGNED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=[^\s$`]+\Z")
_LARGEST = 1 << 20


def named_by(tool: str, command: Command) -> tuple[Path, ...]:
    """The cache that the command's own words name for this tool; () when they name none."""
    found = option_values(_words(command), _OPTIONS.get(tool, ()))
    return tuple(path for value in found for path in (absolute(value, command.cwd, command.env),) if path is not None)


def assigned(command: Command) -> dict[str, str]:
    """The variables that the command sets for its tools itself: `CARGO_HOME=x cargo build`, `export GOMODCACHE=x`."""
    pairs = (word.partition("=") for word in _words(command) if _ASSIGNED.match(word))
    return {name: value for name, _, value in pairs}


def _words(command: Command) -> list[str]:
    """argv, and the words of the texts in it that a shell reads."""
    words = list(command.argv)
    for text in (*(word for word in command.argv if " " in word or "\n" in word), command.script or ""):
        reader = shlex.shlex(text, posix=True, punctuation_chars=";&|()<>")
        reader.whitespace_split = True
        try:
            words += list(reader)
        except ValueError:
            words += text.split()
    return words


def option_values(words: Iterable[str], options: tuple[str, ...]) -> tuple[str, ...]:
    """The values of the options in argv, as `--opt value` and `--opt=value`."""
    found = []
    before = ""
    for word in words:
        if before in options and not before.startswith("-D"):
            found.append(word)
        name, sign, value = word.partition("=")
        if sign and name in options:
            found.append(value)
        before = word
    return tuple(found)


def absolute(value: str, cwd: str, env: Mapping[str, str], home: str = "") -> Path | None:
    """The path that a setting means, made absolute; None for an empty one or one with an unknown variable."""
    home = home or env.get("HOME", "")
    known = {**env, "user.home": home, "HOME": home}
    missing = False

    def fill(match: re.Match[str]) -> str:
        nonlocal missing
        name = match.group(1) or match.group(2)
        missing = missing or not known.get(name)
        return known.get(name, "")

    value = _VARIABLE.sub(fill, value.strip().strip("'\""))
    if not value or missing or "\0" in value:
        return None
    if value == "~" or value.startswith("~/"):
        value = home + value[1:]
    return Path(cwd) / value


def from_env(surroundings: Surroundings, *variables: str) -> tuple[Path, ...]:
    """The first of the variables that is set and not empty, as a path."""
    for variable in variables:
        value = surroundings.env.get(variable)
        if value:
            path = absolute(value, surroundings.cwd, surroundings.env, surroundings.home)
            return (path,) if path is not None else ()
    return ()


def user_cache(surroundings: Surroundings) -> Path:
    """The user's cache folder: XDG_CACHE_HOME, else ~/.cache (~/Library/Caches on macOS)."""
    given = surroundings.env.get("XDG_CACHE_HOME", "")
    if given.startswith("/"):
        return Path(given)
    home = Path(surroundings.home or "/nonexistent")
    return home / "Library/Caches" if surroundings.system == "darwin" else home / ".cache"


def read(path: Path) -> str:
    """The text of a settings file of at most 1 MiB; "" for what is none or cannot be read."""
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return ""
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def key_value(text: str, key: str, section: str | None = None) -> str:
    """The value of `key = value`, `key: value` or `key "value"` in a settings file; the last one, "" when none.

    `section` limits it to that `[section]` of an INI or TOML file.
    """
    if section is not None:
        parts = re.split(r"(?m)^\s*\[([^\]\n]+)\]\s*$", text)
        text = "\n".join(body for name, body in zip(parts[1::2], parts[2::2], strict=False) if name.strip() == section)
    found = re.findall(rf"(?m)^[ \t]*[\"']?{re.escape(key)}[\"']?(?:[ \t]*[=:][ \t]*|[ \t]+)(\S[^\n]*?)[ \t\r]*$", text)
    return str(found[-1]).strip("'\"") if found else ""
