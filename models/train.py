"""`python -m models.train [DATA…]`: the classifier, made anew from the lab's corpus and the data that is named.

DATA are files of labelled excerpts (`.jsonl`) and folders of whole logs (with an `index.jsonl`). Written are
`classifier.onnx` and `labels.json` beside this file, or into --out. The same data, package versions and processor
give the same bytes. Every choice that is fitted (how much a voice counts, from which probability healing pays) rests
on answers of networks that saw nothing of the failure's project or tool.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from guard.diagnosis.arbitrate import VOICES
from guard.diagnosis.features import VERSION, word_buckets
from guard.diagnosis.grams import Grams
from models.classifier.arbitration import fit, heard, matcher
from models.classifier.corpus import Document, Vocabulary, document, vocabulary
from models.classifier.cost import Threshold, threshold
from models.classifier.export import export
from models.classifier.fit import Recipe, Trained, train
from models.classifier.held_out import HeldOut
from models.classifier.linear import passage_of, train_linear
from models.classifier.vectors import by_bucket, word_vectors, words_of
from models.classifier.whole import is_composed, whole_logs
from models.data import LABEL_NAMES, PASSED_LABEL, Example, load

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
_WHOLE_WEIGHT = 4.0
"""How much a whole log counts beside an excerpt when the model's halves are weighed: they are few, and what guard meets."""
_HOLD = 0.01
"""How far weights of the voices are kept small."""
_PARTS = 5
"""Of the groups, in which voices are weighed by the others to choose the threshold."""


def side_of(group: str, folds: int) -> int:
    """The fold of a group: all of one project or tool are on one side, in every run."""
    return zlib.crc32(group.encode()) % folds


def sides(documents: Sequence[Document], folds: int) -> NDArray[np.int64]:
    """For each document its fold."""
    return np.array([side_of(one.example.group, folds) for one in documents])


def composed(examples: Sequence[Example], folds: int) -> list[Example]:
    """Excerpts within whole logs; what is around an excerpt comes from its own fold too, so that folds share nothing."""
    found: list[Example] = []
    for fold in range(folds):
        found += whole_logs([one for one in examples if side_of(one.group, folds) == fold], fold)
    return found


def vectors(documents: Sequence[Document], size: int, cache: Path) -> tuple[dict[int, NDArray[np.float32]], list[int]]:
    """The fixed vectors by bucket, and the buckets of every word that has one; nothing without the encoder's package."""
    try:
        from models.classifier.encoder import whole_words

        words = list(dict.fromkeys([*words_of([one.example for one in documents]), *whole_words()]))
        found = by_bucket(words, word_vectors(words, cache), size)
    except ModuleNotFoundError as error:
        print(f"no word vectors: {error.name} is not installed", file=sys.stderr)
        return {}, []
    return found, [bucket for word in words for bucket in word_buckets(word)[:1]]


def fixed_table(known: dict[int, NDArray[np.float32]], words: Vocabulary, size: int) -> NDArray[np.float32]:
    """The fixed vectors by number of the vocabulary."""
    table = np.zeros((words.size, size), dtype=np.float32)
    for bucket, vector in known.items():
        if words.number[bucket]:
            table[words.number[bucket]] = vector
    return table


@dataclass(frozen=True)
class Ground:
    """What networks are trained with."""

    known: dict[int, NDArray[np.float32]]
    extra: list[int]
    recipe: Recipe
    folds: int


def trained_on(documents: Sequence[Document], ground: Ground) -> Trained:
    """A network trained on the documents."""
    words = vocabulary(documents, ground.extra)
    return train(documents, fixed_table(ground.known, words, ground.recipe.shape.fixed), words, ground.recipe)


def held_out(
    failed: Sequence[Document], passed: Sequence[Document], ground: Ground
) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
    """For each failure the answer of a network that saw nothing of its group.

    Composed logs are asked about only: training puts excerpts amid other output by itself, another way each time.
    """
    side = sides(failed, ground.folds)
    logits = np.zeros((len(failed), len(LABEL_NAMES)), dtype=np.float32)
    lines: list[NDArray[np.float32]] = [np.zeros(0, dtype=np.float32)] * len(failed)
    for fold in range(ground.folds):
        seen = [one for one, its in zip(failed, side, strict=True) if its != fold and not is_composed(one)]
        seen += [one for one in passed if side_of(one.example.group, ground.folds) != fold]
        unseen = np.flatnonzero(side == fold)
        answers, attention = trained_on(seen, ground).answers([failed[index] for index in unseen])
        logits[unseen] = answers
        for index, one in zip(unseen, attention, strict=True):
            lines[index] = one
    return logits, lines


def held_out_linear(documents: Sequence[Document], pieces: Sequence[Grams], folds: int) -> NDArray[np.float32]:
    """For each passage the margins of a linear half that saw nothing of its group."""
    side = sides(documents, folds)
    said = np.zeros((len(documents), len(LABEL_NAMES)), dtype=np.float32)
    for fold in range(folds):
        seen = np.flatnonzero(side != fold)
        linear = train_linear([pieces[index] for index in seen], [documents[index].example.label for index in seen])
        unseen = np.flatnonzero(side == fold)
        said[unseen] = linear.said([pieces[index] for index in unseen])
    return said


@dataclass(frozen=True)
class Weighed:
    """What the card says beside the file's name."""

    network: float
    linear: float
    arbitration: dict[str, float]
    threshold: Threshold


def weigh_voices(
    failed: Sequence[Document],
    logits: NDArray[np.float32],
    said: NDArray[np.float32],
    attention: Sequence[NDArray[np.float32]],
    before: Path | None,
) -> tuple[Weighed, NDArray[np.float32]]:
    """How much network, linear half and signatures count, from answers on unseen groups; and the model's probabilities."""
    targets = np.stack([one.target for one in failed])
    whole = np.array([one.example.whole for one in failed])
    around = np.array([is_composed(one) for one in failed])
    counts = np.where(whole, _WHOLE_WEIGHT, 1.0).astype(np.float32)
    both = np.stack((logits, said), axis=2)
    network, linear = fit(both, targets, counts)
    chances = _softmax(both @ np.array([network, linear], dtype=np.float32))
    # The signatures were written with the public data in sight: on those they are surer than they are right.
    lab = [index for index, one in enumerate(failed) if one.example.source.startswith("own lab")]
    logs = [index for index, one in enumerate(failed) if before and one.example.whole]
    voices = np.concatenate(
        [
            heard([failed[index] for index in part], chances[part], [attention[index] for index in part], matcher(signatures))
            for part, signatures in ((lab, None), (logs, before))
            if part
        ]
    )
    order = [*lab, *logs]
    wanted, counts = targets[order], counts[order]
    weights = fit(voices, wanted, counts, hold=_HOLD)
    heard_on = [failed[index].example for index in order]
    part = np.array([zlib.crc32(f"voices of {one.group}".encode()) % _PARTS for one in heard_on])
    together = np.zeros_like(wanted)
    for number in range(_PARTS):
        others, mine = part != number, part == number
        if others.any() and mine.any():
            together[mine] = _softmax(voices[mine] @ np.array(fit(voices[others], wanted[others], counts[others], hold=_HOLD), np.float32))
    right = together.argmax(axis=1) == wanted.argmax(axis=1)
    for name, these in (("excerpts", ~whole[order] & ~around[order]), ("composed logs", around[order]), ("whole logs", whole[order])):
        if these.any():
            loss = -np.log(np.maximum((together * wanted).sum(axis=1)[these], 1e-6)).mean()
            print(f"voices weighed by other groups, {name}: {right[these].mean():.3f} right, log loss {loss:.3f}", file=sys.stderr)
    pays = threshold(together, heard_on, counts)
    return Weighed(network, linear, dict(zip(VOICES, weights, strict=True)), pays), chances


def _softmax(sums: NDArray[np.float32]) -> NDArray[np.float32]:
    odds = np.exp(sums - sums.max(1, keepdims=True))
    found: NDArray[np.float32] = odds / odds.sum(1, keepdims=True)
    return found


def main() -> int:
    """Train and write."""
    parser = argparse.ArgumentParser(prog="python -m models.train", description=__doc__)
    parser.add_argument("data", nargs="*", type=Path)
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--epochs", type=int, default=Recipe.epochs)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--before", type=Path, help="a compiled.json from before the signatures' authors saw the whole logs of DATA")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "pipeguard-models", help="where vectors of words are kept")
    parser.add_argument("--held-out", type=Path, help="where to write the answers on unseen groups, for `models.evaluate --held-out`")
    options = parser.parse_args()
    # More threads add in another order, and sums differ in their last digits.
    with threadpool_limits(1):
        return _train(options)


def _train(options: argparse.Namespace) -> int:
    begin = time.monotonic()
    documents = [document(one) for one in load([CORPUS, *options.data])]
    own = [one for one in documents if one.example.label != PASSED_LABEL]
    passed = [one for one in documents if one.example.label == PASSED_LABEL]
    around = [document(one) for one in composed([one.example for one in [*own, *passed]], options.folds)]
    failed = [*own, *around]
    print(f"{len(own)} failures, {len(around)} whole logs composed of them, {len(passed)} runs that passed", file=sys.stderr)
    recipe = Recipe(epochs=options.epochs)
    known, extra = vectors(documents, recipe.shape.fixed, options.cache)
    ground = Ground(known, extra, recipe, options.folds)
    logits, attention = held_out(failed, passed, ground)
    network = trained_on([*own, *passed], ground)
    pieces = [passage_of(one, looked) for one, looked in zip(failed, attention, strict=True)]
    said = held_out_linear(failed, pieces, options.folds)
    weighed, chances = weigh_voices(failed, logits, said, attention, options.before)
    data = export(network, train_linear(pieces, [one.example.label for one in failed]))
    write(options.out, data, weighed)
    if options.held_out:
        HeldOut.of(own, chances, attention).save(options.held_out)
    print(f"{time.monotonic() - begin:.0f} s", file=sys.stderr)
    return 0


def write(out: Path, data: bytes, weighed: Weighed) -> None:
    """Write the file and the card that names it."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "classifier.onnx").write_bytes(data)
    card = {
        "features": VERSION,
        "labels": list(LABEL_NAMES),
        "sha256": hashlib.sha256(data).hexdigest(),
        "network": weighed.network,
        "linear": weighed.linear,
        "arbitration": weighed.arbitration,
        "min_probability": weighed.threshold.card(),
    }
    (out / "labels.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    print(f"{len(data):,} bytes, sha256 {card['sha256']}\n{json.dumps(card['min_probability'])}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
