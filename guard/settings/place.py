"""Where the settings file lies; imported by every run, so nothing but `os`."""

from __future__ import annotations

import os

NAME = ".pipeguard.yml"
MISNAMED = ".pipeguard.yaml"


def find_file(workspace: str, flag: str | None) -> str | None:
    """The settings file: the one a flag names, else `.pipeguard.yml` in the workspace if something is there.

    One whose name ends otherwise is found too: to be refused rather than overlooked.
    """
    if flag:
        return flag
    for name in (NAME, MISNAMED):
        path = os.path.join(workspace, name)
        if os.path.lexists(path):
            return path
    return None
