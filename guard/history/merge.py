"""Copies of a history that grew apart (a CI's cache, parallel jobs) → one, without counting a run twice.

The other file is untrusted: opened for reading alone, refused where it holds anything but our tables, and of it only
runs that pass the schema, feedback and audit entries of bounded size are taken, what waits beside it (`FILE.spool`) too; all
else is worked out anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from guard.diagnosis.mask import Masker
from guard.errors import GuardError
from guard.history import audit, late, spool, sqlite
from guard.history.checking import Unsound, checked, parsed
from guard.history.entry import Entry, entry
from guard.history.exchange import masked
from guard.history.forget import delete_runs
from guard.history.migrations import MIGRATIONS
from guard.history.store import LARGEST_DOCUMENT, Feedback, SqlStore, unpacked
from guard.types import LABELS

LARGEST_FILE = 4 << 30
_AT_ONCE = 500
_FORGOTTEN_BUT_THERE = """
    SELECT run_id FROM pipeguard_forgotten WHERE run_id IN
    (SELECT run_id FROM pipeguard_feedback UNION SELECT run_id FROM pipeguard_audit WHERE body IS NOT NULL)"""
_LONGEST_WORD = 1_000


@dataclass
class Merged:
    """What a merge found."""

    new: int = 0
    known: int = 0
    unsound: int = 0


def merge(store: SqlStore, path: str, masker: Masker) -> Merged:
    """Take in another SQLite history, all of it or nothing; its runs masked once more. Raises GuardError for what cannot be read."""
    try:
        size = os.stat(path).st_size
    except OSError as error:
        raise GuardError(f"{path}: {error.strerror}", "name a file that `guard run` wrote") from error
    if size > LARGEST_FILE:
        raise GuardError(f"{path} is larger than {LARGEST_FILE >> 30} GiB")
    if _same_file(store, path):
        raise GuardError(f"{path} is this history itself")
    # A link would be followed by SQLite: what it points to is what is checked and read.
    other = sqlite.open_file(os.path.realpath(path), create=False, read_only=True)
    if other is None:
        raise GuardError(f"{path}: no such file")
    try:
        if other.version() != len(MIGRATIONS):
            raise GuardError(f"{path} is of an older form", "run `guard history show --store sqlite:FILE` on it once")
        return _merged(store, SqlStore(other), spool.waiting(f"{os.path.realpath(path)}.spool"), masker)
    finally:
        other.close()


def _merged(store: SqlStore, other: SqlStore, waiting: Sequence[str], masker: Masker) -> Merged:
    """`waiting`: the lines of the other's spool."""
    result = Merged()
    with store.database.transaction(write=True):
        forgotten = [str(row[0]) for row in other.database.all("SELECT run_id FROM pipeguard_forgotten LIMIT 1000000")]
        result.new = store.insert(_entries(store, other, result, masker), bring_back=False)
        result.new += store.insert(_passed(waiting, result, masker), bring_back=False)
        store.insert_feedback(_feedback(other))
        audit.join(store.database, _links(other), [head for head in audit.heads(other.database) if len(head) == 64])
        late.join(store.database, waiting)
        # Theirs, and our own of which the copy still knew something.
        again = {str(row[0]) for row in store.database.all(_FORGOTTEN_BUT_THERE)}
        if again or forgotten:
            delete_runs(store.database, sorted(again | set(forgotten)), remember=True)
    result.known -= result.new
    return result


def _entries(store: SqlStore, other: SqlStore, result: Merged, masker: Masker) -> Iterator[Entry]:
    """The runs that the other has besides; what is known already is not looked at."""
    statement = "SELECT id, document FROM pipeguard_runs WHERE length(document) <= ? ORDER BY started_at, id"
    rows = other.database.stream(statement, (LARGEST_DOCUMENT,))
    while some := tuple(islice(rows, _AT_ONCE)):
        known = store.known([run_id for run_id, _ in some if isinstance(run_id, str)])
        for run_id, packed in some:
            if run_id in known:
                result.known += 1
                continue
            try:
                if not isinstance(packed, bytes):
                    raise Unsound("no document")
                document = checked(unpacked(packed))
                if document["id"] != run_id:
                    raise Unsound("another id")
            except (ValueError, RecursionError):
                result.unsound += 1
                continue
            result.known += 1
            yield entry(masked(document, masker))


def _passed(waiting: Sequence[str], result: Merged, masker: Masker) -> Iterator[Entry]:
    """The runs that wait beside the other: a line that is none may be an entry of the trail, or half of a line."""
    for line in waiting:
        try:
            document = parsed(line)
        except Unsound:
            continue
        result.known += 1
        yield entry(masked(document, masker))


def _feedback(other: SqlStore) -> Iterator[Feedback]:
    for one in other.feedback():
        sound = all(isinstance(word, str) and len(word) <= _LONGEST_WORD for word in one)
        if sound and one.kind in ("label", "wrong_heal", "clear") and (one.label in LABELS or not one.label):
            yield one


def _links(other: SqlStore) -> Iterator[audit.Link]:
    for one in audit.links(other.database):
        texts = (one.hash, one.previous, one.run_id, one.at, one.body_hash)
        if not all(isinstance(text, str) and len(text) <= 64 * _LONGEST_WORD for text in texts) or not isinstance(one.number, int):
            continue
        if one.body is None or (isinstance(one.body, str) and len(one.body) <= audit.LONGEST_BODY):
            yield one


def _same_file(store: SqlStore, path: str) -> bool:
    own = getattr(store.database, "path", None)
    return isinstance(own, str) and os.path.exists(own) and os.path.samefile(own, path)
