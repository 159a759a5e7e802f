"""The shipped classifier: found, checked and loaded once; a file that is not what it should be is said, not used."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guard import packed
from guard.diagnosis.features import VERSION, Features
from guard.diagnosis.grams import Grams, grams
from guard.diagnosis.lines import Log
from guard.diagnosis.reading import PASSAGE, passage
from guard.types import LABELS

if TYPE_CHECKING:
    from guard.diagnosis.reading import Reading

FILE, CARD = "classifier.onnx", "labels.json"
FOLDER = "model"
"""Of the package, where it is installed or packed into one file."""
_LARGEST = 15_000_000


class NoModel(Exception):
    """Why there is no classifier to be had, in a few words."""


class NoLibrary(NoModel):
    """The run-time library is not there, or refuses the file."""


@dataclass(frozen=True)
class Shipped:
    """A classifier's file and what its card says of it, checked."""

    data: bytes
    labels: tuple[str, ...]
    network: float
    linear: float
    arbitration: Mapping[str, float]


@dataclass(frozen=True)
class Model:
    """A loaded classifier."""

    session: Any
    labels: tuple[str, ...]
    network: float
    """What the network's logits are multiplied by before they are added to the linear half's."""
    linear: float
    arbitration: Mapping[str, float]
    """What `diagnosis.arbitrate` gives each voice."""

    def answer(self, log: Log, reading: Reading) -> tuple[dict[str, float], list[float]]:
        """The probability of each label, and for each line read its share of the attention.

        The network says where to look; what stands there is then read closely by the linear half. Both judge.

        Raises:
            Exception: whatever the run-time library raises.
        """
        import numpy as np

        short = len(reading.chosen) <= PASSAGE
        texts = [log.text(index) for index in reading.chosen] if short else []
        logits, salience, said = self._run(reading.features, reading.positions, reading.ending, grams(texts))
        if not short:
            close = [log.text(reading.chosen[place]) for place in passage(salience.tolist())]
            nothing = Features(np.zeros(1, np.int32), np.zeros(1, np.int32))
            _, _, said = self._run(nothing, reading.positions[:1], reading.ending, grams(close))
        sums = self.network * logits + self.linear * said
        odds = np.exp(sums - sums.max())
        return dict(zip(self.labels, (odds / odds.sum()).tolist(), strict=True)), salience.tolist()

    def _run(self, features: Features, positions: Any, ending: Any, pieces: Grams) -> Any:
        return self.session.run(
            ["logits", "salience", "said"],
            {
                "buckets": features.buckets,
                "lines": features.lines,
                "positions": positions,
                "ending": ending,
                "grams": pieces.buckets,
                "counts": pieces.counts,
            },
        )


def folder() -> Path:
    """Where the classifier lies: inside the installed package, or in `models/` of a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / FOLDER
    return installed if installed.is_dir() else package.parent / "models"


def _content(where: Path | None, name: str) -> bytes:
    if where is None:
        try:
            return packed.data(FOLDER, name)
        except OSError:
            where = folder()
    try:
        return (where / name).read_bytes()
    except NotADirectoryError:
        # Beside an archive nothing lies: guard as text inside a CI file comes without.
        raise FileNotFoundError(errno.ENOENT, "this guard came without it", name) from None


def checked(where: Path | None = None) -> Shipped:
    """The classifier of a folder, by default the shipped one, not yet loaded.

    Raises:
        NoModel: a file is missing, is not the one that its card names, or was made for other features or labels.
    """
    try:
        data = _content(where, FILE)
        card = json.loads(_content(where, CARD))
        digest, labels = card["sha256"], tuple(card["labels"])
        network, linear = float(card["network"]), float(card["linear"])
        arbitration = {str(name): float(value) for name, value in card["arbitration"].items()}
    except OSError as error:
        raise NoModel(f"the classifier's {Path(error.filename or FILE).name} cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NoModel(f"the classifier's {CARD} is damaged") from None
    if len(data) > _LARGEST or hashlib.sha256(data).hexdigest() != digest:
        raise NoModel(f"the classifier's {FILE} is not the one that {CARD} names: damaged or foreign")
    if set(labels) != set(LABELS) or card.get("features") != VERSION:
        raise NoModel("the classifier was made for another version of guard")
    return Shipped(data, labels, network, linear, arbitration)


@lru_cache(maxsize=2)
def load(where: Path | None = None) -> Model:
    """The classifier of a folder, by default the shipped one.

    Raises:
        NoModel: as `checked` does.
        NoLibrary: the run-time library cannot be imported or refuses it.
    """
    found = checked(where)
    try:
        # Builds of 1.32 report to their maker and keep a database below ~/.cache: nothing may leave the machine.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        import onnxruntime

        onnxruntime.set_default_logger_severity(4)
        options = onnxruntime.SessionOptions()
        # One thread: the same sums in the same order, and no pool of threads in somebody's build.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        # A graph this small runs no faster for being rewritten, but starts later.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = onnxruntime.InferenceSession(found.data, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise NoLibrary(f"the classifier cannot run ({type(error).__name__} from onnxruntime)") from None
    return Model(session, found.labels, found.network, found.linear, found.arbitration)
