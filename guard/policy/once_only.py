"""Commands that must not run twice: publish, deploy, push, apply, release, migrate.

A second run of one of these after a first that half succeeded can do harm that no retry mends. They are looked
for in argv, in `-c` text, and in script files and task files of the workspace that the command names.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

from guard.policy.acting_commands import (
    ALWAYS,
    GRADLE_TASKS,
    HARMLESS_FLAGS,
    MAVEN_GOALS,
    READING,
    SCRIPT_RUNNERS,
    SHELLS,
    SUBCOMMANDS,
    TASK,
    TASK_HARMLESS,
    TASK_RUNNERS,
)
from guard.policy.words import commands, unwrapped
from guard.types import Command

_HTTP_WRITES = re.compile(r"\A(?:POST|PUT|PATCH|DELETE)\Z")
_MOST_BYTES = 256 << 10
_DEPTH = 3


def once_only(command: Command) -> str | None:
    """What in the command must not run twice, as words for the user; None when nothing was found."""
    if command.script is not None:
        return _in_text(command.script, Path(command.cwd), 0)
    if command.script_file is not None:
        return _in_file(Path(command.cwd) / command.script_file, Path(command.cwd), 0)
    return _in_words(unwrapped(list(command.argv)), Path(command.cwd), 0)


def _in_text(text: str, cwd: Path, depth: int) -> str | None:
    return _first(_in_words(words, cwd, depth) for words in commands(text))


def _in_words(words: list[str], cwd: Path, depth: int) -> str | None:
    if not words or depth > _DEPTH:
        return None
    program = os.path.basename(words[0])
    program = re.sub(r"(?:\.exe|\.cmd|w)?\Z", "", program) if program.endswith((".exe", ".cmd")) else program
    rest = words[1:]
    if program in ("python", "python3", "py", "php", "node", "ruby", "bundle", "pipenv") or re.match(r"python3?\.\d+\Z", program):
        return _interpreted(program, rest, cwd, depth)
    if program in ("poetry", "uv", "pdm", "hatch", "rye", "conda", "mise", "direnv") and rest[:1] in (["run"], ["exec"]):
        return _in_words(unwrapped(rest[1:]), cwd, depth + 1)
    if program in SHELLS:
        return _in_shell(rest, cwd, depth)
    # `-n` is a namespace to kubectl and helm; to git push, make and others it is the dry run.
    namespaced = program in ("curl", "kubectl") or (program == "helm" and "--dry-run" not in rest)
    if not HARMLESS_FLAGS.isdisjoint(rest) and not namespaced:
        return None
    if program in ("kubectl", "oc") and any(word.startswith("--dry-run") and word != "--dry-run=none" for word in rest):
        return None
    found = _acts(program, rest)
    if found:
        return found
    if program in ("make", "gmake"):
        return _first([_by_name(program, rest), _in_makefile(rest, cwd, depth)])
    if program in SCRIPT_RUNNERS:
        return _first([_by_name(program, rest), _in_package_json(program, rest, cwd, depth)])
    if program in TASK_RUNNERS:
        return _by_name(program, rest)
    if "/" in words[0] or words[0].endswith((".sh", ".bash", ".py")):
        return _first([_by_name("", [os.path.basename(words[0])]), _in_file(cwd / words[0], cwd, depth)])
    return None


def _acts(program: str, rest: list[str]) -> str | None:
    if program in ALWAYS:
        return program
    if program in ("mvn", "mvnw", "mvnd"):
        goal = next((word for word in rest if MAVEN_GOALS.match(word)), None)
        return f"{program} {goal}" if goal else None
    if program in ("gradle", "gradlew", "sbt"):
        task = next((word for word in rest if GRADLE_TASKS.search(word)), None)
        return f"{program} {task}" if task else None
    if (program == "docker" and "buildx" in rest) or (program == "docker" and "build" in rest):
        return f"{program} build --push" if "--push" in rest or any("type=registry" in word for word in rest) else None
    if program in ("scp", "rsync", "sftp", "lftp"):
        target = rest[-1] if rest else ""
        return f"{program} to {target.split(':')[0]}" if re.match(r"\A[\w.@-]+:", target) else None
    if program == "ssh":
        return "ssh (what it runs elsewhere is not known)" if len([w for w in rest if not w.startswith("-")]) > 1 else None
    if program in ("curl", "http", "https", "wget"):
        return _http(program, rest)
    if program in ("gh", "glab") and not READING.isdisjoint(rest[:2]):
        return None
    if program == "aws" and ("s3" in rest[:1] or "s3api" in rest[:1]):
        targets = [word for word in rest[1:] if not word.startswith("-")]
        return "aws s3 upload" if targets[-1:] and targets[-1].startswith("s3://") and targets[:1] != ["ls"] else None
    wanted = SUBCOMMANDS.get(program)
    if wanted:
        words = [word for word in rest if not word.startswith("-")][:4]
        if program in ("npm", "pnpm", "yarn", "bun") and words[:1] in (["run"], ["run-script"], ["exec"], ["dlx"]):
            return None
        sub = next((word for word in words if word in wanted), None)
        if sub and not (program in ("kubectl", "oc") and READING & set(words[1:])):
            return f"{program} {sub}"
    return None


def _http(program: str, rest: list[str]) -> str | None:
    for position, word in enumerate(rest):
        method = rest[position + 1] if word in ("-X", "--request", "--method") and position + 1 < len(rest) else ""
        method = method or (word[2:] if word.startswith("-X") else word.partition("=")[2] if word.startswith(("--request=", "--method=")) else "")
        if _HTTP_WRITES.match(method.upper()):
            return f"{program} {method.upper()}"
        if program in ("http", "https") and _HTTP_WRITES.match(word):
            return f"{program} {word}"
    if program == "curl" and any(word in ("-T", "--upload-file") for word in rest):
        return "curl upload"
    if program == "curl" and any(w.startswith(("-d", "--data", "-F", "--form", "--json")) for w in rest) and "-G" not in rest:
        return "curl POST"
    return None


def _interpreted(program: str, rest: list[str], cwd: Path, depth: int) -> str | None:
    if rest[:1] == ["-m"] and len(rest) > 1:
        return _in_words(rest[1:], cwd, depth + 1)
    if program in ("bundle", "pipenv") and rest[:1] in (["exec"], ["run"]):
        return _in_words(unwrapped(rest[1:]), cwd, depth + 1)
    script = next((word for word in rest if not word.startswith("-")), None)
    if script is None:
        return None
    name = os.path.basename(script)
    return _in_words([name, *rest[rest.index(script) + 1 :]], cwd, depth + 1) if name in SUBCOMMANDS else _by_name("", [name])


def _in_shell(rest: list[str], cwd: Path, depth: int) -> str | None:
    for position, word in enumerate(rest):
        if re.match(r"\A-[a-z]*c[a-z]*\Z", word):
            return _in_text(rest[position + 1], cwd, depth + 1) if position + 1 < len(rest) else None
        if not word.startswith(("-", "+")):
            if position and rest[position - 1] in ("-o", "-eo", "-euo", "+o"):
                continue
            return _first([_by_name("", [os.path.basename(word)]), _in_file(cwd / word, cwd, depth)])
    return None


def _by_name(program: str, words: list[str]) -> str | None:
    """A target, script or task whose own name says what it does."""
    for word in words:
        name = re.sub(r"\.(?:sh|bash|py|rb|js|ts|mjs)\Z", "", word)
        if not word.startswith("-") and "=" not in word and TASK.search(name) and not TASK_HARMLESS.search(name):
            return f"{program} {word}".strip()
    return None


def _in_file(path: Path, cwd: Path, depth: int) -> str | None:
    text = _text_of(path)
    if text is None or depth >= _DEPTH:
        return None
    first = text.partition("\n")[0]
    if first.startswith("#!") and not re.search(r"\b(?:ba|da|z|k|a)?sh\b", first):
        return None
    if not first.startswith("#!") and path.suffix not in (".sh", ".bash", ""):
        return None
    found = _in_text(text, cwd, depth + 1)
    return f"{found} (in {path.name})" if found else None


def _in_makefile(rest: list[str], cwd: Path, depth: int) -> str | None:
    """The recipes of the targets that `make` is asked for, and of those they need."""
    folder, file = cwd, None
    for position, word in enumerate(rest):
        if word in ("-C", "--directory") and position + 1 < len(rest):
            folder = cwd / rest[position + 1]
        elif word in ("-f", "--file", "--makefile") and position + 1 < len(rest):
            file = rest[position + 1]
    names = [file] if file else ["GNUmakefile", "makefile", "Makefile"]
    text = next((found for found in (_text_of(folder / name) for name in names) if found is not None), None)
    if text is None or depth >= _DEPTH:
        return None
    recipes: dict[str, tuple[list[str], list[str]]] = {}
    order: list[str] = []
    current: list[str] = []
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("\t"):
            for target in current:
                recipes[target][1].append(line.strip().lstrip("@-+"))
        elif match := re.match(r"\A([^\s#:=][^:=#]*)::?(?!=)([^=]*)\Z", line):
            current = match.group(1).split()
            order += current
            for target in current:
                recipes.setdefault(target, ([], []))[0].extend(match.group(2).split("#")[0].replace("|", " ").split())
        elif line.strip() and not line.startswith("#"):
            current = []
    wanted = [word for word in rest if word in recipes] or [t for t in order if not t.startswith(".")][:1]
    seen: set[str] = set()
    while wanted:
        target = wanted.pop()
        if target in seen or target not in recipes:
            continue
        seen.add(target)
        needs, lines = recipes[target]
        if found := _first(_in_text(line, folder, depth + 1) for line in lines if not line.startswith("$(MAKE)")):
            return f"{found} (target {target})"
        wanted += needs
    return None


def _in_package_json(program: str, rest: list[str], cwd: Path, depth: int) -> str | None:
    text = _text_of(cwd / "package.json")
    if text is None or depth >= _DEPTH:
        return None
    try:
        scripts = json.loads(text).get("scripts", {})
    except (ValueError, AttributeError, RecursionError):
        return None
    words = [word for word in rest if not word.startswith("-")]
    names = words[1:2] if words[:1] in (["run"], ["run-script"]) else words[:1]
    for name in names:
        for hook in (f"pre{name}", name, f"post{name}"):
            script = scripts.get(hook) if isinstance(scripts, dict) else None
            if isinstance(script, str) and (found := _in_text(script, cwd, depth + 1)):
                return f"{found} ({program} script {hook})"
    return None


def _text_of(path: Path) -> str | None:
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return None
        return path.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return None


def _first(answers: Iterable[str | None]) -> str | None:
    return next((answer for answer in answers if answer), None)
