"""`python -m models.train [DATA…]`: the classifier, made anew from the lab's corpus and the data that is named.

DATA are files of labelled excerpts (`.jsonl`) and folders of whole logs (with an `index.jsonl`). Written are
`classifier.onnx` and `labels.json` beside this file, or into --out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from guard.diagnosis.arbitrate import VOICES
from guard.diagnosis.features import VERSION, word_buckets
from guard.diagnosis.grams import Grams
from models.classifier.arbitration import fit, heard, matcher
from models.classifier.corpus import Document, Vocabulary, document, vocabulary
from models.classifier.export import export
from models.classifier.fit import Recipe, Trained, train
from models.classifier.linear import passage_of, train_linear
from models.classifier.vectors import by_bucket, word_vectors, words_of
from models.data import LABEL_NAMES, PASSED_LABEL, load

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
_WHOLE_WEIGHT = 4.0
"""How much a whole log counts beside an excerpt when voices are weighed: they are few, and what guard meets."""


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


def trained_on(documents: Sequence[Document], known: dict[int, NDArray[np.float32]], extra: list[int], recipe: Recipe) -> Trained:
    """A network trained on the documents."""
    words = vocabulary(documents, extra)
    return train(documents, fixed_table(known, words, recipe.shape.fixed), words, recipe)


def held_out(
    documents: Sequence[Document], known: dict[int, NDArray[np.float32]], extra: list[int], recipe: Recipe, folds: int
) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
    """For each document the answer of a network that saw nothing of its group."""
    side = sides(documents, folds)
    logits = np.zeros((len(documents), len(LABEL_NAMES)), dtype=np.float32)
    lines: list[NDArray[np.float32]] = [np.zeros(0, dtype=np.float32)] * len(documents)
    for fold in range(folds):
        seen = [one for one, its in zip(documents, side, strict=True) if its != fold]
        unseen = np.flatnonzero(side == fold)
        answers, attention = trained_on(seen, known, extra, recipe).answers([documents[index] for index in unseen])
        logits[unseen] = answers
        for index, one in zip(unseen, attention, strict=True):
            lines[index] = one
    return logits, lines


def sides(documents: Sequence[Document], folds: int) -> NDArray[np.int64]:
    """For each document its fold: all of one group are on one side."""
    return np.array([zlib.crc32(one.example.group.encode()) % folds for one in documents])


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


def voices_weighed(
    failed: Sequence[Document],
    logits: NDArray[np.float32],
    said: NDArray[np.float32],
    attention: Sequence[NDArray[np.float32]],
    before: Path | None,
) -> dict[str, object]:
    """What the card says of how much network, linear half and signatures count, from answers on unseen groups."""
    targets = np.stack([one.target for one in failed])
    counts = np.array([_WHOLE_WEIGHT if one.example.whole else 1.0 for one in failed], dtype=np.float32)
    both = np.stack((logits, said), axis=2)
    network, linear = fit(both, targets, counts)
    sums = both @ np.array([network, linear], dtype=np.float32)
    chances = np.exp(sums - sums.max(1, keepdims=True))
    chances /= chances.sum(1, keepdims=True)
    # The signatures were written with the public data in sight: on those they are surer than they are right.
    honest = [index for index, one in enumerate(failed) if one.example.source == "own lab" or (before and one.example.whole)]
    heard_ = np.concatenate(
        [
            heard(
                [failed[index] for index in honest if failed[index].example.whole == whole],
                chances[[index for index in honest if failed[index].example.whole == whole]],
                [attention[index] for index in honest if failed[index].example.whole == whole],
                matcher(before if whole else None),
            )
            for whole in (False, True)
            if any(failed[index].example.whole == whole for index in honest)
        ]
    )
    order = [index for whole in (False, True) for index in honest if failed[index].example.whole == whole]
    weights = fit(heard_, targets[order], counts[order], hold=0.02)
    return {"network": network, "linear": linear, "arbitration": dict(zip(VOICES, weights, strict=True))}


def main() -> int:
    """Train and write."""
    parser = argparse.ArgumentParser(prog="python -m models.train", description=__doc__)
    parser.add_argument("data", nargs="*", type=Path)
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--epochs", type=int, default=Recipe.epochs)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--before", type=Path, help="a compiled.json from before the signatures' authors saw the whole logs of DATA")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "pipeguard-models" / "words.npz")
    options = parser.parse_args()

    documents = [document(one) for one in load([CORPUS, *options.data])]
    failed = [one for one in documents if one.example.label != PASSED_LABEL]
    passed = [one for one in documents if one.example.label == PASSED_LABEL]
    print(f"{len(failed)} failures, {len(passed)} runs that passed", file=sys.stderr)
    recipe = Recipe(epochs=options.epochs)
    known, extra = vectors(documents, recipe.shape.fixed, options.cache)
    logits, attention = held_out([*failed, *passed], known, extra, recipe, options.folds)
    network = trained_on([*failed, *passed], known, extra, recipe)
    write(options.out, failed, logits[: len(failed)], attention[: len(failed)], network, options.before, options.folds)
    return 0


def write(
    out: Path,
    failed: Sequence[Document],
    logits: NDArray[np.float32],
    attention: Sequence[NDArray[np.float32]],
    network: Trained,
    before: Path | None,
    folds: int,
) -> None:
    """Train the linear half on the passages that the networks of other groups attend to, weigh all voices, and write."""
    pieces = [passage_of(one, looked) for one, looked in zip(failed, attention, strict=True)]
    weighed = voices_weighed(failed, logits, held_out_linear(failed, pieces, folds), attention, before)
    data = export(network, train_linear(pieces, [one.example.label for one in failed]))
    out.mkdir(parents=True, exist_ok=True)
    (out / "classifier.onnx").write_bytes(data)
    card = {"features": VERSION, "labels": list(LABEL_NAMES), "sha256": hashlib.sha256(data).hexdigest(), **weighed}
    (out / "labels.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    print(f"{len(data):,} bytes, {json.dumps(weighed)}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
