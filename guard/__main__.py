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
    from guard.cli import cli

    cli(prog_name="guard")


if __name__ == "__main__":
    main()
