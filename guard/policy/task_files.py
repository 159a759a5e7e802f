"""What a runner of tasks will do: recipes of Makefiles, justfiles, Taskfiles, package.json, composer.json, tox and Gradle.

Each function answers with shell texts, the folder that they run in and where they stand, for the tasks that are asked for.
Only files inside the folder are read, and none is executed.
"""

from __future__ import annotations

import configparser
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from guard.policy.acts import positional
from guard.policy.words import ASSIGNMENT

_MOST_BYTES = 256 << 10
_MOST_FILES = 20
_VARIABLE = re.compile(r"\$[({]([\w.-]+)[)}]")
_SETS = re.compile(r"\A(?:export\s+|override\s+)*([\w.-]+)\s*(?:\?|:{0,3}|\+)=\s*(.*)\Z")
_RULE = re.compile(r"\A([^\s#:=][^:=#]*)::?(?!=)([^=]*)\Z")
_JUST_RULE = re.compile(r"\A@?([A-Za-z_][\w-]*)[^:=]*:(?!=)(.*)\Z")


class Recipe(NamedTuple):
    """A shell text that a task runs, the folder that it runs in, and where it was found."""

    text: str
    folder: Path
    where: str


def recipes(program: str, rest: list[str], cwd: Path, values: Mapping[str, str]) -> list[Recipe]:
    """What `program` does with these words; empty where that is not known. `values`: the environment's variables."""
    try:
        if program in ("make", "gmake"):
            return _make(rest, cwd, values)
        if program == "just":
            return _just(rest, cwd)
        if program in ("npm", "pnpm", "yarn", "bun"):
            return _package_json(program, rest, cwd)
        if program == "composer":
            return _composer(rest, cwd)
        if program == "tox":
            return _tox(rest, cwd)
        if program == "task":
            return _taskfile(rest, cwd)
        if program in ("gradle", "gradlew"):
            return _gradle(rest, cwd)
    except (ValueError, AttributeError, TypeError, RecursionError, configparser.Error):
        return []
    return []


def text_of(path: Path) -> str | None:
    """The text of a regular file of moderate size; None where it is none."""
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return None
        return path.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return None


def _after(rest: list[str], *options: str) -> str:
    """The value of the last of these options, given apart or grown together."""
    found = ""
    for position, word in enumerate(rest):
        if word in options and position + 1 < len(rest):
            found = rest[position + 1]
        for option in options:
            if word.startswith(f"{option}=") or (len(option) == 2 and word.startswith(option) and len(word) > 2):
                found = word[len(option) :].lstrip("=")
    return found


def _make(rest: list[str], cwd: Path, values: Mapping[str, str]) -> list[Recipe]:
    """The recipes of the targets that are asked for, and of those they need."""
    folder = cwd / _after(rest, "-C", "--directory")
    file = _after(rest, "-f", "--file", "--makefile")
    names = [file] if file else ["GNUmakefile", "makefile", "Makefile"]
    name = next((name for name in names if text_of(folder / name) is not None), None)
    if name is None:
        return []
    known = {"MAKE": "make", "CURDIR": str(folder), **values}
    rules: dict[str, tuple[list[str], list[str]]] = {}
    order: list[str] = []
    _makefile(folder / name, folder, known, rules, order, [])
    known.update((word.partition("=")[0], word.partition("=")[2]) for word in rest if ASSIGNMENT.match(word))
    wanted = [word for word in positional("make", rest) if word in rules] or [one for one in order if not one.startswith(".")][:1]
    found = []
    for target in _with_needs(wanted, rules):
        lines = [_expanded(line, known) for line in rules[target][1]]
        if lines:
            found.append(Recipe("\n".join(line.lstrip("@-+ ") for line in lines), folder, f"target {target}"))
    return found


def _makefile(
    path: Path, folder: Path, known: dict[str, str], rules: dict[str, tuple[list[str], list[str]]], order: list[str], seen: list[Path]
) -> None:
    text = text_of(path)
    if text is None or path in seen or len(seen) >= _MOST_FILES:
        return
    seen.append(path)
    current: list[str] = []
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        if line.startswith("\t"):
            for target in current:
                rules[target][1].append(line.strip())
            continue
        line = _expanded(line, known, unknown="")
        if include := re.match(r"\A\s*[-s]?include\s+(.*)", line):
            for name in include.group(1).split("#")[0].split():
                for one in sorted(folder.glob(name)) if "*" in name and not name.startswith("/") else [folder / name]:
                    _makefile(one, folder, known, rules, order, seen)
        elif sets := _SETS.match(line.strip()):
            known[sets.group(1)] = sets.group(2).split(" #")[0].strip()
        elif match := _RULE.match(line):
            needs, semicolon, recipe = match.group(2).partition(";")
            current = match.group(1).split()
            order += current
            for target in current:
                of_target = rules.setdefault(target, ([], []))
                of_target[0].extend(needs.split("#")[0].replace("|", " ").split())
                if semicolon:
                    of_target[1].append(recipe.strip())
        elif line.strip() and not line.startswith(("#", " ")):
            current = []


def _expanded(line: str, known: Mapping[str, str], unknown: str | None = None) -> str:
    """The line with make's variables as far as they are known, and `$$` as the shell will see it."""
    for _ in range(4):
        once = _VARIABLE.sub(lambda match: known.get(match.group(1), match.group(0) if unknown is None else unknown), line)
        if once == line or len(once) > 1 << 16:
            break
        line = once
    return line.replace("$$", "$")


def _with_needs(wanted: list[str], rules: Mapping[str, tuple[list[str], list[str]]]) -> list[str]:
    left = list(reversed(wanted))
    seen: list[str] = []
    while left:
        target = left.pop()
        if target in rules and target not in seen:
            seen.append(target)
            left += rules[target][0]
    return seen


def _just(rest: list[str], cwd: Path) -> list[Recipe]:
    folder = cwd / _after(rest, "-d", "--working-directory")
    file = _after(rest, "-f", "--justfile")
    names = [file] if file else ["justfile", "Justfile", ".justfile"]
    text = next((found for name in names if (found := text_of(folder / name)) is not None), None)
    if text is None:
        return []
    rules: dict[str, tuple[list[str], list[str]]] = {}
    order: list[str] = []
    current = ""
    for line in text.splitlines():
        if line[:1] in (" ", "\t"):
            if current:
                rules[current][1].append(line.strip().lstrip("@-"))
        elif match := _JUST_RULE.match(line):
            current = match.group(1)
            order.append(current)
            rules[current] = (re.findall(r"[\w-]+", match.group(2).split("#")[0]), [])
        elif line.strip() and not line.startswith("#"):
            current = ""
    wanted = [word for word in rest if word in rules] or order[:1]
    return [
        Recipe("\n".join(re.sub(r"\{\{.*?\}\}", "x", line) for line in rules[target][1]), folder, f"recipe {target}")
        for target in _with_needs(wanted, rules)
    ]


def _package_json(program: str, rest: list[str], cwd: Path) -> list[Recipe]:
    folder = cwd / _after(rest, "--prefix", "-C", "--dir", "--cwd")
    scripts = json.loads(text_of(folder / "package.json") or "{}").get("scripts") or {}
    words = positional(program, rest)
    names = words[1:2] if words[:1] in (["run"], ["run-script"]) else words[:1]
    names = ["test" if name in ("t", "tst") else name for name in names]
    # A bare install runs the hooks of the project itself.
    hooks = ("preinstall", "install", "postinstall", "prepare") if names and names[0] in ("ci", "install", "i") else ()
    asked = [f"{hook}{name}" for name in names for hook in ("pre", "", "post")]
    return [
        Recipe(scripts[name], folder, f"{program} script {name}")
        for name in (*asked, *hooks)
        if isinstance(scripts.get(name), str)
    ]


def _composer(rest: list[str], cwd: Path) -> list[Recipe]:
    scripts = json.loads(text_of(cwd / "composer.json") or "{}").get("scripts") or {}
    words = [word for word in positional("composer", rest) if word not in ("run", "run-script")]
    found: list[Recipe] = []
    left, seen = words[:1], set[str]()
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        lines = scripts.get(name, [])
        for line in [lines] if isinstance(lines, str) else lines:
            if line.startswith("@"):
                left.append(line[1:].split()[0])
            else:
                found.append(Recipe(line, cwd, f"composer script {name}"))
    return found


def _tox(rest: list[str], cwd: Path) -> list[Recipe]:
    config = configparser.ConfigParser(interpolation=None, strict=False)
    config.read_string(text_of(cwd / "tox.ini") or "")
    environments = [name for name in _after(rest, "-e", "--env").split(",") if name]
    sections = ["testenv", *(f"testenv:{name}" for name in environments)]
    return [
        Recipe(re.sub(r"\{[^}\n]*\}", "x", config[section][key]), cwd, f"tox {section}")
        for section in sections
        if config.has_section(section)
        for key in ("commands_pre", "commands", "commands_post")
        if config.has_option(section, key)
    ]


def _taskfile(rest: list[str], cwd: Path) -> list[Recipe]:
    text = next((read for name in ("Taskfile.yml", "Taskfile.yaml") if (read := text_of(cwd / name)) is not None), None)
    if text is None:
        return []
    import yaml

    try:
        tasks = yaml.safe_load(text)["tasks"]
    except (yaml.YAMLError, KeyError):
        return []
    left = [word for word in rest if word in tasks] or ["default"]
    seen: set[str] = set()
    found: list[Recipe] = []
    while left:
        name = left.pop()
        if name in seen or name not in tasks:
            continue
        seen.add(name)
        task = tasks[name]
        steps = task if isinstance(task, list) else [task] if isinstance(task, str) else [*(task.get("deps") or []), *(task.get("cmds") or [])]
        steps = [*steps, *([task["cmd"]] if isinstance(task, dict) and "cmd" in task else [])]
        for step in steps:
            if isinstance(step, dict):
                left += [step["task"]] if "task" in step else []
                step = step.get("cmd", "")
            elif isinstance(task, dict) and step in (task.get("deps") or []):
                left.append(step)
                continue
            if isinstance(step, str) and step:
                found.append(Recipe(re.sub(r"\{\{.*?\}\}", "x", step), cwd, f"task {name}"))
    return found


def _gradle(rest: list[str], cwd: Path) -> list[Recipe]:
    """The tasks that the named ones depend on, as a call of Gradle for them."""
    folder = cwd / _after(rest, "-p", "--project-dir")
    text = next((found for name in ("build.gradle", "build.gradle.kts") if (found := text_of(folder / name)) is not None), "")
    tasks: list[str] = []
    left = [word.rsplit(":", 1)[-1] for word in rest if not word.startswith("-")]
    seen: set[str] = set()
    while left:
        name = left.pop()
        if name in seen or not name:
            continue
        seen.add(name)
        for match in re.finditer(rf"[\"'( ]{re.escape(name)}[\"')]?[^\n]*", text):
            block = text[match.start() : match.end() + 2000]
            block = block[: end.start()] if (end := re.search(r"\n\}", block)) else match.group(0)
            for needs in re.findall(r"(?:dependsOn|finalizedBy)[ (]([^\n)]*)", block):
                left += [one.rsplit(":", 1)[-1] for one in re.findall(r"[\"']([\w:.-]+)[\"']", needs)]
        tasks.append(name)
    asked = {word.rsplit(":", 1)[-1] for word in rest}
    needed = [task for task in tasks if task not in asked]
    return [Recipe("gradle " + " ".join(needed), Path(os.devnull), "what the task depends on")] if needed else []
