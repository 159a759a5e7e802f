"""Labelled failures → examples: excerpts (JSON Lines, also gzipped) and folders of whole logs, read as guard reads them."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from guard.diagnosis.lines import Log
from guard.types import LABELS, Command, LogWindow, Outcome, Telemetry

PASSED_LABEL = "passed"
"""Of a run that did not fail: noise to train beside, no failure to classify."""
LABEL_NAMES: tuple[str, ...] = tuple(sorted(LABELS))


@dataclass(frozen=True)
class Example:
    """One failure with its label."""

    id: str
    label: str
    """A label of the taxonomy, or `passed` for a run that did not fail."""
    also: tuple[str, ...]
    """Labels that can be defended too."""
    group: str
    """What must stay on one side of a split: the project of a real log, the tool of one made in the lab."""
    source: str
    exit_code: int
    data: bytes
    evidence: tuple[tuple[int, int], ...] = field(default=())
    """Ranges of lines (from 1, both ends in, counted at LF) that prove the label."""
    whole: bool = False
    """Whether it is a whole log rather than an excerpt."""


def outcome_of(example: Example) -> Outcome:
    """The outcome of a command that printed the example's text."""
    return Outcome(
        command=Command(argv=("?",)),
        number=1,
        exit_code=example.exit_code,
        signal=None,
        ended="exited",
        duration_s=1.0,
        window=LogWindow(head=example.data),
        telemetry=Telemetry(),
    )


def log_of(example: Example) -> Log:
    """The example's lines as guard sees them."""
    return Log(LogWindow(head=example.data))


def load(paths: Sequence[Path]) -> list[Example]:
    """The examples of files of excerpts (`.jsonl`, `.jsonl.gz`) and folders of whole logs (`index.jsonl` inside).

    Raises:
        ValueError: a path is neither.
    """
    found: list[Example] = []
    for path in paths:
        if path.is_dir() and (path / "index.jsonl").exists():
            found += _whole(path)
        elif path.is_dir():
            found += load(sorted(path.glob("*.jsonl*")))
        elif path.name.endswith((".jsonl", ".jsonl.gz")):
            found += _excerpts(path)
        else:
            raise ValueError(f"{path}: neither a .jsonl file nor a folder with an index.jsonl")
    return found


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text(encoding="utf-8")
    yield from (json.loads(line) for line in text.split("\n") if line)


def _excerpts(path: Path) -> Iterator[Example]:
    for row in _rows(path):
        lab = "scenario" in row
        yield Example(
            id=row["id"],
            label=row["label"],
            also=(row["alt"],) if row.get("alt") else (),
            group=row["tool"] if lab or row.get("provenance") == "lab" else row.get("project") or row["tool"],
            source="own lab" if lab else row.get("provenance", "?"),
            exit_code=1 if row.get("exit_code") is None else row["exit_code"],
            data=row["text"].encode("utf-8", "surrogatepass"),
            evidence=tuple((line, line) for line in row.get("evidence", ())),
        )


def _whole(folder: Path) -> Iterator[Example]:
    for row in _rows(folder / "index.jsonl"):
        data = gzip.decompress((folder / row["log"]).read_bytes())
        ranges = row.get("evidence") or row.get("key") or []
        yield Example(
            id=row["id"],
            label=row["label"],
            also=tuple(row.get("also") or ()),
            group=row["id"].split("/")[-1].split("__")[0],
            source="whole",
            exit_code=1,
            data=data,
            evidence=tuple(_at_lf(data, ranges)),
            whole=True,
        )


def _at_lf(data: bytes, ranges: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Ranges counted with universal newlines → counted at LF, as guard counts."""
    if not ranges:
        return
    numbers = [0]
    lf = 1
    for line in io.StringIO(data.decode("utf-8", "replace"), newline=""):
        numbers.append(lf)
        lf += line.endswith("\n")
    for low, high in ranges:
        yield numbers[min(low, len(numbers) - 1)], numbers[min(high, len(numbers) - 1)]
