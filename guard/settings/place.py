"""Where the settings file lies; imported by every run, so nothing but `os`."""

from __future__ import annotations

import os

NAME = ".pipeguard.yml"


def find_file(workspace: str, flag: str | None) -> str | None:
    """The settings file: the one a flag names, else `.pipeguard.yml` in the workspace if something is there."""
    if flag:
        return flag
    path = os.path.join(workspace, NAME)
    return path if os.path.lexists(path) else None
