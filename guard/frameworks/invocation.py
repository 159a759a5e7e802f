"""Finds the test framework's own words in what the user ran, and writes them anew: one command, or nothing."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from guard.frameworks.output import folder, read, read_object
from guard.frameworks.shell_words import assignment, single_command
from guard.types import Outcome

_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ash"})
# Programs that run the words after them as they stand, with the options that take no value.
_WRAPPERS: Mapping[tuple[str, ...], frozenset[str]] = {
    ("env",): frozenset(),
    ("cross-env",): frozenset(),
    ("time",): frozenset({"-p"}),
    ("command",): frozenset(),
    ("exec",): frozenset(),
    ("nice",): frozenset(),
    ("xvfb-run",): frozenset({"-a", "--auto-servernum"}),
    ("npx",): frozenset({"--no-install", "--no", "--yes", "-y"}),
    ("bunx",): frozenset({"--bun"}),
    ("pnpm", "exec"): frozenset(),
    ("poetry", "run"): frozenset(),
    ("bundle", "exec"): frozenset(),
    ("uv", "run"): frozenset({"--frozen", "--locked", "--no-sync"}),
}
_MANAGERS = frozenset({"npm", "yarn", "pnpm", "bun"})
_NODE_FRAMEWORKS = frozenset({"jest", "vitest", "mocha", "_mocha"})
_PYTHON = re.compile(r"^(python|pypy)(\d+(\.\d+)?)?(\.exe)?$")
_PYTHON_FLAGS = re.compile(r"^-[bBdEiIOPqsSuv]+$")


@dataclass(frozen=True)
class Invocation:
    """How the framework was started, and how arguments reach it."""

    words: tuple[str, ...]
    """The framework's own words, its program first; () behind make, tox and nox."""
    through: str = ""
    """Empty: the words stand in the command; else npm, yarn, pnpm, bun, make, tox or nox."""
    text: str = ""
    """What make, tox or nox read: Makefile, tox.ini, noxfile.py."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Variables set in front of the words."""
    argv: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    script_at: int | None = None

    outer: tuple[str, ...] = ()
    """The words of npm, make and their like, where the framework stands behind them."""

    def with_words(self, words: tuple[str, ...]) -> tuple[str, ...] | None:
        """The argv that runs `words` instead; None where they do not stand in the command."""
        return None if self.through else self._rebuilt(words)

    def with_more(self, more: tuple[str, ...]) -> tuple[str, ...] | None:
        """The argv in which `more` follows the framework's own words; None where nothing can be added."""
        if not self.through:
            return self._rebuilt((*self.words, *more))
        if self.through not in _MANAGERS:
            return None
        # npm alone keeps options for itself; the others hand on all that follows the script's name.
        dashes = ("--",) if self.through == "npm" and "--" not in self.outer else ()
        return self._rebuilt((*self.outer, *dashes, *more))

    def _rebuilt(self, words: tuple[str, ...]) -> tuple[str, ...]:
        whole = (*self.before, *words)
        if self.script_at is None:
            return whole
        # Assignments in front stay the shell's; all else is quoted for it.
        count = 0
        while count < len(self.before) and assignment(self.before[count]):
            count += 1
        pairs = (word.partition("=") for word in whole[:count])
        head = [f"{name}={shlex.quote(value)}" for name, _, value in pairs]
        changed = list(self.argv)
        changed[self.script_at] = " ".join([*head, shlex.join(whole[count:])])
        return tuple(changed)


def find(outcome: Outcome) -> Invocation | str:
    """The one command that the attempt ran, unwrapped; else why a narrowed run cannot be made of it."""
    command = outcome.command
    if command.script_file is not None:
        return "a script file may do more than run the tests"
    script_at: int | None = None
    words = command.argv
    text = command.script if command.script is not None else _script_of(words)
    if text is not None:
        if text not in words:
            return "the script is not part of the command line"
        script_at = words.index(text)
        found = single_command(text)
        if found is None:
            return "the script is more than one plain command"
        words = found
    return _unwrap(words, command.argv, script_at, folder(outcome), command.env)


def program(words: tuple[str, ...]) -> str:
    """The name of the program without its folder and extension."""
    name = re.split(r"[/\\]", words[0])[-1] if words else ""
    # `npx jest@29` runs that version of jest.
    return re.sub(r"(?<=.)@.*$", "", re.sub(r"\.(exe|cmd|bat|js|mjs|cjs)$", "", name))


def module_arguments(words: tuple[str, ...], module: str) -> int | None:
    """Where the arguments of `python -m module` begin in `words`; None where that is not what runs."""
    at = python_arguments(words)
    if at is None or words[at : at + 2] != ("-m", module):
        return None
    return at + 2


def python_arguments(words: tuple[str, ...]) -> int | None:
    """Where what Python runs begins in `words` (`-m`, a file), its own flags passed over; None: not Python."""
    if not words or not _PYTHON.match(re.split(r"[/\\]", words[0])[-1]):
        return None
    at = 1
    while at < len(words):
        if words[at] in {"-W", "-X"}:
            at += 2
        elif _PYTHON_FLAGS.match(words[at]) or words[at].startswith(("-W", "-X")):
            at += 1
        else:
            return at
    return None


def _script_of(words: tuple[str, ...]) -> str | None:
    """The text of `sh -c 'text'` (options without a login shell), nothing behind it."""
    if program(words) not in _SHELLS or len(words) < 3:
        return None
    middle = words[1:-2]
    last = words[-2]
    if not re.match(r"^-[euxo]*c$", last) and last not in {"-c", "pipefail"}:
        return None
    if last == "pipefail":
        return words[-1] if any(re.match(r"^-[eux]*c?o$|^-[eux]*oc?$", word) for word in middle) else None
    plain = {"--noprofile", "--norc", "pipefail"}
    if all(word in plain or re.match(r"^-[euxo]+$", word) for word in middle):
        return words[-1]
    return None


def _unwrap(
    words: tuple[str, ...],
    argv: tuple[str, ...],
    script_at: int | None,
    cwd: Path,
    env: Mapping[str, str],
) -> Invocation | str:
    at = 0
    own: dict[str, str] = {}
    while at < len(words):
        word = words[at]
        if assignment(word) and (at > 0 or script_at is not None):
            name, _, value = word.partition("=")
            own[name] = value
            at += 1
            continue
        step = _wrapper(words[at:])
        if step == 0:
            break
        at += step
    rest = words[at:]
    if not rest:
        return "no command of a test framework was found"
    made = Invocation(rest, env=own, argv=argv, before=words[:at], script_at=script_at)
    name = program(rest)
    if name in _MANAGERS:
        return _package_script(made, name, cwd)
    if name in {"make", "gmake"}:
        return _make(made, cwd)
    if name in {"tox", "nox"} or module_arguments(rest, "tox") or module_arguments(rest, "nox"):
        return _session(made, "tox" if "tox" in (name, *rest[1:4]) else "nox", cwd)
    return made


def _wrapper(words: tuple[str, ...]) -> int:
    """How many words a program that only runs what follows takes up; 0: it is none."""
    if program(words) == "node":
        # `node --experimental-vm-modules node_modules/jest/bin/jest.js`
        at = next((number for number, word in enumerate(words) if number and not word.startswith("--")), 0)
        return at if program(words[at:]) in _NODE_FRAMEWORKS and "/" in words[at] else 0
    for names, flags in _WRAPPERS.items():
        if (program(words), *words[1 : len(names)]) == names:
            at = len(names)
            while at < len(words) and words[at] in flags:
                at += 1
            return at if at < len(words) and not words[at].startswith("-") else 0
    if program(words) == "timeout" and len(words) > 2 and re.match(r"^\d+[smh]?$", words[1]):
        return 2
    return 0


def _package_script(made: Invocation, manager: str, cwd: Path) -> Invocation | str:
    rest = list(made.words[1:])
    while rest and rest[0] in {"-s", "--silent", "-q", "--quiet"}:
        rest.pop(0)
    if any(
        word.split("=")[0]
        in {"-w", "--workspace", "--workspaces", "-ws", "--prefix", "-C", "-r", "--filter", "-F", "--cwd"}
        for word in rest
    ):
        return f"{manager} runs the tests of another folder"
    if rest and rest[0] in {"run", "run-script", "rum", "urn"}:
        rest.pop(0)
        while rest and rest[0] in {"-s", "--silent"}:
            rest.pop(0)
    elif rest and manager == "npm":
        if rest[0] not in {"test", "t", "tst"}:
            return "npm does not run a script here"
        rest[0] = "test"
    elif rest and rest[0] == "t" and manager == "pnpm":
        rest[0] = "test"
    if not rest or rest[0].startswith("-"):
        return f"{manager} names no script"
    name = rest.pop(0)
    scripts = _scripts(cwd)
    if scripts is None:
        return "no package.json that could be read"
    if name not in scripts:
        if manager in {"yarn", "pnpm"}:
            # `yarn NAME` runs the program of that name where no script has it.
            return Invocation(
                (name, *rest),
                env=made.env,
                argv=made.argv,
                before=(*made.before, *made.words[: len(made.words) - len(rest) - 1]),
                script_at=made.script_at,
            )
        return f"package.json has no script {name!r}"
    words = single_command(scripts[name])
    if words is None:
        return f"the script {name!r} of package.json is more than one plain command"
    inner = _unwrap(words, words, 0, cwd, {})
    if isinstance(inner, str):
        return inner
    if inner.through:
        return f"the script {name!r} of package.json hands on to another tool"
    passed = (
        rest[rest.index("--") + 1 :]
        if "--" in rest
        else [w for w in rest if manager != "npm" or not w.startswith("-")]
    )
    return Invocation(
        (*inner.words, *passed),
        through=manager,
        env={**made.env, **inner.env},
        argv=made.argv,
        before=made.before,
        script_at=made.script_at,
        outer=made.words,
    )


def _scripts(cwd: Path) -> Mapping[str, str] | None:
    package = read_object(cwd / "package.json")
    scripts = package.get("scripts", {}) if package is not None else None
    if not isinstance(scripts, dict):
        return None
    return {str(key): value for key, value in scripts.items() if isinstance(value, str)}


def _make(made: Invocation, cwd: Path) -> Invocation | str:
    for word in made.words[1:]:
        if word.startswith("-") and not re.match(
            r"^(-s|--silent|--quiet|-j\d*|--no-print-directory|--jobs=\d+)$", word
        ):
            return f"make's option {word} may leave tests out"
    for name in ("GNUmakefile", "makefile", "Makefile"):
        text = read(cwd / name)
        if text is not None:
            return Invocation(
                (),
                "make",
                text.replace("\\\n", " "),
                made.env,
                made.argv,
                made.before,
                made.script_at,
                made.words,
            )
    return "no Makefile that could be read"


def _session(made: Invocation, tool: str, cwd: Path) -> Invocation | str:
    names = ("tox.ini", "setup.cfg", "tox.toml", "pyproject.toml") if tool == "tox" else ("noxfile.py",)
    text = next(
        (found for name in names if (found := read(cwd / name)) and (tool in found or name == "tox.ini")),
        None,
    )
    if text is None:
        return f"no configuration of {tool} that could be read"
    return Invocation((), tool, text.replace("\\\n", " "), made.env, made.argv, made.before, made.script_at)


def plain_mention(found: Invocation, pattern: str) -> str:
    """Why the lines that run `pattern` in a Makefile, tox.ini or noxfile are not plain; empty where they are.

    A run whose output is redirected or excused would not show in the log, which all else is judged by.
    """
    mentions = [
        line.strip()
        for line in found.text.splitlines()
        if re.search(pattern, line) and not line.lstrip().startswith(("#", ";"))
    ]
    if not mentions:
        return "its configuration does not name the test framework"
    if found.through == "nox" and re.search(r"\bsilent\b|\bstdout\b", found.text):
        return "the noxfile hides the output of what it runs"
    # Neither tox nor nox runs a shell. A version (`pytest>=8`) is no redirection.
    if found.through == "make" and any(re.search(r"[|&]|>(?!=)|^[@+]*-", line) for line in mentions):
        return "the line that runs the tests does more than that"
    return ""


def ends_target(found: Invocation, pattern: str) -> bool:
    """Whether `pattern` is in the last line, and only there, of the recipe of the one target that was asked for.

    Then nothing that the failure had kept from running can be narrowed along with it.
    """
    asked = [word for word in found.outer[1:] if not word.startswith("-") and not assignment(word)]
    listing = found.text.splitlines()
    rules: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in listing:
        if line.startswith("\t"):
            if current is not None and line.strip() and not line.strip().startswith("#"):
                current.append(line.strip())
            continue
        match = re.match(r"^([\w./-]+)\s*:(?![=:])", line)
        if match:
            name = match.group(1)
            if name in rules and name != ".PHONY":
                return False
            current = rules.setdefault(name, [])
        elif line.strip() and not line.startswith("#"):
            current = None
    first = next((name for name in rules if not name.startswith(".")), "")
    recipe = rules.get(asked[0] if asked else first, [])
    runs = [number for number, line in enumerate(recipe) if re.search(pattern, line)]
    return len(asked) <= 1 and len(runs) == 1 and runs[0] == len(recipe) - 1
