"""Runs as JSON Lines, one `pipeguard.run/1` a line: out of a store, and from an untrusted file into one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import IO, Any

from guard.diagnosis.mask import Masker
from guard.errors import GuardError
from guard.history.checking import LONGEST_LINE, Unsound, parsed, shortened
from guard.history.entry import Entry, entry
from guard.history.store import SqlStore
from guard.report.result import masked_value

MOST_RUNS = 5_000_000


def exported(store: SqlStore, since: str | None, until: str | None, project: str | None, branch: str | None) -> Iterator[str]:
    """One line a run, without its line end, in the order in which they began."""
    for document in store.documents(since, until, project, branch):
        yield json.dumps(document, ensure_ascii=False)


def take(store: SqlStore, lines: Iterable[str], name: str, masker: Masker) -> tuple[int, int]:
    """Keep the runs of a file: all, or none where one is wrong. Returns how many are new and how many there were.

    Masked once more: whoever wrote the file may not have. Raises GuardError with the number of the line.
    """
    counted = [0]

    def entries() -> Iterator[Entry]:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            counted[0] += 1
            if counted[0] > MOST_RUNS:
                raise GuardError(f"{name}:{number}: more than {MOST_RUNS} runs", "import it in parts")
            try:
                document = parsed(line)
            except Unsound as problem:
                raise GuardError(f"{name}:{number}: {problem}", "nothing was imported") from problem
            yield entry(masked(document, masker))

    new = store.record(entries())
    return new, counted[0]


def masked(document: dict[str, Any], masker: Masker) -> dict[str, Any]:
    """A checked document as it is kept: masked here too, whoever wrote it, and shortened; by its id it is known."""
    found: dict[str, Any] = masked_value(shortened(document), masker)
    return {**found, "id": document["id"]}


def lines_of(file: IO[bytes], name: str) -> Iterator[str]:
    """The lines of a file, each bounded. Raises GuardError for a line that is too long or no UTF-8."""
    number = 0
    while True:
        number += 1
        data = file.readline(LONGEST_LINE + 1)
        if not data:
            return
        if number == 1 and data.strip() == b"{":
            # A result file as `guard run` writes it: one run, over many lines.
            data += file.read(LONGEST_LINE + 1 - len(data))
        if len(data) > LONGEST_LINE:
            raise GuardError(f"{name}:{number}: longer than {LONGEST_LINE >> 20} MiB", "nothing was imported")
        try:
            # A byte order mark at the beginning of a file is no part of its text.
            yield data.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise GuardError(f"{name}:{number}: no UTF-8", "nothing was imported") from error
