"""Training: what is composed keeps its label, no group is on two sides, the same data gives the same file."""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from guard.diagnosis.reading import choose
from guard.types import LABELS, UNSURE
from models.classifier.cost import GRID, PERSON, threshold
from models.classifier.whole import COMPOSED, Framer, Noise, noise_of, whole_logs
from models.data import LABEL_NAMES, PASSED_LABEL, Example, log_of


def example(name: str, label: str, text: str, group: str = "g", **more: object) -> Example:
    return replace(Example(name, label, (), group, "own lab", 1, text.encode()), **more)  # type: ignore[arg-type]


def passed(group: str = "g", lines: int = 300) -> Example:
    return example("p", PASSED_LABEL, "\n".join(f"step {number} went well" for number in range(lines)), group)


TRANSIENT = example("n", "connection_failure", "curl: (56) Recv failure: Connection reset by peer")
FAILURE = example("c", "compile_error", "make all\ncalc.c:3:5: error: 'x' undeclared\nmake: *** [all] Error 1\n", evidence=((2, 2),))


def test_what_proves_the_label_is_still_marked_in_a_whole_log() -> None:
    framer = Framer(noise_of([passed()]), [TRANSIENT], 1)
    for _ in range(60):
        found = framer.whole(FAILURE)
        log = log_of(found)
        assert [log.text(line - 1) for low, high in found.evidence for line in range(low, high + 1)] == [
            "calc.c:3:5: error: 'x' undeclared"
        ]
        assert (found.label, found.group, found.exit_code) == (FAILURE.label, FAILURE.group, FAILURE.exit_code)
        assert found.source.endswith(COMPOSED)
        assert len(log) >= 30


def test_an_excerpt_without_marks_is_marked_as_a_whole() -> None:
    found = Framer(noise_of([passed()]), [], 3).whole(replace(FAILURE, evidence=()))
    ((low, high),) = found.evidence
    assert [log_of(found).text(line - 1) for line in range(low, high + 1)] == FAILURE.data.decode().rstrip().split("\n")


def test_a_failure_that_was_survived_stands_before_one_that_it_does_not_explain() -> None:
    framer = Framer(noise_of([passed()]), [TRANSIENT], 2)
    survived = 0
    for _ in range(60):
        text = framer.whole(FAILURE).data
        if b"Connection reset" in text:
            survived += 1
            assert text.index(b"Connection reset") < text.index(b"undeclared")
    assert 5 < survived < 40
    network = replace(FAILURE, label="corrupt_artifact")
    assert not any(b"Connection reset" in framer.whole(network).data for _ in range(60))


def test_only_excerpts_are_put_into_whole_logs_and_the_same_ones_each_time() -> None:
    texts = [replace(FAILURE, id=str(number)) for number in range(50)]
    whole = replace(FAILURE, id="w", whole=True)
    found = whole_logs([*texts, whole, passed()], 7)
    assert 5 < len(found) < 45
    assert "w/whole" not in {one.id for one in found}
    assert [one.data for one in found] == [one.data for one in whole_logs([*texts, whole, passed()], 7)]
    assert whole_logs(texts, 7) == []


def test_noise_of_a_failed_log_ends_long_before_its_evidence() -> None:
    log = example("l", "lint_error", "\n".join(f"line {number}" for number in range(1, 500)), whole=True, evidence=((400, 402),))
    assert noise_of([log]) == [Noise("g", tuple(b"line %d" % number for number in range(1, 301)))]
    assert noise_of([replace(log, evidence=((90, 91),))]) == []


def certain(label: str, sure: float) -> list[float]:
    rest = (1 - sure) / (len(LABELS) - 1)
    return [sure if name == label else rest for name in LABEL_NAMES]


def test_the_threshold_keeps_out_what_would_waste_builds() -> None:
    # Sure answers are right; unsure ones are right half of the time.
    said = [("disk_full", "disk_full", 0.9)] * 50 + [("compile_error", "compile_error", 0.9)] * 50
    said += [("disk_full", "disk_full", 0.4)] * 10 + [("compile_error", "disk_full", 0.4)] * 10
    chances = np.array([certain(guess, sure) for _, guess, sure in said], dtype=np.float32)
    found = threshold(chances, [example(str(at), truth, "x") for at, (truth, _, _) in enumerate(said)], np.ones(len(said), np.float32))
    assert 0.4 < found.value <= 0.9
    assert found.precision == pytest.approx(1)
    assert found.recall == pytest.approx(50 / 60)
    assert found.cheapest[0.5] >= found.cheapest[10.0]
    assert set(found.cheapest.values()) <= set(GRID)


def test_causes_outside_the_job_count_together() -> None:
    half = [0.45 * (name in ("dns_failure", "network_timeout")) + 0.1 / len(LABEL_NAMES) for name in LABEL_NAMES]
    chances = np.array([half, certain("lint_error", 0.9)], dtype=np.float32)
    found = threshold(chances, [example("a", "dns_failure", "x"), example("b", "lint_error", "x")], np.ones(2, np.float32))
    assert found.recall == 1
    assert found.value > 0.5


def test_what_guard_acts_on_is_what_training_found_to_pay() -> None:
    card = json.loads((Path(__file__).parents[2] / "models" / "labels.json").read_text(encoding="utf-8"))
    assert card["min_probability"]["value"] == pytest.approx(UNSURE, abs=0.1)
    assert card["min_probability"]["person_in_builds"] == PERSON


def small_data() -> list[Example]:
    words = {"compile_error": "undeclared identifier", "disk_full": "no space left on device", "dns_failure": "could not resolve host"}
    draw = random.Random(1)
    found = [passed("p1"), passed("p2")]
    for number in range(48):
        label = list(words)[number % 3]
        text = "\n".join([f"building part {draw.randint(1, 99)}"] * 3 + [f"error: {words[label]}: part{draw.randint(1, 9)}.c"])
        found.append(example(f"e{number}", label, text, f"g{number % 8}"))
    return found


@pytest.mark.slow
def test_the_same_data_gives_the_same_file_and_use_reads_what_training_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="training needs the extra `train`")
    pytest.importorskip("sklearn", reason="training needs the extra `train`")
    from guard.diagnosis import model as shipped
    from guard.diagnosis.classify import classify
    from guard.diagnosis.plain import model as plain
    from models import train as training
    from models.classifier.held_out import HeldOut
    from models.data import outcome_of

    monkeypatch.setattr(training, "load", lambda paths: small_data())
    monkeypatch.setattr(training, "vectors", lambda documents, size, cache: ({}, []))
    for name in ("one", "two"):
        arguments = ["train", "--out", str(tmp_path / name), "--epochs", "4", "--held-out", str(tmp_path / f"{name}.npz")]
        monkeypatch.setattr("sys.argv", arguments)
        assert training.main() == 0
    one, two = ((tmp_path / name / "classifier.onnx").read_bytes() for name in ("one", "two"))
    assert hashlib.sha256(one).digest() == hashlib.sha256(two).digest()
    assert (tmp_path / "one" / "labels.json").read_bytes() == (tmp_path / "two" / "labels.json").read_bytes()

    unseen = example("u", "disk_full", "building part 7\nerror: no space left on device: part3.c")
    monkeypatch.setattr(shipped, "folder", lambda: tmp_path / "one")
    shipped.load.cache_clear()
    plain.forget()
    try:
        by_library = classify(log_of(unseen), outcome_of(unseen))
        by_hand = plain.answer(log_of(unseen), outcome_of(unseen))
    finally:
        shipped.load.cache_clear()
        plain.forget()
    assert by_library.note == ""
    assert max(by_library.probabilities, key=lambda label: by_library.probabilities[label]) == "disk_full"
    assert by_hand.probabilities == pytest.approx(dict(by_library.probabilities), abs=1e-5)
    assert by_hand.salience == pytest.approx(dict(by_library.salience), abs=1e-5)

    held = HeldOut.load(tmp_path / "one.npz")
    data = [one for one in small_data() if one.label != PASSED_LABEL]
    guesses = [held.guess(one, {}) for one in data]
    right = [max(guess.probabilities, key=lambda label: guess.probabilities[label]) == one.label for guess, one in zip(guesses, data, strict=True)]
    assert sum(right) > 0.9 * len(right)
    assert all(list(guess.salience) == choose(log_of(one)) for guess, one in zip(guesses, data, strict=True))


@pytest.mark.slow
def test_a_group_is_on_one_side_in_every_run() -> None:
    pytest.importorskip("torch", reason="training needs the extra `train`")
    from models.train import side_of

    assert [side_of(group, 3) for group in ("npm", "pip", "cargo", "maven")] == [side_of(group, 3) for group in ("npm", "pip", "cargo", "maven")]
    assert {side_of(f"tool{number}", 3) for number in range(40)} == {0, 1, 2}
