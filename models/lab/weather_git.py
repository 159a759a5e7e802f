"""A request for a repository → what git's own http-backend answers."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from models.lab.weather_store import NOT_FOUND, Answer


def git_answer(root: Path, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
    """Run the CGI program for the repository below `root` that the target names."""
    path, _, query = target.partition("?")
    env = {
        "PATH": os.environ["PATH"],
        "GIT_PROJECT_ROOT": str(root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "REQUEST_METHOD": method,
        "CONTENT_TYPE": headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
        "GIT_PROTOCOL": headers.get("git-protocol", ""),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }
    done = subprocess.run(["git", "http-backend"], input=body, env=env, capture_output=True, check=False)
    head, found, rest = done.stdout.partition(b"\r\n\r\n")
    if not found:
        return NOT_FOUND
    fields = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n") if ": " in line)
    return Answer(int(fields.pop("Status", "200").split()[0]), rest, fields)
