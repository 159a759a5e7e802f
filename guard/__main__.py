"""The entry: the plain `guard run -- CMD` takes a way that imports almost nothing; all else goes to click."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["run"]:
        from guard.commands import run

        request: run.Request | int | None = run.plain(arguments[1:])
        if request is None:
            from guard.commands import run_options

            request = run_options.request(arguments[1:])
        if request is not None:
            _leave(request if isinstance(request, int) else run.run(request))
    from guard import by_click

    sys.exit(by_click.main(arguments))


def _leave(code: int) -> None:
    """Exit; at once where nobody waits for the interpreter's end, which would cost a pass three milliseconds."""
    if "threading" in sys.modules or "atexit" in sys.modules:
        sys.exit(code)
    import os

    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            # Closed or full: the verdict is still the command's.
            pass
    os._exit(code)


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
