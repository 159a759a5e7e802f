"""The shipped classifier asked without its run-time library: the same answers as `diagnosis.model`, within rounding."""

from __future__ import annotations

import math
from functools import lru_cache

from guard.diagnosis.classify import Guess
from guard.diagnosis.lines import Log
from guard.diagnosis.model import NoModel, Shipped, checked
from guard.diagnosis.plain import tables
from guard.diagnosis.plain.score import Scorer
from guard.diagnosis.reading import PASSAGE, choose, ending, passage, positions
from guard.diagnosis.step_end import step_end
from guard.types import Outcome


def answer(log: Log, outcome: Outcome) -> Guess:
    """The classifier's opinion. Raises NoModel."""
    shipped, scorer = _loaded()
    chosen = choose(log)
    texts = [log.text(index) for index in chosen]
    where = positions(chosen, texts, len(log), step_end(log))
    logits, salience = scorer.network(texts, where, ending(outcome.exit_code, outcome.signal, outcome.ended))
    if len(chosen) > PASSAGE:
        texts = [texts[place] for place in passage(salience)]
    said = scorer.linear(texts)
    sums = [shipped.network * one + shipped.linear * other for one, other in zip(logits, said, strict=True)]
    odds = [math.exp(value - max(sums)) for value in sums]
    probabilities = {label: value / sum(odds) for label, value in zip(shipped.labels, odds, strict=True)}
    return Guess(probabilities, dict(zip(chosen, salience, strict=True)), shipped.arbitration)


@lru_cache(maxsize=1)
def _loaded() -> tuple[Shipped, Scorer]:
    shipped = checked()
    try:
        return shipped, Scorer(tables.read(shipped.data))
    except tables.Unreadable as error:
        raise NoModel(f"the classifier cannot be read without onnxruntime: {error}") from None


def forget() -> None:
    """Read the file anew when next asked."""
    _loaded.cache_clear()
