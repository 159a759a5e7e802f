"""What a tool wrote about an attempt into a log of its own, which is not part of its output."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from guard.caches import npm, places
from guard.remedies import own_folder
from guard.remedies.tools_in_play import programs
from guard.types import Outcome, Surroundings

VARIABLE = "PIPEGUARD_CLOSER"
"""Names, in the environment of an attempt, the folder in which the tool's own log is wanted."""
PREFIX = ".pipeguard-look-"
PIP_LOG = "pip.log"

_MOST_BYTES = 1 << 20
# What pip says of an index only in its log, and of a file also in its output; its time stamps go.
_PIP_LINE = re.compile(r"\A(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d,\d{3} )?(.*(?:Could not fetch URL |HTTP error \d{3} |after connection broken by ).*)\Z")
_ABSENT = re.compile(r"\b(?:404|410) Client Error")
# `22 error code E503`: a number, the level, the text; npm itself prints the last two behind its name.
_NPM_LINE = re.compile(r"\A\d+ (error|warn|http) (.*)\Z")
_NPM_LOG = re.compile(r"\A\d{4}-\d\d-\d\dT[\d_]+Z-debug-\d+\.log\Z")


def folder(outcome: Outcome) -> Path | None:
    """The folder that the attempt was given for such logs, if it is ours."""
    given = Path(outcome.command.env.get(VARIABLE, ""))
    return given if own_folder.ours(given, PREFIX) else None


def written(outcome: Outcome, surroundings: Surroundings, package: str) -> Iterator[tuple[str, bytes]]:
    """(tool, what it wrote during this attempt of what went wrong) for each such log that is here; may be b"" (nothing did).

    `package`: the one that was not found, "" where none is named.
    """
    place = folder(outcome)
    if place is not None:
        text = _taken(place / PIP_LOG)
        if text:
            yield "pip", _of_indexes(text, package)
    if "npm" in programs(outcome.command):
        text = _npm_debug_log(outcome, surroundings)
        if text:
            yield "npm", text


def _of_indexes(text: bytes, package: str) -> bytes:
    """What the log says of indexes and files that did not answer as they should, where it can of the package that was sought.

    An index that lacks it is named only where no other is in trouble.
    """
    found = [match[1] for line in text.decode("utf-8", "replace").splitlines() if (match := _PIP_LINE.match(line))]
    name = re.sub(r"[-_.]+", "-", package).lower()
    about = [line for line in found if name and f"/{name}/" in line.lower()] or found
    telling = [line for line in about if not _ABSENT.search(line)] or about
    return "\n".join(telling[-20:]).encode()


def _taken(file: Path) -> bytes:
    """The end of a log in our own folder, which is emptied, so that the next attempt's is its own."""
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return b""
    with os.fdopen(descriptor, "r+b") as log:
        size = log.seek(0, os.SEEK_END)
        log.seek(max(size - _MOST_BYTES, 0))
        text = log.read(_MOST_BYTES)
        log.truncate(0)
    return text


def _npm_debug_log(outcome: Outcome, surroundings: Surroundings) -> bytes:
    """npm keeps one for each run, silent or not; the lines that it would have printed, as it would have printed them."""
    since = _began(outcome)
    given = {**surroundings.env, **places.assigned(outcome.command)}
    roots = places.named_by("npm", outcome.command) or npm.candidates(replace(surroundings, env=given))
    if since is None or not roots:
        return b""
    place = Path(outcome.command.env.get("npm_config_logs_dir") or roots[0] / "_logs")
    try:
        names = sorted(name for name in os.listdir(place) if _NPM_LOG.match(name))
        fresh = [place / name for name in names if (place / name).lstat().st_mtime >= since]
    except OSError:
        return b""
    text = "\n".join(_tail(file) for file in fresh[-3:])
    found = (_NPM_LINE.match(line) for line in text.splitlines())
    return "\n".join(f"npm {match[1]} {match[2]}" for match in found if match).encode("utf-8", "replace")


def _tail(file: Path) -> str:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return ""
    with os.fdopen(descriptor, "rb") as log:
        log.seek(max(os.fstat(descriptor).st_size - _MOST_BYTES, 0))
        return log.read(_MOST_BYTES).decode("utf-8", "replace")


def _began(outcome: Outcome) -> float | None:
    """When the attempt began, in seconds since 1970, to the whole second before: a file's time may lag behind the clock by a tick."""
    try:
        moment = datetime.fromisoformat(outcome.started_at)
    except ValueError:
        return None
    return math.floor((moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp())
