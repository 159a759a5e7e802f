"""`guard diagnose`: a log that exists → its diagnosis, as text, JSON, or one JSON object a line."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import click

from guard.commands.judging import Judge, window_of
from guard.errors import GuardError
from guard.failsafe import say
from guard.types import Diagnosis, LogWindow, Plan

_CHUNK = 1 << 20


def run(
    file: str,
    exit_code: int | None,
    *,
    as_json: bool = False,
    jsonl: bool = False,
    why: bool = False,
    config: str | None = None,
) -> int:
    """Diagnose FILE (`-`: standard input). Returns 0, or 2 after a user's error."""
    try:
        judge = Judge.here(config)
        if jsonl:
            return _batch(judge, file)
        diagnosis, decided = judge.judge(read(file), exit_code)
    except GuardError as error:
        for line in error.lines():
            say(line)
        return error.exit_code
    if diagnosis.without:
        say(f"guard: {diagnosis.without}; signatures and the kernel decide")
    if as_json:
        click.echo(json.dumps(judge.as_object(diagnosis, decided), ensure_ascii=False))
    else:
        print_diagnosis(diagnosis, decided)
    if why:
        for note in diagnosis.notes:
            click.echo(f"note: {note}", err=as_json)
    return 0


def read(file: str) -> LogWindow:
    """The window of a log file, of a gzip file, or of standard input. Raises GuardError when unreadable."""
    if file == "-":
        return window_of(_chunks(sys.stdin.buffer))
    path = Path(file)
    try:
        with path.open("rb") as raw:
            zipped = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if zipped:
                with gzip.GzipFile(fileobj=raw) as unpacked:
                    return window_of(_chunks(unpacked))
            return window_of(_chunks(raw))
    except (OSError, EOFError) as error:
        raise GuardError(f"{file}: cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _chunks(stream: IO[bytes] | gzip.GzipFile) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK):
        yield chunk


def _batch(judge: Judge, file: str) -> int:
    """One result a line in the order of the input. Raises GuardError with the line of what is no record."""
    try:
        stream = sys.stdin.buffer if file == "-" else Path(file).open("rb")  # noqa: SIM115
    except OSError as error:
        raise GuardError(f"{file}: cannot be read: {error.strerror}") from error
    with stream:
        for number, row in enumerate(stream, 1):
            if not row.strip():
                continue
            try:
                record = json.loads(row)
                identity, text = record["id"], record["text"]
                exit_code = record.get("exit_code")
                data = text.encode("utf-8", "surrogatepass")
                code = int(exit_code) if exit_code is not None else None
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise GuardError(
                    f"{file}:{number}: no record: {error}", 'a line is {"id": "…", "text": "…", "exit_code": 1}'
                ) from error
            diagnosis, decided = judge.judge(window_of([data]), code)
            click.echo(json.dumps({"id": identity, **judge.as_object(diagnosis, decided)}, ensure_ascii=False))
    return 0


def print_diagnosis(diagnosis: Diagnosis, decided: Plan) -> None:
    """The diagnosis and the decision as text."""
    click.echo(f"{diagnosis.label} ({diagnosis.family}), {diagnosis.probability:.0%}, {diagnosis.source}")
    for evidence in diagnosis.evidence:
        where = f"line {evidence.line}" if evidence.line else "seen"
        click.echo(f"  {where} ({evidence.rank}): {evidence.text}")
    for name, value in diagnosis.entities.items():
        click.echo(f"  {name}: {value if isinstance(value, str) else ', '.join(value)}")
    for other in diagnosis.alternatives:
        click.echo(f"  or {other.label} ({other.probability:.0%})")
    click.echo(f"{decided.decision}: {decided.reason}")
