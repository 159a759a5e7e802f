"""Every command but `run`, and what `run --help` shows: by click, which a pass never loads."""

from __future__ import annotations

import errno
import sys

from guard.commands.run_options import usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_CANNOT_WRITE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def _missing(error: ModuleNotFoundError, arguments: list[str]) -> int:
    """In a plain checkout no package is at hand: what is missing, and what has it."""
    words = " ".join(["guard", *arguments[:1]])
    sys.stderr.write(
        f"guard: `{words}` needs the package {error.name}, which is not here; `guard run -- CMD` works without\n"
        "guard: hint: use guard.pyz, which brings it along, or: pip install pipeguard\n"
    )
    return 2


def main(arguments: list[str]) -> int:
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
        _and_written(lambda: cli.main(arguments, prog_name="guard", standalone_mode=False))
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else "guard"
        return usage(error.format_message(), command)
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
    except OSError as error:
        if error.filename is not None or error.errno not in _CANNOT_WRITE:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.stderr.write(f"guard: standard output cannot be written: {error.strerror}\n")
        return 1
    return 0


def _and_written(command: Callable[[], object]) -> None:
    """Run a command; what it printed is written before it counts as done. Raises what writing raises."""
    try:
        command()
    finally:
        if sys.stdout is not None:  # closed by whoever started us
            sys.stdout.flush()
