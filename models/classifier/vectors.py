"""The fixed vectors of words: a sentence encoder's, cut to a few dimensions, by feature."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from guard.diagnosis.features import BUCKETS, word_buckets
from models.data import Example

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def words_of(examples: Sequence[Example], least: int = 2) -> list[str]:
    """The words of the examples, split as features are, the most frequent first."""
    seen: Counter[str] = Counter()
    for one in examples:
        seen.update(word.lower() for word in _WORD.findall(one.data.decode("utf-8", "replace")))
    return [word for word, count in seen.most_common() if count >= least and 2 < len(word) < 24]


def word_vectors(words: Sequence[str], folder: Path) -> NDArray[np.float32]:
    """The encoder's vectors of the words, kept in a file of the folder for when the same words are asked for again.

    Only then: with which others a word is embedded changes its last digits, and with them the classifier's bytes.
    """
    from models.classifier.encoder import embed

    kept = folder / f"words-{hashlib.sha256(chr(10).join(words).encode()).hexdigest()[:16]}.npy"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(f".{os.getpid()}.npy")
        np.save(part, embed(words).astype(np.float16))
        part.replace(kept)
    found: NDArray[np.float32] = np.load(kept).astype(np.float32)
    return found


def by_bucket(words: Sequence[str], vectors: NDArray[np.float32], size: int) -> dict[int, NDArray[np.float32]]:
    """For each bucket the mean vector of the words that fall into it, cut to the `size` directions that vary most."""
    centred = vectors - vectors.mean(axis=0)
    _, _, directions = np.linalg.svd(centred[:: max(len(centred) // 8000, 1)], full_matrices=False)
    cut = centred @ directions[:size].T
    cut /= np.linalg.norm(cut, axis=1, keepdims=True) + 1e-6
    sums: dict[int, list[NDArray[np.float32]]] = {}
    for word, vector in zip(words, cut, strict=True):
        for bucket in word_buckets(word):
            sums.setdefault(bucket, []).append(vector)
    assert all(bucket < BUCKETS for bucket in sums)
    return {bucket: np.mean(parts, axis=0).astype(np.float32) for bucket, parts in sums.items()}
