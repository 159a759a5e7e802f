"""The audit trail: what remedies did and who allowed it, each entry bound to those before it by its hash.

An entry names by hash all that were last when it was written; so entries form one chain, and after a merge of copies
that grew apart, branches that the next entry ties together. What is last is noted apart: an entry that vanishes
leaves a hole or a missing end, and an altered one no longer has its hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple

from guard.history.checking import UNKEEPABLE
from guard.history.database import Database

LONGEST_BODY = 256 << 10
_FIELDS = "hash, previous, run_id, number, at, body_hash, body"
_AT_ONCE = 500
_ENTRY_BYTES = 450
"""Of an entry without its text: four hashes and two names, and the same again in part in two indexes."""


class Link(NamedTuple):
    """One entry as stored."""

    hash: str
    previous: str
    """Hashes, comma-separated; "" for the very first."""
    run_id: str
    number: int
    """Of the attempt."""
    at: str
    body_hash: str
    body: str | None
    """JSON; None: its run was forgotten."""


def append(database: Database, run_id: str, number: int, body: Mapping[str, Any]) -> str:
    """Add an entry, inside the caller's transaction. Returns its hash."""
    text = text_of(body)
    at = now()
    found = (",".join(heads(database)), run_id, number, at, _digest(text))
    name = _hash(*found)
    database.execute(f"INSERT INTO pipeguard_audit ({_FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?)", (name, *found, text))
    database.execute("DELETE FROM pipeguard_heads")
    database.execute("INSERT INTO pipeguard_heads (hash) VALUES (?)", (name,))
    return name


def text_of(body: Mapping[str, Any]) -> str:
    """The text of an entry; without what no store holds: a path may hold bytes that are no text."""
    return UNKEEPABLE.sub("\ufffd", json.dumps(body, ensure_ascii=False, sort_keys=True))[:LONGEST_BODY]


def sealed(previous: str, run_id: str, number: int, at: str, text: str) -> str:
    """The hash of an entry over all that it says and over those before it."""
    return _hash(previous, run_id, number, at, _digest(text))


def links(database: Database, run_id: str | None = None) -> Iterator[Link]:
    """The entries, oldest first; of one run where one is given."""
    where, values = (" WHERE run_id = ?", (run_id,)) if run_id is not None else ("", ())
    for row in database.stream(f"SELECT {_FIELDS} FROM pipeguard_audit{where} ORDER BY at, hash", values):
        yield Link(*row)


def heads(database: Database) -> list[str]:
    """The hashes of the last entries: whoever keeps them elsewhere can prove later that none was cut off."""
    return sorted(row[0] for row in database.all("SELECT hash FROM pipeguard_heads"))


def problems(entries: Sequence[Link], noted_heads: Iterable[str]) -> list[str]:
    """What is wrong with a trail: altered and missing entries, one sentence each."""
    found = []
    known = {one.hash for one in entries}
    named = {previous for one in entries for previous in one.previous.split(",") if previous}
    forgotten = _forgotten(entries)
    for one in entries:
        if one.hash != _hash(one.previous, one.run_id, one.number, one.at, one.body_hash):
            found.append(f"entry {one.hash[:12]} of run {one.run_id} ({one.at}) was altered")
        elif one.body is not None and _digest(one.body) != one.body_hash:
            found.append(f"the text of entry {one.hash[:12]} of run {one.run_id} ({one.at}) was altered")
        elif one.body is None and one.run_id not in forgotten:
            found.append(f"the text of entry {one.hash[:12]} of run {one.run_id} ({one.at}) is missing, though its run was not forgotten")
    found += [f"entry {missing[:12]} is missing: a later one names it" for missing in sorted(named - known)]
    noted = set(noted_heads)
    found += [f"entry {missing[:12]} is missing: it was the last" for missing in sorted(noted - known)]
    found += [f"entry {extra[:12]} stands at the end, but was never noted as the last" for extra in sorted(known - named - noted)]
    return found


def used_bytes(database: Database) -> int:
    """About what the trail takes up, with its indexes."""
    count, texts = database.all("SELECT count(*), coalesce(sum(length(body)), 0) FROM pipeguard_audit")[0]
    return int(texts) + int(count) * _ENTRY_BYTES


def forget(database: Database, runs: Sequence[str]) -> None:
    """Take the texts of these runs out of the trail and say so in it; their hashes stay, so the chain holds."""
    for start in range(0, len(runs), _AT_ONCE):
        some = runs[start : start + _AT_ONCE]
        marks = ", ".join("?" * len(some))
        found = [row[0] for row in database.all(f"SELECT DISTINCT run_id FROM pipeguard_audit WHERE run_id IN ({marks}) AND body IS NOT NULL", some)]
        if found:
            database.execute(f"UPDATE pipeguard_audit SET body = NULL WHERE run_id IN ({marks})", some)
            append(database, "", 0, {"what": "forget", "runs": sorted(found)})


def join(database: Database, entries: Iterable[Link], noted_heads: Iterable[str]) -> None:
    """Add the entries of another copy as they are: a fault in them is for `verify` to find, not for a merge to hide."""
    for one in entries:
        database.execute(
            f"INSERT INTO pipeguard_audit ({_FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING", tuple(one)
        )
    named = {
        previous for row in database.all("SELECT previous FROM pipeguard_audit") for previous in row[0].split(",") if previous
    }
    wanted = (set(heads(database)) | set(noted_heads)) - named
    database.execute("DELETE FROM pipeguard_heads")
    database.many("INSERT INTO pipeguard_heads (hash) VALUES (?)", [(name,) for name in sorted(wanted)])


def now() -> str:
    """This moment, UTC, ISO 8601, to the microsecond."""
    return datetime.now(timezone.utc).isoformat(timespec="microseconds")


def _forgotten(entries: Sequence[Link]) -> set[str]:
    found: set[str] = set()
    for one in entries:
        if one.body is not None and one.run_id == "":
            try:
                body = json.loads(one.body)
                found.update(str(name) for name in body["runs"] if body["what"] == "forget")
            except (ValueError, TypeError, LookupError, RecursionError):
                continue
    return found


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _hash(previous: str, run_id: str, number: int, at: str, body_hash: str) -> str:
    # As JSON, so that no text can be read as two fields.
    return _digest(json.dumps([previous, run_id, number, at, body_hash]))
