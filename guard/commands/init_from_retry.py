"""`guard init --from-retry`: steps of retry actions in a workflow → steps of Pipeguard's action, all else byte for byte.

It edits the text at the places that the YAML parser names, so comments, order and quoting stay. What has no
equivalent is refused with its line, and then nothing is written at all.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
import yaml

from guard import detect
from guard.errors import GuardError
from guard.failsafe import say

ACTION = "pipeguard/action@v1"
_LARGEST = 2 << 20
_NICK = re.compile(r"(?:nick-fields|nick-invision)/retry@\S+", re.IGNORECASE)
_WRETRY = re.compile(r"wandalen/wretry\.action(?:/[\w./-]+)?@\S+", re.IGNORECASE)
_VERSION_COMMENT = re.compile(r"[ \t]*#[ \t]*(?:tag[ =])?v?\d+(?:\.\d+){0,3}[ \t]*(?=\r?\n|\Z)")

_STRATEGY = "a command before the next attempt is one of `strategies` in .pipeguard.yml"
_BY_CAUSE = "guard decides by the cause of the failure; `labels` in .pipeguard.yml turns single causes off"


@dataclass(frozen=True)
class Known:
    """What becomes of one input: another name and value, nothing, or a refusal."""

    name: str = ""
    """Our input; "" drops it."""
    value: Callable[[str], str | None] = str
    """The old text → the new one; None: this value has no equivalent."""
    note: str = ""
    """What the user should know, where it is dropped or changed."""
    refused: str = ""
    """Not empty: there is no equivalent, and what to do instead."""


def _minutes(text: str) -> str:
    return f"{text}m"


def _seconds(text: str) -> str:
    return f"{text}s"


def _milliseconds(text: str) -> str | None:
    if not text.isdigit() or not int(text):
        return None
    return f"{max(int(text) // 1000, 1)}s"


def _count(text: str) -> str | None:
    return text if "${{" in text or (text.isdigit() and 1 <= int(text) <= 20) else None


def _shell(text: str) -> str | None:
    return text if text in ("bash", "sh", "python", "pwsh") or "{0}" in text or "${{" in text else None


def _only(*allowed: str) -> Callable[[str], str | None]:
    return lambda text: text if text.lower() in allowed else None


_WAITS = "waits are chosen by the cause (Retry-After, growing delays)"
# action.yml of nick-fields/retry, v3 and its forerunners.
NICK = {
    "command": Known("run"),
    "timeout_minutes": Known("timeout", _minutes),
    "timeout_seconds": Known("timeout", _seconds),
    "max_attempts": Known("attempts", _count),
    "shell": Known("shell", _shell),
    "retry_wait_seconds": Known(note=_WAITS),
    "polling_interval_seconds": Known(),
    "warning_on_retry": Known(note="a pass after healing is always shown; `on-heal: warn` makes it a warning"),
    "continue_on_error": Known("continue-on-error"),
    "retry_on": Known(value=_only("any"), refused=_BY_CAUSE),
    "retry_on_exit_code": Known(refused=_BY_CAUSE),
    "on_retry_command": Known(refused=_STRATEGY),
    "new_command_on_retry": Known(refused="guard changes the attempt, never the command; write both into `run`, by $PIPEGUARD_ATTEMPT"),
}  # fmt: skip
_CONTEXTS = ("env", "github", "job", "matrix", "inputs", "steps", "needs", "runner", "strategy", "vars", "secrets")
# action.yml and readme of Wandalen/wretry.action, v1 to v3.
WRETRY = {
    "command": Known("run"),
    "current_path": Known("working-directory"),
    "attempt_limit": Known("attempts", _count),
    "attempt_delay": Known(note=_WAITS),
    "time_out": Known("budget", _milliseconds, refused="write `budget: 10m`: the time over all attempts"),
    "action": Known(refused="guard runs commands, not actions; keep this step"),
    "with": Known(refused="guard runs commands, not actions; keep this step"),
    "retry_condition": Known(refused=_BY_CAUSE),
    "pre_retry_command": Known(refused=_STRATEGY),
    "github_token": Known(),
    **{f"{name}_context": Known() for name in _CONTEXTS},
}
_OUTPUTS: dict[str, dict[str, str | None]] = {
    "nick": {"total_attempts": "attempts", "exit_code": "exit-code", "exit_error": None},
    "wretry": {"outputs": "outputs"},
}


@dataclass
class Rewriting:
    """The edits of one file as they are found."""

    name: str
    text: str
    edits: list[tuple[int, int, str]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    steps: int = 0

    def replace(self, begin: int, end: int, text: str) -> None:
        """Put a text in the place of another, once."""
        if (begin, end, text) not in self.edits:
            self.edits.append((begin, end, text))

    def refuse(self, line: int, problem: str) -> None:
        """Note what has no equivalent; `line` counts from 0."""
        self.refusals.append(f"{self.name}:{line + 1}: {problem}")

    def done(self) -> str:
        """The text with all edits made."""
        text = self.text
        for begin, end, new in sorted(self.edits, reverse=True):
            text = text[:begin] + new + text[end:]
        return text


def run(files: Sequence[str]) -> int:
    """Rewrite the files (default: those of .github). Returns 0, or 2 when something was refused and nothing was written."""
    try:
        root = Path(detect.workspace(os.environ))
        paths = [Path(name) for name in files] if files else list(_workflows(root))
        if not paths:
            raise GuardError("no workflow files in .github", "name one: guard init --from-retry FILE")
        found = [(path, rewriting(str(path), _read(path))) for path in paths]
        refusals = [line for _, one in found for line in one.refusals]
        if refusals:
            for line in refusals:
                say(f"guard: {line}")
            say("guard: hint: nothing was written; mend or leave out these, then run it again")
            return 2
        for path, one in found:
            if one.edits:
                _write(path, one.done())
    except GuardError as error:
        for line in error.lines():
            say(line)
        return error.exit_code
    for _, one in found:
        if one.edits:
            click.echo(f"rewrote {one.name}: {one.steps} step{'s' if one.steps != 1 else ''}, now {ACTION}")
        for note in one.notes:
            click.echo(f"note: {note}")
    if not any(one.edits for _, one in found):
        click.echo(f"no step of a retry action in {', '.join(one.name for _, one in found)}")
    return 0


def rewriting(name: str, text: str) -> Rewriting:
    """What has to change in one file. Raises GuardError when it is no YAML."""
    made = Rewriting(name, text)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{name}:{mark.line + 1}" if mark is not None else name
        raise GuardError(f"{where}: is no valid YAML: {getattr(error, 'problem', None) or error}") from error
    except RecursionError as error:
        raise GuardError(f"{name}: is nested too deep") from error
    seen: set[int] = set()
    for scope, step in _steps(root):
        if id(step) not in seen:
            seen.add(id(step))
            _rewrite_step(made, scope, step)
    if made.edits and not made.refusals:
        _check(made)
    return made


def _steps(root: yaml.Node | None) -> Iterator[tuple[yaml.MappingNode, yaml.MappingNode]]:
    """Each step of a workflow's jobs, or of a composite action, with the job (or `runs`) it belongs to."""
    jobs = _get(root, "jobs")
    scopes = [value for _, value in jobs.value] if isinstance(jobs, yaml.MappingNode) else []
    for scope in (*scopes, _get(root, "runs")):
        steps = _get(scope, "steps")
        if isinstance(scope, yaml.MappingNode) and isinstance(steps, yaml.SequenceNode):
            yield from ((scope, step) for step in steps.value if isinstance(step, yaml.MappingNode))


def _get(node: yaml.Node | None, name: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in node.value if isinstance(key, yaml.ScalarNode) and key.value == name), None)


def _rewrite_step(made: Rewriting, scope: yaml.MappingNode, step: yaml.MappingNode) -> None:
    uses = _get(step, "uses")
    if not isinstance(uses, yaml.ScalarNode):
        return
    kind = "nick" if _NICK.fullmatch(uses.value) else "wretry" if _WRETRY.fullmatch(uses.value) else ""
    if not kind:
        return
    made.steps += 1
    line = uses.start_mark.line
    inputs = _get(step, "with")
    if not isinstance(inputs, yaml.MappingNode) or _elsewhere(step, inputs):
        made.refuse(line, f"{uses.value} has no `with` here that could be rewritten")
        return
    if _get(inputs, "command") is None and _get(inputs, "action") is None:
        made.refuse(line, f"{uses.value} has no `command`")
    end = uses.end_mark.index
    made.replace(*_inside(made.text, uses), ACTION)
    comment = _VERSION_COMMENT.match(made.text, end)
    if comment:
        # It names the version of the action that is gone.
        made.replace(end, comment.end(), "")
    _rewrite_inputs(made, NICK if kind == "nick" else WRETRY, step, inputs)
    _rewrite_outputs(made, _OUTPUTS[kind], scope, step)


def _rewrite_inputs(made: Rewriting, known: dict[str, Known], step: yaml.MappingNode, inputs: yaml.MappingNode) -> None:
    given: dict[str, int] = {}
    for key, value in inputs.value:
        line, name = key.start_mark.line, str(key.value)
        rule = known.get(name)
        if rule is None:
            made.refuse(line, f"`{name}` is no input that is known of this action")
            continue
        if not isinstance(value, yaml.ScalarNode) or value.start_mark.index < key.end_mark.index:
            made.refuse(line, f"`{name}` is an alias or no plain value; write it out")
            continue
        new = rule.value(value.value.strip())
        if rule.refused and (rule.value is str or new is None):
            made.refuse(line, f"`{name}` has no equivalent: {rule.refused}")
        elif new is None:
            made.refuse(line, f"`{name}: {value.value.strip()[:60]}` has no equivalent")
        elif rule.name in given:
            made.refuse(line, f"`{name}` says again what line {given[rule.name] + 1} says")
        elif rule.name == "continue-on-error":
            _to_step(made, step, inputs, key, value, line)
        elif rule.name:
            given[rule.name] = line
            if new != value.value.strip() and value.style in ("|", ">"):
                made.refuse(line, f"`{name}` is a block of text; write it on one line")
                continue
            made.replace(key.start_mark.index, key.end_mark.index, rule.name)
            if new != value.value.strip():
                made.replace(*_inside(made.text, value), new)
        else:
            _drop(made, inputs, key, value)
            if rule.note:
                made.notes.append(f"{made.name}:{line + 1}: `{name}` is left out: {rule.note}")


def _inside(text: str, value: yaml.ScalarNode) -> tuple[int, int]:
    """Where the text of a scalar stands, its quotes and what follows it left out."""
    begin, end = value.start_mark.index, value.end_mark.index
    if value.style in ("'", '"'):
        return begin + 1, end - 1
    return begin, begin + len(text[begin:end].rstrip())


def _to_step(
    made: Rewriting, step: yaml.MappingNode, inputs: yaml.MappingNode, key: yaml.Node, value: yaml.ScalarNode, line: int
) -> None:
    """An input that is a key of the step itself: it moves behind `uses`."""
    _drop(made, inputs, key, value)
    if value.value.strip().lower() == "false":
        return
    if _get(step, "continue-on-error") is not None:
        made.refuse(line, "`continue_on_error` is said by the step's own `continue-on-error` too")
        return
    first = step.value[0][0]
    if step.flow_style:
        made.replace(first.start_mark.index, first.start_mark.index, f"continue-on-error: {value.value.strip()}, ")
        return
    indent = " " * first.start_mark.column
    ending = "\r\n" if "\r\n" in made.text else "\n"
    made.replace(first.start_mark.index, first.start_mark.index, f"continue-on-error: {value.value.strip()}{ending}{indent}")


def _drop(made: Rewriting, inputs: yaml.MappingNode, key: yaml.Node, value: yaml.Node) -> None:
    """Take an entry away: its lines in a block, itself and one comma in a flow."""
    text = made.text
    if not inputs.flow_style:
        begin = text.rfind("\n", 0, key.start_mark.index) + 1
        end = value.end_mark.index
        if end and text[end - 1] != "\n":
            end = text.find("\n", end) + 1 or len(text)
        made.replace(begin, end, "")
        return
    at = next(number for number, (one, _) in enumerate(inputs.value) if one is key)
    if at + 1 < len(inputs.value):
        made.replace(key.start_mark.index, inputs.value[at + 1][0].start_mark.index, "")
    elif at:
        made.replace(inputs.value[at - 1][1].end_mark.index, value.end_mark.index, "")
    else:
        made.replace(key.start_mark.index, value.end_mark.index, "")


def _rewrite_outputs(made: Rewriting, outputs: dict[str, str | None], scope: yaml.MappingNode, step: yaml.MappingNode) -> None:
    """The step's outputs where the same job reads them."""
    name = _get(step, "id")
    if not isinstance(name, yaml.ScalarNode):
        return
    begin, end = scope.start_mark.index, scope.end_mark.index
    reading = re.compile(rf"steps(?:\.{re.escape(name.value)}|\[['\"]{re.escape(name.value)}['\"]\])\.outputs(?:\.([\w-]+)|\[['\"]([\w-]+)['\"]\])")
    for match in reading.finditer(made.text, begin, end):
        old = match[1] or match[2]
        line = made.text.count("\n", 0, match.start())
        if old in ("outcome", "conclusion"):
            continue
        if outputs.get(old) is None:
            made.refuse(line, f"output `{old}` of step `{name.value}` has no equivalent")
            continue
        group = 1 if match[1] else 2
        made.replace(match.start(group), match.end(group), str(outputs[old]))


def _elsewhere(step: yaml.MappingNode, inputs: yaml.Node) -> bool:
    """Whether the inputs stand somewhere else in the file: an alias of them."""
    return not step.start_mark.index <= inputs.start_mark.index < step.end_mark.index


def _check(made: Rewriting) -> None:
    """What comes out must be YAML with no step of a retry action; raises GuardError, and nothing is written."""
    try:
        root = yaml.compose(made.done(), Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise GuardError(f"{made.name}: could not be rewritten safely", "rewrite it by hand: docs/github.md has the table") from error
    for _, step in _steps(root):
        uses = _get(step, "uses")
        if isinstance(uses, yaml.ScalarNode) and (_NICK.fullmatch(uses.value) or _WRETRY.fullmatch(uses.value)):
            raise GuardError(f"{made.name}: could not be rewritten safely", "rewrite it by hand: docs/github.md has the table")


def _workflows(root: Path) -> Iterator[Path]:
    folder = root / ".github"
    for pattern in ("workflows/*.yml", "workflows/*.yaml", "actions/*/action.yml", "actions/*/action.yaml"):
        yield from sorted(path for path in folder.glob(pattern) if path.is_file() and not path.is_symlink())


def _read(path: Path) -> str:
    try:
        kind = path.lstat()
        if not stat.S_ISREG(kind.st_mode):
            raise GuardError(f"{path} is no regular file")
        if kind.st_size > _LARGEST:
            raise GuardError(f"{path} is larger than {_LARGEST >> 20} MiB")
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise GuardError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise GuardError(f"{path}: is no UTF-8 text") from error


def _write(path: Path, text: str) -> None:
    """Replace the file at once, its mode kept. Raises GuardError."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        descriptor, beside = tempfile.mkstemp(prefix=".pipeguard-", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode("utf-8"))
            Path(beside).chmod(mode)
            Path(beside).replace(path)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise GuardError(f"{path}: cannot be written: {error.strerror}") from error
