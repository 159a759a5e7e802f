"""Patterns are read alike by the package `regex` and, where it is not installed, by the standard library's `re`."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from guard import patterns
from guard.diagnosis import match
from guard.diagnosis.classify import Guess
from guard.diagnosis.diagnose import diagnose
from guard.diagnosis.lines import Log
from guard.diagnosis.match import Matcher
from guard.signatures.load import read, shipped, sources
from guard.signatures.selftest import faults
from guard.types import Command, LogWindow, NoMemory, Outcome, Telemetry

CORPUS = Path(__file__).parents[2] / "models" / "corpus"


@pytest.fixture
def without_regex(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(patterns, "regex", None)
    patterns.compiled.cache_clear()
    yield
    patterns.compiled.cache_clear()


def test_each_shipped_pattern_compiles_and_holds_its_examples_with_re(without_regex: None) -> None:
    wrong = {one.id: found for path in sources() for one in read(path) if (found := faults(one))}
    assert not wrong


def test_hits_and_groups_are_the_same_on_every_example(monkeypatch: pytest.MonkeyPatch) -> None:
    signatures = [one for path in sources() for one in read(path)]
    text = "\n".join(line for one in signatures for line in (*one.match, *one.no_match))
    log = Log(LogWindow(head=text.encode()))
    by_regex = hits(log)
    monkeypatch.setattr(patterns, "regex", None)
    assert by_regex == hits(log)
    assert len(by_regex) > 3000


def hits(log: Log) -> list[tuple[int, str, dict[str, str]]]:
    patterns.compiled.cache_clear()
    found = [(hit.index, hit.signature.id, dict(hit.groups)) for hit in Matcher(shipped()).hits(log)]
    patterns.compiled.cache_clear()
    return found


def test_a_diagnosis_is_the_same_on_logs_of_the_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    with gzip.open(CORPUS / "net.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file][::12]
    by_regex = [told(row["text"]) for row in rows]
    monkeypatch.setattr(patterns, "regex", None)
    assert by_regex == [told(row["text"]) for row in rows]


def told(text: str) -> object:
    patterns.compiled.cache_clear()
    outcome = Outcome(Command(argv=("x",)), 1, 1, None, "exited", 1.0, LogWindow(head=text.encode()), Telemetry())
    return diagnose(outcome, NoMemory(), ask=lambda log, outcome: Guess())


@pytest.mark.usefixtures("without_regex")
@pytest.mark.parametrize("pattern", ["(a|a)*b", "(?:a+)+b", "a*a*a*a*b", "(?:a{0,40}){30}b"])
def test_a_pattern_that_takes_for_ever_is_given_up(pattern: str) -> None:
    with pytest.raises(TimeoutError):
        patterns.compiled(pattern).search("a" * 4000, timeout=0.05)
    assert match.found(pattern, "a" * 4000) is None


@pytest.mark.usefixtures("without_regex")
@pytest.mark.parametrize("pattern", ["a|(?i)b", r"\p{L}+", "(?:colour){e<=1}", "[[:alpha:]]", "(?P<x>", r"(?|(a)|(b))", r"\m"])
def test_what_re_would_read_otherwise_is_refused_without_regex(pattern: str) -> None:
    with pytest.raises(patterns.BadPattern, match="regex"):
        patterns.compiled(pattern)


@pytest.mark.usefixtures("without_regex")
def test_a_search_by_lines_finds_what_spans_them() -> None:
    assert patterns.compiled("^b$", by_line=True).search("a\nb\nc", timeout=1) is not None
    assert patterns.compiled("^b$").search("a\nb\nc", timeout=1) is None
    assert patterns.compiled(r"a\s+b").search("a\nb", timeout=1) is not None
