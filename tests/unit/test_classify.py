"""The classifier: what it reads, what it answers, and that guard goes on without it."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from guard.diagnosis import classify as classifying
from guard.diagnosis import diagnose as diagnosing
from guard.diagnosis import model as models
from guard.diagnosis.arbitrate import VOICES, arbitrate
from guard.diagnosis.classify import Guess, classify
from guard.diagnosis.features import features, word_buckets
from guard.diagnosis.grams import CHARACTERS, grams
from guard.diagnosis.lines import Log
from guard.diagnosis.plain import model as plain
from guard.diagnosis.reading import ENDINGS, MOST, PASSAGE, choose, ending, passage, read
from guard.types import LABELS, Command, LogWindow, NoMemory, Outcome, Telemetry


def outcome(text: str, exit_code: int = 1) -> Outcome:
    return Outcome(Command(("x",)), 1, exit_code, None, "exited", 1.0, LogWindow(head=text.encode()), Telemetry())


def opinion(text: str) -> Guess:
    one = outcome(text)
    return classify(Log(one.window), one)


def of_line(lines: list[str], index: int) -> list[int]:
    found = features(lines)
    return found.buckets[found.lines == index].tolist()


def test_a_line_has_the_same_features_wherever_it_stands() -> None:
    line = "  E404: ConnectionResetError in /srv/a1b2c3d4e5f6/x.py:17"
    alone = of_line([line], 0)
    assert alone == of_line(["", "other words", "x" * 5000, line, "end"], 3)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("took 123456 ms", "took 654321 ms"),
        ("layer a1b2c3d4e5f60718", "layer 99f8e7d6c5b4a392"),
        ("Connection REFUSED", "connection refused"),
    ],
)
def test_what_differs_from_run_to_run_makes_no_difference(one: str, other: str) -> None:
    assert sorted(set(of_line([one], 0))) == sorted(set(of_line([other], 0)))


def test_a_status_is_not_just_a_number() -> None:
    assert set(of_line(["answer 503"], 0)) != set(of_line(["answer 404"], 0))


def test_words_of_a_name_are_the_words() -> None:
    assert set(word_buckets("refused")) <= set(of_line(["ConnectionRefusedError"], 0))


def test_nothing_and_bytes_of_all_kinds_are_read() -> None:
    assert len(features([]).buckets) == 0
    assert len(features(["", " "]).buckets) == 0
    assert set(features(["", "\udcff \x00 é ✗ 漢字", ""]).lines.tolist()) == {1}
    assert len(grams(["\udcff \x00 é ✗ 漢字"]).buckets) > 0


def test_pieces_stop_at_white_space_and_know_both_halves() -> None:
    found = grams(["abc def"])
    assert (np.diff(found.buckets) > 0).all()
    assert (found.buckets < CHARACTERS).sum() == 3  # two words, one pair
    twice = grams(["abc def", "abc def"])
    assert twice.counts.max() >= 2


def test_a_long_log_is_read_at_its_ends_and_where_it_tells() -> None:
    lines = [f"step {number} done" for number in range(30_000)]
    lines[15_000] = "fatal: the disk quota is exceeded, cannot write"
    log = Log(LogWindow(head="\n".join(lines).encode()))
    chosen = choose(log)
    assert len(chosen) <= MOST
    assert {0, 15_000, 29_999} <= set(chosen)


def test_how_a_command_ended_has_one_number_each() -> None:
    assert len(ending(1, None, "exited")) == len(ENDINGS)
    assert ending(137, 9, "signalled")[ENDINGS.index("signal")] == 1
    assert ending(124, None, "attempt_timeout")[ENDINGS.index("limit")] == 1
    assert ending(3, None, "exited")[ENDINGS.index("small")] == 1


def test_a_passage_holds_what_is_attended_to_and_the_end() -> None:
    salience = [0.0] * 1000
    salience[400] = 0.9
    found = passage(salience)
    assert {398, 400, 402, 999} <= set(found)
    assert len(found) <= PASSAGE + 5
    assert passage([0.1] * 20) == list(range(20))


def test_the_shipped_classifier_answers() -> None:
    found = opinion("Fetching metadata\nGET widgets: server said 503 Service Unavailable, giving up\n")
    assert set(found.probabilities) == set(LABELS)
    assert sum(found.probabilities.values()) == pytest.approx(1, abs=1e-4)
    assert sum(found.salience.values()) == pytest.approx(1, abs=1e-3)
    assert max(found.probabilities, key=lambda label: found.probabilities[label]) == "service_unavailable"


def test_the_same_log_has_the_same_answer() -> None:
    text = "x\n" * 500 + "ld: cannot find -lfoo\ncollect2: error: ld returned 1 exit status\n" + "y\n" * 500
    assert opinion(text) == opinion(text)


def test_an_empty_log_has_an_answer() -> None:
    assert opinion("").probabilities


def test_the_classifier_looks_at_the_line_that_tells() -> None:
    noise = [f"Compiling module {number} of 400" for number in range(400)]
    noise[300] = "Traceback: KeyError: 'DATABASE_PASSWORD' environment variable is not set"
    found = opinion("\n".join(noise))
    assert max(found.salience, key=lambda index: found.salience[index]) in range(297, 304)


def shipped_copy(tmp_path: Path) -> Path:
    for name in (models.FILE, models.CARD):
        shutil.copy(models.folder() / name, tmp_path / name)
    return tmp_path


def damaged(folder: Path, how: str) -> None:
    card = json.loads((folder / models.CARD).read_text())
    if how == "missing":
        (folder / models.FILE).unlink()
    elif how == "no card":
        (folder / models.CARD).unlink()
    elif how == "cut":
        data = (folder / models.FILE).read_bytes()
        (folder / models.FILE).write_bytes(data[: len(data) // 2])
    elif how == "flipped":
        data = bytearray((folder / models.FILE).read_bytes())
        data[len(data) // 2] ^= 0xFF
        (folder / models.FILE).write_bytes(data)
    elif how == "foreign":
        (folder / models.FILE).write_bytes(b"no model at all")
        import hashlib

        card["sha256"] = hashlib.sha256(b"no model at all").hexdigest()
        (folder / models.CARD).write_text(json.dumps(card))
    elif how == "other labels":
        (folder / models.CARD).write_text(json.dumps({**card, "labels": ["spam", "ham"]}))
    elif how == "other features":
        (folder / models.CARD).write_text(json.dumps({**card, "features": 0}))
    elif how == "no JSON":
        (folder / models.CARD).write_text("{")
    else:
        (folder / models.CARD).write_text("[]")


@pytest.mark.parametrize(
    "how", ["missing", "no card", "cut", "flipped", "foreign", "other labels", "other features", "no JSON", "a list"]
)
def test_without_its_model_guard_says_so_in_one_line_and_goes_on(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged(shipped_copy(tmp_path), how)
    monkeypatch.setattr(models, "folder", lambda: tmp_path)
    models.load.cache_clear()
    plain.forget()
    try:
        found = diagnosing.diagnose(outcome("curl: (6) Could not resolve host: registry.example\n"), NoMemory())
    finally:
        models.load.cache_clear()
    assert found.label == "dns_failure"
    assert found.source.startswith("signature:")
    assert "\n" not in found.without
    assert found.without.startswith("no classifier: ")


@pytest.mark.parametrize("name", ["onnxruntime", "numpy"])
def test_without_its_library_the_answer_is_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(f"Compiling module {number} of 100\n" for number in range(100)) + "Error: ECONNRESET while reading\n"
    with_library = opinion(text)
    monkeypatch.setitem(sys.modules, name, None)
    models.load.cache_clear()
    try:
        without = opinion(text)
    finally:
        models.load.cache_clear()
    assert (with_library.note, without.note) == ("", "")
    assert without.probabilities == pytest.approx(with_library.probabilities, abs=1e-5)
    assert without.salience == pytest.approx(with_library.salience, abs=1e-5)


def test_a_classifier_that_fails_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def answer(self, *_: object) -> object:
            raise RuntimeError("boom")

    monkeypatch.setattr(models, "load", Broken)
    one = outcome("x")
    assert classifying.classify(Log(one.window), one).note == "no classifier: it failed with RuntimeError"


def guess(**probabilities: float) -> Guess:
    rest = (1 - sum(probabilities.values())) / (len(LABELS) - len(probabilities))
    return Guess({label: probabilities.get(label, rest) for label in LABELS}, {}, {"model": 1.0})


def test_arbitration_is_a_distribution_and_the_likeliest_is_first() -> None:
    ranked = arbitrate(guess(hang=0.8), [], None, 10, 0.3)
    assert sum(ranked.values()) == pytest.approx(1)
    assert list(ranked.values()) == sorted(ranked.values(), reverse=True)
    assert next(iter(ranked)) == "hang"
    assert ranked["hang"] == pytest.approx(0.8)


def test_every_voice_of_the_card_is_one_that_is_heard() -> None:
    assert set(opinion("x").arbitration) == set(VOICES)


def test_alternatives_and_the_first_are_at_most_certain() -> None:
    found = diagnosing.diagnose(outcome("E   assert 3 == 4\n1 failed in 0.1s\nread timed out after 30 s\n"), NoMemory())
    assert found.probability + sum(one.probability for one in found.alternatives) <= 1.0001


def test_training_reads_what_use_reads() -> None:
    from models.classifier.corpus import document
    from models.data import Example

    text = b"\x1b[31mfatal\x1b[0m: repository not found\r\n" * 3
    made = document(Example("x", "auth_failure", (), "g", "own lab", 128, text))
    used = read(Log(LogWindow(head=text)), 128)
    assert (made.ids == used.features.buckets).all()
    assert (made.positions == used.positions).all()
