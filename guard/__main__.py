"""The entry: the plain `guard run -- CMD` takes a way that imports almost nothing; all else goes to click."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from guard.commands.run import Request


def main() -> None:
    """Run the command line and exit."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["run"]:
        from guard.commands import run

        request = run.plain(arguments[1:]) or _request(arguments[1:])
        if request is not None:
            sys.exit(request if isinstance(request, int) else run.run(request))
    sys.exit(_by_click(arguments))


def _request(arguments: list[str]) -> Request | int | None:
    """The request of `run` with options; None: help is asked for; 2 after an error in the usage, said here."""
    from guard.commands import run, run_options

    try:
        parsed = run_options.parse(arguments)
    except run_options.UsageProblem as problem:
        return _usage(str(problem), "guard run")
    if parsed is None:
        return None
    flags, command = parsed
    script, script_file = flags.pop("script", None), flags.pop("script_file", None)
    return run.Request(
        argv=command,
        script=None if script is None else str(script),
        script_file=None if script_file is None else str(script_file),
        flags=flags,
    )


def _usage(problem: str, command: str) -> int:
    sys.stderr.write(f"guard: {problem}\nguard: hint: {command} --help\n")
    return 2


def _missing(error: ModuleNotFoundError, arguments: list[str]) -> int:
    """In a plain checkout no package is at hand: what is missing, and what has it."""
    words = " ".join(["guard", *arguments[:1]])
    sys.stderr.write(
        f"guard: `{words}` needs the package {error.name}, which is not here; `guard run -- CMD` works without\n"
        "guard: hint: use guard.pyz, which brings it along, or: pip install pipeguard\n"
    )
    return 2


def _by_click(arguments: list[str]) -> int:
    """Run a command with options: its exit code, or 2 after an error in the usage, said in guard's own form."""
    import os

    try:
        import click
    except ModuleNotFoundError as error:
        return _missing(error, arguments)
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
        return _usage(error.format_message(), command)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "guard":
            raise
        return _missing(error, arguments)
    except click.Abort:
        return 130
    except BrokenPipeError:
        # Whoever reads us has what it wanted; nothing more may be written, not even at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141
    return 0


def _leave_current_directory() -> None:
    """`python -m guard` looks for modules in the current directory first: nothing of a user's repository is one of ours."""
    import os

    try:
        here = os.getcwd()
    except OSError:
        here = ""
    if sys.path and sys.path[0] in ("", here):
        del sys.path[0]


if __name__ == "__main__":
    _leave_current_directory()
    main()
