"""The classifier by the standard library alone: the features, pieces and answers that numpy and onnxruntime give."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from pathlib import Path

import pytest

from guard.diagnosis import model as models
from guard.diagnosis.classify import _by_library
from guard.diagnosis.features import features
from guard.diagnosis.grams import grams
from guard.diagnosis.lines import Log
from guard.diagnosis.plain import model as plain
from guard.diagnosis.plain import pieces, tables
from guard.diagnosis.plain.score import STEPS, Scorer
from guard.types import Command, LogWindow, Outcome, Telemetry

CORPUS = Path(__file__).parents[2] / "models" / "corpus"
ODD = (
    "HTTPServer aBC ABc ABCd XMLHttpRequest X1Y2Z3W4",
    "a1b2c3d4e5f6 12345 123 4567_89ab deadbeef00 sha512-AAAA1111bbbb",
    "\tabc\t\tdef   (x) --- :: ",
    "é¿ ÀB ßtraße İstanbul 𝒳 中文 \ud800",
    "",
    " ",
    "x" * 5000,
    "::error file=a.c,line=3::" * 40,
    "\x00\x01 \x7f ￾",
)


def sample() -> list[str]:
    """Every hundredth log of the corpus."""
    texts = []
    for path in sorted(CORPUS.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            texts += [json.loads(line)["text"] for line in file][::100]
    return texts


def lines_of(text: str) -> list[str]:
    log = Log(LogWindow(head=text.encode("utf-8", "replace")))
    return [log.text(index) for index in range(min(len(log), 400))]


@pytest.mark.parametrize("lines", [list(ODD), *([line] for line in ODD)])
def test_odd_lines_have_the_same_features_and_pieces(lines: list[str]) -> None:
    agree(lines)


def test_logs_of_the_corpus_have_the_same_features_and_pieces() -> None:
    texts = sample()
    assert len(texts) > 20
    for text in texts:
        agree(lines_of(text))


def agree(lines: list[str]) -> None:
    expected = defaultdict(list)
    found = features(lines)
    for number, line in zip(found.buckets.tolist(), found.lines.tolist(), strict=True):
        expected[line].append(number)
    for index, line in enumerate(lines):
        assert sorted(pieces.features(line)) == sorted(expected[index]), line
    whole = grams(lines[:60])
    assert dict(pieces.grams(lines[:60])) == dict(zip(whole.buckets.tolist(), map(int, whole.counts.tolist()), strict=True))


def test_answers_are_those_of_the_library() -> None:
    for text in ["", "\n\n", *sample()[:25], "one line and the same\n" * 2500]:
        window = LogWindow(head=text.encode("utf-8", "replace"))
        outcome = Outcome(Command(("x",)), 1, 137, 9, "signalled", 1.0, window, Telemetry())
        expected = _by_library(models.load(), Log(window), outcome)
        found = plain.answer(Log(window), outcome)
        assert found.probabilities == pytest.approx(dict(expected.probabilities), abs=1e-5)
        assert found.salience == pytest.approx(dict(expected.salience), abs=1e-5)
        assert found.arbitration == expected.arbitration


def test_the_shipped_file_computes_what_this_version_computes() -> None:
    """A model that is exported with other steps needs them in `plain.score`, and this digest anew."""
    assert tables.read(models.checked().data).steps == STEPS


def test_a_file_that_computes_otherwise_is_refused() -> None:
    with pytest.raises(tables.Unreadable, match="computes otherwise"):
        Scorer(tables.Tables({}, {}, "0" * 16))


@pytest.mark.parametrize("size", [1, 7, 100, 5000, 4_500_000])
def test_a_file_that_is_cut_off_is_refused(size: int) -> None:
    data = models.checked().data[:size]
    try:
        found = tables.read(data)
    except tables.Unreadable:
        return
    with pytest.raises(tables.Unreadable):
        Scorer(found)
