"""The entry: the plain `guard run -- CMD` takes a way that imports almost nothing; all else goes to click."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["run"]:
        from guard.commands import run

        plain = run.plain(arguments[1:])
        if plain is not None:
            sys.exit(run.run(plain))
    sys.exit(_by_click(arguments))


def _by_click(arguments: list[str]) -> int:
    """Run a command with options: its exit code, or 2 after an error in the usage, said in guard's own form."""
    import os

    import click

    from guard.cli import cli

    if arguments[:1] == ["explain"] and "--" in arguments:
        # click takes the first `--` for itself where no word stands before it.
        at = arguments.index("--")
        arguments = [*arguments[:at], "--", *arguments[at:]]
    try:
        cli.main(arguments, prog_name="guard", standalone_mode=False)
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else "guard"
        sys.stderr.write(f"guard: {error.format_message()}\nguard: hint: {command} --help\n")
        return 2
    except click.Abort:
        return 130
    except BrokenPipeError:
        # Whoever reads us has what it wanted; nothing more may be written, not even at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141
    return 0


if __name__ == "__main__":
    main()
