"""`guard explain`: what guard would do for this log or this command, and why; nothing is run or changed."""

from __future__ import annotations

from collections.abc import Sequence

import click

from guard.commands.diagnose import print_diagnosis, read
from guard.commands.judging import Judge
from guard.errors import GuardError
from guard.failsafe import say
from guard.policy.once_only import once_only
from guard.policy.refusals import REFUSED
from guard.policy.remedies_by_label import ORDER
from guard.types import Command


def run(arguments: Sequence[str], exit_code: int | None, config: str | None) -> int:
    """`arguments`: [FILE|-] [-- CMD …]. Returns 0, or 2 after a user's error."""
    file, command = _split(arguments)
    try:
        judge = Judge.here(config)
        if command:
            _about_command(judge, command)
        if file is not None:
            diagnosis, decided = judge.judge(read(file), exit_code, command)
            print_diagnosis(diagnosis, decided)
            for change in decided.changes:
                click.echo(f"  {change.remedy}: {change.summary} (wait {change.wait_s:.0f} s)")
                for action in change.actions:
                    click.echo(f"    would {action.kind} {action.target}")
                for name, value in change.env.items():
                    click.echo(f"    would set {name}: {value}")
            for refusal in decided.refused:
                click.echo(f"  {refusal.remedy} refused: {refusal.reason}")
        elif not command:
            raise GuardError("nothing to explain", "guard explain FILE, guard explain -- CMD, or both")
    except GuardError as error:
        for line in error.lines():
            say(line)
        return error.exit_code
    return 0


def _split(arguments: Sequence[str]) -> tuple[str | None, tuple[str, ...]]:
    words = list(arguments)
    if "--" in words:
        at = words.index("--")
        rest = words[at + 1 :]
        return (words[0] if at else None), tuple(rest[1:] if rest[:1] == ["--"] else rest)
    if len(words) == 1:
        return words[0], ()
    return (words[0], tuple(words[1:])) if words else (None, ())


def _about_command(judge: Judge, argv: tuple[str, ...]) -> None:
    settings = judge.settings
    found = once_only(Command(argv=argv, cwd=judge.surroundings.cwd))
    if settings.idempotent is not None:
        click.echo(f"may run twice: {'yes' if settings.idempotent else 'no'} (settings)")
    elif found:
        click.echo(f"may run twice: no, because of `{found}`; `idempotent: true` says that it may")
    else:
        click.echo("may run twice: yes, nothing in it publishes, deploys, pushes or migrates")
    click.echo(f"attempts: at most {settings.attempts}")
    if settings.budget_s is not None:
        click.echo(f"budget: {settings.budget_s:.0f} s")
    for label, groups in ORDER.items():
        rule = settings.rule(label)
        if not rule.on:
            click.echo(f"  {label}: off (settings)")
        elif label in REFUSED and rule.remedies is None:
            click.echo(f"  {label}: not repeated: {REFUSED[label]}")
        else:
            names = rule.remedies or tuple("+".join(group) for group in groups)
            click.echo(f"  {label}: {', then '.join(names)}")
