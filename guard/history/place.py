"""Where a history lies: the setting, or `.pipeguard/history.db` of a checkout; on the way of every pass: only `os`."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = ".pipeguard"
FILE = "history.db"
OFF = "off"
_IGNORE = "# Written by pipeguard: what it remembers is no part of the repository.\n*\n"


def setting(configured: str | None, env: Mapping[str, str], workspace: str) -> str:
    """The store to use: `sqlite:PATH`, a URL, or `off`. `configured`: what the settings say; None: nothing.

    Without a setting a checkout has its history in `.pipeguard/history.db`; a folder that is no checkout, the home
    folder and `/` have none: guard leaves no files where nobody would look for them.
    """
    if configured is not None:
        return configured
    # A link in a checkout may come from the change under test, and lead to the history of another project.
    if not _is_checkout(workspace, env) or os.path.islink(os.path.join(workspace, FOLDER)):
        return OFF
    return f"sqlite:{os.path.join(workspace, FOLDER, FILE)}"


def _is_checkout(workspace: str, env: Mapping[str, str]) -> bool:
    home = env.get("HOME", "")
    if workspace == os.sep or (home and workspace == os.path.realpath(home)):
        return False
    return any(os.path.lexists(os.path.join(workspace, name)) for name in (".git", ".pipeguard.yml", FOLDER))


def spool_of(store: str, workspace: str) -> str:
    """The file in which passing runs of that store wait; it lies in the store's own folder."""
    if store.startswith("sqlite:"):
        return store.removeprefix("sqlite:") + ".spool"
    return os.path.join(workspace, FOLDER, "remote.spool")


def exists(store: str, workspace: str) -> bool:
    """Whether there is a history beside which a line may be left: of a server its folder tells."""
    if store == OFF:
        return False
    if store.startswith("sqlite:"):
        return os.path.isfile(store.removeprefix("sqlite:"))
    return os.path.isdir(os.path.join(workspace, FOLDER)) and not os.path.islink(os.path.join(workspace, FOLDER))


def make_folder(path: str) -> None:
    """Make the folder of a store, 0700, with its own `.gitignore` where it is ours. Raises OSError."""
    if os.path.islink(path):
        raise OSError(f"{path} is a link, which guard does not follow")
    if not os.path.isdir(path):
        above = os.path.dirname(path)
        if above and not os.path.isdir(above):
            os.makedirs(above, mode=0o700, exist_ok=True)
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            if not os.path.isdir(path) or os.path.islink(path):
                raise
    if os.path.basename(path) != FOLDER:
        return
    os.chmod(path, 0o700)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(os.path.join(path, ".gitignore"), flags, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(_IGNORE)
