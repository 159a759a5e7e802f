"""Starts guard with nothing installed: `python3 -I -S guard/launch.py run …` in a checkout, `__main__` of the pyz.

Nothing but the standard library and guard itself can be imported on a pass: not what lies in the current directory,
not what the user's own environment holds. No bytecode is written. Kept readable by old versions of Python.
"""

import sys

OLDEST = (3, 10)


def main(root: str) -> None:
    """Import the `guard` of the folder (or archive) `root` and run the command line; does not return."""
    sys.dont_write_bytecode = True
    import_guard(root)
    # A release's tree brings the packages that guard uses; they come after the standard library.
    if root + "/vendor" not in sys.path:
        sys.path.append(root + "/vendor")
    if sys.version_info < OLDEST:
        _by_a_newer_one()
    if not (sys.flags.isolated and sys.flags.no_site) and sys.executable:
        # Without the user's packages, variables and start-up files.
        _become(sys.executable)
    from guard.__main__ import main as run

    run()


def import_guard(root: str) -> None:
    """Make `guard` importable from `root`, and nothing else of that folder: it is on the path for this one import."""
    sys.path.insert(0, root)
    try:
        import guard  # noqa: F401
    except ImportError:
        sys.stderr.write(f"guard: the files of guard are missing in {root}\n")
        sys.exit(2)
    finally:
        sys.path.remove(root)


def _become(python: str) -> None:
    """Go on as that Python, alone, where a process can; with the environment that we were given, to the byte."""
    import os

    if os.name != "posix":
        return
    try:
        from guard.attempt.spawn import exact_environment
    except SyntaxError:
        environment = dict(os.environb)
    else:
        environment = exact_environment()
    os.execve(python, [python, "-I", "-S", *sys.argv], environment)


def _by_a_newer_one() -> None:
    """Become a newer Python where one is found by its name; else say what is missing and leave with 2."""
    import os

    for minor in range(20, OLDEST[1] - 1, -1):
        name = f"python{OLDEST[0]}.{minor}"
        for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
            path = os.path.join(folder, name)
            # A version manager's shim is there for versions that are not.
            if os.path.isabs(folder) and os.path.basename(folder) != "shims" and os.access(path, os.X_OK):
                _become(path)
    sys.stderr.write(
        f"guard: needs Python {OLDEST[0]}.{OLDEST[1]} or newer, this is {sys.version_info[0]}.{sys.version_info[1]}\n"
        "guard: hint: put a newer python3 on PATH\n"
    )
    sys.exit(2)


if __name__ == "__main__":
    # Without -I this folder comes first, and its `types.py` would stand in for the standard library's.
    import os.path

    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [entry for entry in sys.path if entry and os.path.realpath(entry) != here]
    main(os.path.dirname(here))
