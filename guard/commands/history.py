"""`guard history`: show, export, import, merge, forget and verify what guard remembers."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any

import click

from guard import detect, forks
from guard.commands.report import harmless, moment
from guard.diagnosis.mask import Masker
from guard.errors import GuardError
from guard.failsafe import say
from guard.history import audit, exchange, forget, late, place
from guard.history import merge as merging
from guard.history.opening import open_store
from guard.history.rows import RunRow
from guard.history.sqlite import Damaged
from guard.history.store import SqlStore
from guard.platforms import PLATFORMS
from guard.settings.loading import load

_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Where:
    """Which history, and which of its runs."""

    store: str | None = None
    config: str | None = None
    since: str | None = None
    until: str | None = None
    project: str | None = None
    branch: str | None = None

    def times(self) -> tuple[str | None, str | None]:
        """`since` and `until` in UTC. Raises GuardError."""
        now = datetime.now(timezone.utc)
        return moment(self.since, "--since", now), moment(self.until, "--until", now)


def guarded(work: Callable[[], int]) -> int:
    """The exit code of the work; 2 and one or two lines for what a user must mend."""
    try:
        return work()
    except GuardError as error:
        problem = error
    except Damaged as damage:
        problem = GuardError(f"the history is damaged ({damage})", "the next `guard run` sets it aside and begins anew")
    for line in problem.lines():
        say(_masker().text(line))
    return problem.exit_code


@contextmanager
def opened(where: Where, *, write: bool, create: bool = False) -> Iterator[SqlStore]:
    """The history that is meant. Raises GuardError where there is none."""
    env = dict(os.environ)
    workspace = detect.workspace(env)
    flags: dict[str, object] = {"config": where.config, "history": where.store}
    settings = load(Path(workspace), flags, env, detect.platform(env), forks.fork_build(env))
    setting = place.OFF if settings.history_off else place.setting(settings.history, env, workspace)
    if setting == place.OFF:
        raise GuardError("there is no history: it is off, or this is no checkout", "history: {store: \"sqlite:.pipeguard/history.db\"}, or --store")
    spool_file = place.spool_of(setting, workspace)
    store = open_store(setting, read_only=not write, create=create, taking_in=True, spool_file=spool_file)
    if store is None:
        raise GuardError(f"there is no history yet at {setting.removeprefix('sqlite:')}", "it begins with the first failure under `guard run`")
    with closing(store):
        yield store


def show(where: Where, run_id: str | None, limit: int, *, as_json: bool) -> int:
    """The newest runs as a table, or one run whole."""
    with opened(where, write=False) as store:
        if run_id is not None:
            _show_one(store, one_run(store, run_id), as_json=as_json)
            return 0
        since, until = where.times()
        if as_json:
            for line in exchange.exported(store, since, until, where.project, where.branch):
                click.echo(harmless(line))
            return 0
        found = _newest(store.rows(since, until, where.project, where.branch), limit)
    for row in found:
        click.echo(_escape(_line(row)))
    if not found:
        say("guard: no runs in the history match")
    return 0


def _newest(rows: Iterator[RunRow], limit: int) -> list[RunRow]:
    from collections import deque

    return list(reversed(deque(rows, maxlen=limit)))


def _line(row: RunRow) -> str:
    label = f"{row.corrected_label} (was {row.label})" if row.corrected_label and row.corrected_label != row.label else row.label
    by = f" by {', '.join(row.healed_by)}" if row.healed_by else ""
    cause = f"  {label}" if label else ""
    return f"{row.started_at[:19]}  {row.id}  {row.status:<11}{row.duration_s:8.1f} s  {row.project}  {row.command[:60]}{cause}{by}"


def _show_one(store: SqlStore, run_id: str, *, as_json: bool) -> None:
    document = store.document(run_id)
    if as_json:
        click.echo(harmless(json.dumps(document, ensure_ascii=False)))
        return
    click.echo(_escape(f"run {run_id}: {document['status']}, exit code {document['exit_code']}, {document['started_at']}"))
    click.echo(_escape(f"  command: {' '.join(document['command'])[:300]}"))
    for attempt in document["attempts"]:
        click.echo(_escape(f"  attempt {attempt['number']}: {attempt['ended']}, exit code {attempt['exit_code']}, {attempt['duration_s']:.1f} s"))
        diagnosis, plan = attempt["diagnosis"], attempt["plan"]
        if diagnosis:
            click.echo(_escape(f"    cause: {diagnosis['label']} ({diagnosis['probability']:.0%}) [{diagnosis['source']}] {diagnosis['fingerprint']}"))
        for evidence in diagnosis["evidence"] if diagnosis else ():
            click.echo(_escape(f"      line {evidence['line']}: {evidence['text'][:200]}"))
        if plan:
            click.echo(_escape(f"    {plan['decision']}: {plan['reason'][:300]}"))
    for one in audit.links(store.database, run_id):
        click.echo(_escape(f"  {one.at[:19]} {_told(one)}"))
    if document.get("corrected_label"):
        click.echo(f"  a person said: {document['corrected_label']}")
    if document.get("wrong_heal"):
        click.echo("  a person said: this heal was wrong")


def _told(link: audit.Link) -> str:
    try:
        body: dict[str, Any] = json.loads(link.body or "")
        waited = f" (noted {body['waited']['at'][:19]}, came late)" if late.came_late(body) else ""
        if body["what"] == late.CLOSED:
            return f"{body['entries']} entries waited{waited}"
        allowed = ", ".join(body["allowed_by"])
        return f"{body['remedy']} {body['what']}: {body['summary']} (allowed by: {allowed}){waited}"
    except (ValueError, LookupError, TypeError, RecursionError):
        return "an entry of the audit trail that cannot be read"


def export(where: Where, file: str) -> int:
    """JSON Lines, one run a line, to a file (beside itself and moved into place) or `-`."""
    since, until = where.times()
    with opened(where, write=False) as store:
        lines = exchange.exported(store, since, until, where.project, where.branch)
        if file == "-":
            for line in lines:
                click.echo(harmless(line))
            return 0
        count = _written(Path(file), lines)
    say(f"guard: {count} runs written to {file}")
    return 0


def _written(target: Path, lines: Iterator[str]) -> int:
    beside = target.with_name(f".{target.name}.{os.urandom(4).hex()}")
    count = 0
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            for line in lines:
                out.write(line + "\n")
                count += 1
        beside.replace(target)
    except OSError as error:
        raise GuardError(f"{target}: {error.strerror or error}", "nothing was written") from error
    finally:
        beside.unlink(missing_ok=True)
    return count


def take(where: Where, file: str) -> int:
    """Import JSON Lines from a file or `-`: all of them, or none where one is wrong."""
    name = "standard input" if file == "-" else file
    with _reading(file) as source, opened(where, write=True, create=True) as store:
        new, count = exchange.take(store, exchange.lines_of(source, name), name, _masker())
    say(f"guard: {new} of {count} runs are new")
    return 0


@contextmanager
def _reading(file: str) -> Iterator[IO[bytes]]:
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        path = Path(file)
        if path.exists() and not path.is_file():
            raise GuardError(f"{file} is no regular file")
        source = path.open("rb")
    except OSError as error:
        raise GuardError(f"{file}: {error.strerror}") from error
    with source:
        yield source


def merge(where: Where, files: Sequence[str]) -> int:
    """Join other copies into this history; a run counts once, whichever copies have it."""
    masker = _masker()
    with opened(where, write=True, create=True) as store:
        for file in files:
            try:
                found = merging.merge(store, file, masker)
            except Damaged as damage:
                raise GuardError(f"{file} is no history that can be read: {damage}", "nothing of it was taken") from damage
            unsound = f"; {found.unsound} left out: no sound `pipeguard.run/1`" if found.unsound else ""
            say(f"guard: {file}: {found.new} runs are new, {found.known} were known{unsound}")
    return 0


def drop(where: Where, runs: Sequence[str]) -> int:
    """Forget runs by name, project or age. At least one of these must be said."""
    _, before = where.times()
    if not runs and before is None and where.project is None:
        raise GuardError("nothing says which runs to forget", "--run ID, --project NAME, or --until 90d")
    with opened(where, write=True) as store:
        named = [one_run(store, run) for run in runs] if runs else None
        count = forget.forget(store, named, where.project, before)
        store.database.give_back()
    say(f"guard: {count} runs forgotten")
    return 0


def verify(where: Where, head: str | None) -> int:
    """Check the audit trail: 0 where it is whole, 1 where an entry was altered or is missing; says which entries came late.

    Prints the hashes of the last entries; kept elsewhere and given again as `head`, one proves that none was cut off.
    """
    if head is not None and not _HASH.fullmatch(head):
        raise GuardError("--head: is no hash of an entry", "64 hexadecimal digits, as `guard history verify` prints them")
    with opened(where, write=False) as store:
        entries, heads = list(audit.links(store.database)), audit.heads(store.database)
    found = audit.problems(entries, heads) + late.problems(entries)
    if head is not None and all(one.hash != head for one in entries):
        found.append(f"entry {head[:12]} is missing: it once was the last")
    for problem in found:
        say(f"guard: {_escape(problem)}")
    if found:
        return 1
    click.echo(f"{len(entries)} entries, none altered, none missing")
    for note in late.notes(entries):
        click.echo(_escape(note))
    for one in heads:
        click.echo(f"head {one}")
    return 0


def one_run(store: SqlStore, run_id: str) -> str:
    """The full id of the run that is meant. Raises GuardError where there is none, or more than one."""
    found = store.find(run_id) if run_id else []
    if len(found) == 1:
        return found[0]
    if not found:
        raise GuardError(f"no run {run_id[:80]!r} in the history", "guard history show lists them")
    raise GuardError(f"{run_id!r} is the beginning of {len(found)} runs", f"give more of it: {', '.join(found[:3])}")


def _masker(env: Mapping[str, str] | None = None) -> Masker:
    return Masker.from_environment(os.environ if env is None else env, ())


def _escape(text: str) -> str:
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return PLATFORMS[detect.platform(os.environ)].escape(shown)


__all__ = ["Where", "drop", "export", "guarded", "merge", "one_run", "opened", "show", "take", "verify"]
