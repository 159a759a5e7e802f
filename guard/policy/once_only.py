"""Commands that must not run twice: publish, deploy, push, apply, release, migrate.

A second run of one of these after a first that half succeeded can do harm that no retry mends. They are looked
for in argv, in `-c` text, in what a shell is fed, in script files (of shells and of other languages) and task files
of the workspace that the command names, and behind programs that run another one. A command that is refused a
retry wrongly costs one heal; one that is repeated wrongly may cost a release: where both are possible, it is refused.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from guard.policy import other_code
from guard.policy.acting_commands import SCRIPT_RUNNERS, SHELLS, SUBCOMMANDS, TASK_RUNNERS
from guard.policy.acting_flags import SAYING, SQL_CLIENTS
from guard.policy.acts import KNOWN, acts, by_name, is_dry, positional, writes_sql
from guard.policy.task_files import recipes, text_of
from guard.policy.words import Spoken, commands, unwrapped
from guard.types import Command

_DEPTH = 7
_MOST_TEXTS = 400
_INTERPRETERS = re.compile(r"\A(?:python[\d.]*|pypy3?|py|node|nodejs|deno|bun|ruby|perl|php|groovy|ts-node|tsx)\Z")
_CODE = frozenset({"-c", "-e", "-r", "--eval", "-p", "-E", "--execute"})
_CODE_FILES = (".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".pl", ".php", ".groovy")
_RUNS_OTHERS = frozenset({"poetry", "uv", "pdm", "hatch", "rye", "conda", "mise", "direnv", "bundle", "pipenv", "asdf"})
_TARGETS = frozenset({"cmake", "ninja", "msbuild", "bazel", "sbt", "ant", "rake", "fastlane", "invoke", "inv"})
_TEST = re.compile(r"(?:\A|[_.\-/])tests?(?:[_.\-/]|\Z)|\Aconftest|\.spec\.", re.IGNORECASE)


def once_only(command: Command) -> str | None:
    """What in the command must not run twice, as words for the user; None when nothing was found."""
    cwd = Path(command.cwd)
    search = _Search(cwd, cwd, command.env)
    if command.script is not None:
        return search.text(command.script)
    if command.script_file is not None:
        return search.file(cwd / command.script_file)
    return search.words(unwrapped(list(command.argv)))


@dataclass(frozen=True)
class _Search:
    """Where a command stands that is looked at: its folder, the folder of the file it is in, what variables are worth."""

    cwd: Path
    beside: Path
    values: Mapping[str, str]
    depth: int = 0
    read: list[object] = field(default_factory=list)
    """Every text and file that was looked at, so that what calls itself ends."""

    def text(self, text: str) -> str | None:
        """A shell text, command by command; `cd` is followed."""
        if self.depth > _DEPTH or len(self.read) > _MOST_TEXTS:
            return None
        self.read.append(None)
        here = replace(self, depth=self.depth + 1)
        for spoken in commands(text, self.values):
            if spoken.words[:1] in (["cd"], ["pushd"]) and len(spoken.words) > 1:
                folder = here.place(spoken.words[-1])
                here = replace(here, cwd=folder) if folder.is_dir() else here
            elif found := here.words(spoken.words) or here.fed(spoken):
                return found
        return None

    def place(self, word: str) -> Path:
        """The file or folder that a word names; beside the script where its beginning is not known (`"$HERE/x"`)."""
        if "$" in word and "/" in word:
            rest = word.rsplit("$", 1)[-1].partition("/")[2]
            return next((place for place in (self.beside / rest, self.cwd / rest) if rest and place.exists()), self.cwd / word)
        try:
            return self.cwd / word
        except ValueError:
            return self.cwd

    def fed(self, spoken: Spoken) -> str | None:
        """What a shell, an interpreter or a database is given on its standard input."""
        program = os.path.basename(spoken.words[0]) if spoken.words else ""
        text = spoken.fed or (text_of(self.place(spoken.reads)) or "" if spoken.reads else "")
        if program in SHELLS and not positional("", spoken.words[1:]):
            return self.text(text)
        if program in SQL_CLIENTS:
            if spoken.reads and not text:
                return f"{program} < {spoken.reads}"
            return f"{program} {verb}" if (verb := writes_sql(text)) else None
        return self.code(text) if text and _INTERPRETERS.match(program) else None

    def words(self, words: list[str]) -> str | None:
        """One command by its words."""
        if not words or self.depth > _DEPTH:
            return None
        program = os.path.basename(words[0])
        program = re.sub(r"(?:\.exe|\.cmd|w)?\Z", "", program) if program.endswith((".exe", ".cmd")) else program
        rest = words[1:]
        if program == "eval":
            return replace(self, depth=self.depth + 1).text(" ".join(rest))
        if program in ("source", ".") and rest:
            return _first([by_name("", [os.path.basename(rest[0])]), self.file(self.place(rest[0]))])
        if program in _RUNS_OTHERS and rest[:1] in (["run"], ["exec"]):
            return replace(self, depth=self.depth + 1).words(unwrapped(rest[1:]))
        if program in SHELLS:
            return self.shell(rest)
        if _INTERPRETERS.match(program) and rest[:1] != ["run"]:
            return self.interpreted(rest)
        if is_dry(program, rest):
            return None
        found = acts(program, rest) or self.tasks(program, rest)
        if found or program in SAYING:
            return found
        if "/" in words[0] or words[0].endswith((".sh", ".bash", ".py")):
            found = _first([by_name("", [os.path.basename(words[0])]), self.file(self.place(words[0]))])
        return found or self.behind(program, rest)

    def tasks(self, program: str, rest: list[str]) -> str | None:
        """What targets, tasks and scripts do: by their own names, and by their recipes."""
        if program not in (*TASK_RUNNERS, *SCRIPT_RUNNERS, *_TARGETS, "gradle", "gradlew"):
            return None
        if program == "cmake":
            rest = [word for position, word in enumerate(rest) if position and rest[position - 1] in ("--target", "-t")]
        named = None if program in ("gradle", "gradlew", "sbt", "bazel") else by_name(program, positional(program, rest))
        return named or _first(
            f"{found} ({recipe.where})"
            for recipe in recipes(program, rest, self.cwd, self.values)
            if (found := replace(self, cwd=recipe.folder, beside=recipe.folder).text(recipe.text))
        )

    def behind(self, program: str, rest: list[str]) -> str | None:
        """A command that another one runs: `flock FILE twine upload`, `docker run IMAGE terraform apply`."""
        if program in KNOWN and program not in ("docker", "podman", "kubectl", "oc", "nx"):
            return None
        if program in ("docker", "podman") and not {"run", "exec"} & set(rest[:3]):
            return None
        if program in ("kubectl", "oc") and "--" not in rest:
            return None
        for position, word in enumerate(rest):
            name = os.path.basename(word)
            runs = name in KNOWN or name in SHELLS or name in ("make", "npm", "yarn", "pnpm")
            if runs and (found := replace(self, depth=self.depth + 1).words(rest[position:])):
                return found
        return None

    def shell(self, rest: list[str]) -> str | None:
        """What a shell is told by its arguments."""
        for position, word in enumerate(rest):
            if re.match(r"\A-[a-z]*c[a-z]*\Z", word):
                return replace(self, depth=self.depth + 1).text(rest[position + 1]) if position + 1 < len(rest) else None
            if not word.startswith(("-", "+")):
                if position and rest[position - 1] in ("-o", "-eo", "-euo", "+o", "-O", "--rcfile", "--init-file"):
                    continue
                return _first([by_name("", [os.path.basename(word)]), self.file(self.place(word))])
        return None

    def interpreted(self, rest: list[str]) -> str | None:
        """What an interpreter is told: a module, code in its arguments, a script."""
        deeper = replace(self, depth=self.depth + 1)
        for position, word in enumerate(rest):
            following = rest[position + 1] if position + 1 < len(rest) else ""
            if word == "-m":
                return deeper.words(rest[position + 1 :])
            if word in _CODE:
                return self.code(following)
            if not word.startswith("-"):
                name = os.path.basename(word)
                if name in SUBCOMMANDS:
                    return deeper.words([name, *rest[position + 1 :]])
                return _first([by_name("", [name]), self.file(self.place(word))])
        return None

    def file(self, path: Path) -> str | None:
        """A script file, in whatever language it is."""
        text = text_of(path)
        if text is None or self.depth >= _DEPTH or path in self.read:
            return None
        self.read.append(path)
        first = text.partition("\n")[0]
        inside = replace(self, depth=self.depth + 1, beside=path.parent)
        if re.search(r"\b(?:ba|da|z|k|a)?sh\b", first) if first.startswith("#!") else path.suffix in (".sh", ".bash", ""):
            found = inside.text(text)
        elif (first.startswith("#!") or path.suffix in _CODE_FILES) and not _TEST.search(path.name):
            found = inside.code(text)
        else:
            return None
        return f"{found} (in {path.name})" if found else None

    def code(self, code: str) -> str | None:
        """Code of another language: what it starts, and what it sends."""
        deeper = replace(self, depth=self.depth + 1)
        return _first(
            (
                *(deeper.words(unwrapped(one)) if isinstance(one, list) else deeper.text(one) for one in other_code.texts(code)),
                other_code.writes_by_http(code),
            )
        )


def _first(answers: Iterable[str | None]) -> str | None:
    return next((answer for answer in answers if answer), None)
