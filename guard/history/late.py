"""Entries of the audit trail that could not be written when they happened: lines in the spool, taken into the chain later.

While a store is locked or its server gone, an entry waits as a line beside the store. The line is sealed by its hash over
what it says and over the entry of its run before it, and the last line of a run says how many waited. Taken in, the entry
stands in the chain where it arrived, with its seal: so that it came late is seen, and so is one that was altered while it
waited, one that is gone from between or from the end, and one that was put in.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from guard.history import audit
from guard.history.checking import Unsound, shortened, utc
from guard.history.database import Database

SCHEMA = "pipeguard.audit/1"
CLOSED = "closed"
"""What the last line of a run says: how many came before it."""
LONGEST = audit.LONGEST_BODY // 2
"""Characters of an entry's text."""
_CORE = ("what", "remedy", "summary", "allowed_by", "attempt")
_LONGEST_LINE = 8 * audit.LONGEST_BODY
_LONGEST_NAME = 200


class Waiting:
    """The entries of one run that wait, as lines of the spool."""

    def __init__(self, run_id: str, previous: str) -> None:
        """`previous`: the hash of the run's last entry that is in the chain; "" where none is."""
        self._run_id = run_id
        self._previous = previous
        self._count = 0

    def line(self, number: int, body: Mapping[str, Any], at: str) -> str:
        """The line of one entry; `at`: when it happened."""
        text = audit.text_of(shortened(dict(body)))
        if len(text) > LONGEST:
            text = audit.text_of({name: body[name] for name in _CORE if name in body} | {"cut": True})
        seal = audit.sealed(self._previous, self._run_id, number, at, text)
        found = {"schema": SCHEMA, "run": self._run_id, "number": number, "at": at, "body": text, "previous": self._previous, "seal": seal}
        self._previous = seal
        self._count += 1
        return json.dumps(found)

    def last(self, number: int, at: str) -> str:
        """The line that says that no more follow."""
        return self.line(number, {"what": CLOSED, "entries": self._count}, at)


def join(database: Database, lines: Iterable[str]) -> int:
    """Add the entries among the lines of a spool, inside the caller's transaction; returns how many.

    What no guard would write is left out, as is what came already and what is of a forgotten run. An entry whose seal does
    not fit is taken as it is: that is for `problems` to find.
    """
    added = 0
    for line in lines:
        found = _read(line)
        if found is None:
            continue
        run_id, number, body = found
        if _is_known(database, run_id, body):
            continue
        audit.append(database, run_id, number, body)
        added += 1
    return added


def problems(entries: Sequence[audit.Link]) -> list[str]:
    """What is wrong with entries that came late, one sentence each."""
    found = []
    known = {one.hash for one in entries}
    for run_id, late in _by_run(entries).items():
        seals = {str(body["waited"].get("seal")) for _, body in late}
        for link, body in late:
            if not _fits(link, body):
                found.append(f"entry {link.hash[:12]} of run {run_id} was altered while it waited")
            elif (before := body["waited"]["previous"]) and before not in seals and before not in known:
                found.append(f"entry {before[:12]} of run {run_id} is missing: it waited, and a later one names it")
        closing = [body for _, body in late if body.get("what") == CLOSED]
        if closing and len(late) - len(closing) != closing[-1].get("entries"):
            found.append(f"of run {run_id} {closing[-1].get('entries')} entries waited, and {len(late) - len(closing)} came")
    return found


def notes(entries: Sequence[audit.Link]) -> list[str]:
    """What is no fault, but what whoever checks the trail should know, one sentence each."""
    found = []
    for run_id, late in _by_run(entries).items():
        number = sum(body.get("what") != CLOSED for _, body in late)
        moments = sorted(str(body["waited"].get("at")) for _, body in late)
        came = max(link.at for link, _ in late)
        said = f"{number} {'entry' if number == 1 else 'entries'} of run {run_id} came late: noted from {moments[0][:19]} on, in the trail since {came[:19]}"
        if all(body.get("what") != CLOSED for _, body in late):
            said += "; the run was cut short, or what it noted last is gone"
        found.append(said)
    return found


def came_late(body: Mapping[str, Any]) -> bool:
    """Whether the text of an entry is that of one that waited."""
    return isinstance(body.get("waited"), dict)


def _read(line: str) -> tuple[str, int, dict[str, Any]] | None:
    """(run, number, body with its seal); None for a line of something else."""
    if SCHEMA not in line or len(line) > _LONGEST_LINE:
        return None
    try:
        found = json.loads(line)
        run_id, number, at, text = found["run"], found["number"], found["at"], found["body"]
        body = json.loads(text)
        utc(at)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, Unsound):
        return None
    texts = (run_id, at, found.get("previous"), found.get("seal"))
    if found.get("schema") != SCHEMA or not isinstance(body, dict) or not all(isinstance(one, str) and len(one) <= _LONGEST_NAME for one in texts):
        return None
    # A bool is an int too, and no number of an attempt.
    if type(number) is not int or not 0 <= number <= 1_000_000 or not run_id.isprintable() or not run_id or len(text) > LONGEST:
        return None
    body["waited"] = {"at": at, "previous": found["previous"], "seal": found["seal"]}
    return run_id, number, body


def _is_known(database: Database, run_id: str, body: Mapping[str, Any]) -> bool:
    """Whether the entry is there already, or its run was forgotten."""
    if database.all("SELECT 1 FROM pipeguard_forgotten WHERE run_id = ?", (run_id,)):
        return True
    return any((body_of(link) or {}).get("waited") == body["waited"] for link in list(audit.links(database, run_id)))


def body_of(link: audit.Link) -> dict[str, Any] | None:
    """What an entry says; None where it was forgotten or cannot be read."""
    try:
        found = json.loads(link.body or "")
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _without_seal(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "waited"}


def _by_run(entries: Sequence[audit.Link]) -> dict[str, list[tuple[audit.Link, dict[str, Any]]]]:
    """The late entries of each run whose texts are there."""
    found: dict[str, list[tuple[audit.Link, dict[str, Any]]]] = {}
    for link in entries:
        body = body_of(link) if link.run_id and link.body and '"waited"' in link.body else None
        if body is not None and came_late(body):
            found.setdefault(link.run_id, []).append((link, body))
    return found


def _fits(link: audit.Link, body: Mapping[str, Any]) -> bool:
    waited = body["waited"]
    previous, at, seal = waited.get("previous"), waited.get("at"), waited.get("seal")
    if not all(isinstance(one, str) for one in (previous, at, seal)):
        return False
    return bool(audit.sealed(previous, link.run_id, link.number, at, audit.text_of(_without_seal(body))) == seal)
