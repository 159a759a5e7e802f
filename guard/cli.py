"""The command line: options only; each body imports its command and exits with its int."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from guard import __version__
from guard.commands.run_options import GIVE_ONE, OPTIONS, Option

_RUN = {"ignore_unknown_options": False, "allow_interspersed_args": False}


def _options_of_run(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(OPTIONS):
        command = click.option(*option.spellings, option.name, type=_type(option), metavar=option.metavar, help=option.purpose)(command)
    return command


def _type(option: Option) -> click.Choice[str] | click.IntRange | None:
    if option.choices:
        return click.Choice(option.choices)
    return click.IntRange(*option.whole) if option.whole is not None else None


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="guard")
def cli() -> None:
    """Run a CI job's command, prove why it failed, and make the next attempt different."""


@cli.command(context_settings=_RUN)
@_options_of_run
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[-- CMD ARG…]")
def run(script: str | None, script_file: str | None, command: tuple[str, ...], **flags: Any) -> None:
    """Run a command or a script, and heal it where it can be."""
    given = [bool(command), script is not None, script_file is not None]
    if sum(given) != 1:
        raise click.UsageError(GIVE_ONE)
    from guard.commands.run import Request
    from guard.commands.run import run as execute

    named = {name: value for name, value in flags.items() if value is not None}
    sys.exit(execute(Request(argv=command, script=script, script_file=script_file, flags=named)))


@cli.command()
@click.argument("file", default="-")
@click.option("--exit-code", type=int, metavar="N", help="The exit code of the command that printed the log.")
@click.option("--json", "as_json", is_flag=True, help="Print the diagnosis as JSON.")
@click.option("--jsonl", is_flag=True, help='Read {"id","text","exit_code"?} a line, write one result a line.')
@click.option("--why", is_flag=True, help="Show which signatures fired and lost.")
@click.option("--config", metavar="FILE", help="Settings file (default: .pipeguard.yml).")
def diagnose(file: str, exit_code: int | None, as_json: bool, jsonl: bool, why: bool, config: str | None) -> None:
    """Diagnose a log that exists: FILE, or - for standard input."""
    from guard.commands import diagnose as command

    sys.exit(command.run(file, exit_code, as_json=as_json, jsonl=jsonl, why=why, config=config))


@cli.command(context_settings=_RUN)
@click.option("--exit-code", type=int, metavar="N", help="The exit code of the command that printed the log.")
@click.option("--config", metavar="FILE", help="Settings file (default: .pipeguard.yml).")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[FILE|-] [-- CMD ARG…]")
def explain(arguments: tuple[str, ...], exit_code: int | None, config: str | None) -> None:
    """Say what guard would do about a log or a command, and why.

    Nothing is run or changed.
    """
    from guard.commands import explain as command

    sys.exit(command.run(arguments, exit_code, config))


@cli.command()
@click.option("--force", is_flag=True, help="Overwrite what exists.")
@click.option("--from-retry", is_flag=True, help="Rewrite the steps of retry actions in GitHub workflows: FILE…, or all of them.")
@click.argument("files", nargs=-1, metavar="[FILE]…")
def init(force: bool, from_retry: bool, files: tuple[str, ...]) -> None:
    """Write a commented .pipeguard.yml and show the CI's snippet."""
    if from_retry:
        from guard.commands import init_from_retry

        sys.exit(init_from_retry.run(files))
    if files:
        raise click.UsageError("a FILE goes with --from-retry")
    from guard.commands import init as command

    sys.exit(command.run(force=force))


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--signatures", metavar="FILE", help="Test a signature file against its own examples.")
@click.option("--config", metavar="FILE", help="Settings file (default: .pipeguard.yml).")
def doctor(as_json: bool, signatures: str | None, config: str | None) -> None:
    """Say what guard can see and do on this machine."""
    from guard.commands import doctor as command

    sys.exit(command.run(as_json=as_json, signatures=signatures, config=config))


@cli.command()
@click.option("--html", metavar="FILE", help="Write one self-contained page; - is standard output, as for all formats.")
@click.option("--markdown", metavar="FILE", help="Write Markdown.")
@click.option("--json", metavar="FILE", help="Write JSON.")
@click.option("--prometheus", metavar="FILE", help="Write metrics for a textfile collector.")
@click.option("--junit", metavar="FILE", help="Write the tests that failed, flaky ones marked, as JUnit XML.")
@click.option("--push", is_flag=True, help="Send the metrics to the Pushgateway that the settings name.")
@click.option("--since", metavar="TIME", help="2026-11-24, a moment, or 7d, 24h, 4w ago.")
@click.option("--until", metavar="TIME", help="As --since; not included.")
@click.option("--project", metavar="NAME", help="This project only.")
@click.option("--branch", metavar="NAME", help="This branch only.")
@click.option("--history", metavar="STORE", help="sqlite:PATH or postgresql://… (default: as the settings say).")
@click.option("--config", metavar="FILE", help="Settings file (default: .pipeguard.yml).")
def report(**asked: Any) -> None:
    """Show what the history says about heals, causes and costs.

    Heal rate, time to green, minutes and money, causes, remedies, flaky tests.
    """
    from guard.commands import report as command

    sys.exit(command.run(command.Asked(**asked)))


def _of_history(command: Callable[..., None]) -> Callable[..., None]:
    """Which history."""
    command = click.option("--config", metavar="FILE", help="Settings file (default: .pipeguard.yml).")(command)
    return click.option("--store", metavar="STORE", help="sqlite:PATH or postgresql://… (default: as the settings say).")(command)


def _of_runs(command: Callable[..., None]) -> Callable[..., None]:
    """Which of its runs."""
    command = click.option("--branch", metavar="NAME", help="This branch only.")(command)
    command = click.option("--project", metavar="NAME", help="This project only.")(command)
    command = click.option("--until", metavar="TIME", help="As --since; not included.")(command)
    return click.option("--since", metavar="TIME", help="2026-11-24, a moment, or 7d, 24h, 4w ago.")(command)


@cli.group()
def history() -> None:
    """Look at what guard remembers, and look after it.

    Take it elsewhere, join copies, forget, check the audit trail.
    """


@history.command()
@click.argument("run", required=False)
@click.option("--limit", type=click.IntRange(1, 100_000), default=20, show_default=True, help="How many runs, the newest first.")
@click.option("--json", "as_json", is_flag=True, help="Print whole runs as JSON Lines.")
@_of_runs
@_of_history
def show(run: str | None, limit: int, as_json: bool, **where: str | None) -> None:
    """List the newest runs, or show one RUN whole.

    The beginning of its id is enough.
    """
    from guard.commands import history as command

    sys.exit(command.guarded(lambda: command.show(command.Where(**where), run, limit, as_json=as_json)))


@history.command()
@click.argument("file", default="-")
@_of_runs
@_of_history
def export(file: str, **where: str | None) -> None:
    """Write JSON Lines, one run a line, to FILE or standard output."""
    from guard.commands import history as command

    sys.exit(command.guarded(lambda: command.export(command.Where(**where), file)))


@history.command(name="import")
@click.argument("file")
@_of_history
def import_(file: str, **where: str | None) -> None:
    """Take in JSON Lines from FILE or -.

    All of them, or none where one is wrong.
    """
    from guard.commands import history as command

    sys.exit(command.guarded(lambda: command.take(command.Where(**where), file)))


@history.command()
@click.argument("files", nargs=-1, required=True)
@_of_history
def merge(files: tuple[str, ...], **where: str | None) -> None:
    """Join other SQLite histories into this one; no run counts twice."""
    from guard.commands import history as command

    sys.exit(command.guarded(lambda: command.merge(command.Where(**where), files)))


@history.command()
@click.option("--run", "runs", metavar="ID", multiple=True, help="This run; may be given more than once.")
@click.option("--project", metavar="NAME", help="All runs of this project.")
@click.option("--until", "--older-than", "until", metavar="TIME", help="All runs before 2026-11-24, or older than 90d.")
@_of_history
def forget(runs: tuple[str, ...], **where: str | None) -> None:
    """Forget runs by name, or by project and age.

    Project and age narrow each other; a merge does not bring back what was forgotten.
    """
    from guard.commands import history as command

    sys.exit(command.guarded(lambda: command.drop(command.Where(**where), runs)))


@history.command()
@click.option("--head", metavar="HASH", help="An entry that was the last when this was printed before: it must still be there.")
@_of_history
def verify(head: str | None, **where: str | None) -> None:
    """Check that no entry of the audit trail was altered or is missing."""
    from guard.commands import history as command

    sys.exit(command.guarded(lambda: command.verify(command.Where(**where), head)))


@cli.command()
@click.argument("run")
@click.option("--label", metavar="LABEL", help="What it really was; `guard diagnose` then says so too.")
@click.option("--wrong-heal", "wrong", is_flag=True, help="It passed, but should not have: what healed it is not tried on it again.")
@click.option("--clear", is_flag=True, help="Take back what was said about it.")
@_of_history
def feedback(run: str, label: str | None, wrong: bool, clear: bool, **where: str | None) -> None:
    """Correct the diagnosis of RUN, or say that its heal was wrong."""
    from guard.commands import feedback as command
    from guard.commands.history import Where, guarded

    sys.exit(guarded(lambda: command.run(Where(**where), run, label, wrong=wrong, clear=clear)))
