"""`python -m models.evaluate DATA…`: how right the diagnosis is, by signatures alone, by the model alone, by both.

DATA are files of labelled excerpts (`.jsonl`, `.jsonl.gz`) and folders of either, or of whole logs (with an
`index.jsonl`). What the shipped classifier was trained on is measured with `--held-out FILE`, a file that
`models.train --held-out FILE` wrote: there each failure is answered by a network that saw nothing of its project or
tool. The split is by a checksum of the group's name, so it is the same in every run.
Intervals in brackets hold 95 % of 1,000 resamples of whole groups (projects, tools), for failures of one group
are alike.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from guard.diagnosis.classify import Guess, classify
from guard.diagnosis.diagnose import diagnose
from guard.diagnosis.lines import Log
from guard.diagnosis.model import load as load_model
from guard.policy import odds
from guard.policy.refusals import REFUSED
from guard.types import OUTSIDE, UNSURE, NoMemory, Outcome
from models.classifier.cost import PERSON
from models.classifier.held_out import HeldOut
from models.data import LABEL_NAMES, PASSED_LABEL, Example, load, log_of, outcome_of

BINS = 10
RESAMPLES = 1000
MODES = ("signatures", "model", "both")


@dataclass(frozen=True)
class Answer:
    """What was said of one example."""

    example: Example
    label: str
    probability: float
    second: str
    lines: tuple[int, ...]
    """True numbers of the lines shown as evidence, the root cause first."""
    seconds: float
    sure: float
    """What the policy goes by: of causes outside the job the probability of all together."""

    @property
    def accepted(self) -> frozenset[str]:
        """The labels that are right."""
        return frozenset({self.example.label, *self.example.also})

    @property
    def right(self) -> bool:
        """Whether the label is the first one."""
        return self.label == self.example.label

    @property
    def heals(self) -> bool:
        """Whether guard would run the command again."""
        return self.label not in REFUSED and self.sure >= UNSURE

    @property
    def hits(self) -> list[bool]:
        """For each of the first three lines shown whether it lies in a marked range, give or take one line."""
        return [any(low - 1 <= line <= high + 1 for low, high in self.example.evidence) for line in self.lines[:3]]


Asked = Callable[[Log, Outcome], Guess]


def answer(example: Example, mode: str, model: Asked = classify) -> Answer:
    """The answer to one example in one of MODES; `model`: how the classifier is asked."""
    begin = time.perf_counter()
    if mode == "model":
        return _by_model(example, begin, model)
    ask = model if mode == "both" else lambda log, outcome: Guess()
    found = diagnose(outcome_of(example), NoMemory(), ask=ask)
    return Answer(
        example,
        found.label,
        found.probability,
        found.alternatives[0].label if found.alternatives else "",
        tuple(one.line for one in found.evidence if one.line),
        time.perf_counter() - begin,
        odds.of_outside(found),
    )


def _by_model(example: Example, begin: float, model: Asked) -> Answer:
    log = log_of(example)
    guess = model(log, outcome_of(example))
    if not guess.probabilities:
        raise SystemExit(guess.note)
    ranked = sorted(guess.probabilities.items(), key=lambda item: -item[1])
    lines = sorted(guess.salience.items(), key=lambda item: -item[1])
    shown = tuple(log.number(index) for index, _ in lines if log.text(index).strip())[:3]
    label, probability = ranked[0]
    sure = sum(chance for other, chance in ranked if other in OUTSIDE) if label in OUTSIDE else probability
    return Answer(example, label, probability, ranked[1][0], shown, time.perf_counter() - begin, sure)


def macro_f1(answers: Sequence[Answer]) -> float:
    """The mean F1 of the labels that occur among the examples."""
    scores = []
    for label in {one.example.label for one in answers}:
        _, _, score = _of_label(answers, label)
        scores.append(score)
    return float(np.mean(scores))


def _of_label(answers: Sequence[Answer], label: str) -> tuple[float, float, float]:
    said = sum(one.label == label for one in answers)
    there = sum(one.example.label == label for one in answers)
    both = sum(one.label == label and one.right for one in answers)
    precision, recall = both / said if said else 0.0, both / there if there else 0.0
    return precision, recall, 2 * precision * recall / (precision + recall) if both else 0.0


def calibration_error(answers: Sequence[Answer]) -> float:
    """The expected calibration error over BINS bins of equal width: |sure − right|, weighed by how many there are."""
    total = 0.0
    for _, sure, right, count in bins(answers):
        total += count * abs(sure - right)
    return total / len(answers)


def bins(answers: Sequence[Answer]) -> list[tuple[float, float, float, int]]:
    """For each bin that is not empty: its middle, the mean probability, the share that is right, how many."""
    found = []
    for number in range(BINS):
        low, high = number / BINS, (number + 1) / BINS
        inside = [one for one in answers if low <= one.probability < high or (number == BINS - 1 and one.probability >= high)]
        if inside:
            sure = float(np.mean([one.probability for one in inside]))
            found.append(((low + high) / 2, sure, float(np.mean([one.right for one in inside])), len(inside)))
    return found


def _mean(values: Sequence[bool]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


FIGURES: dict[str, Callable[[Sequence[Answer]], float]] = {
    "accuracy": lambda answers: _mean([one.right for one in answers]),
    "accuracy, second label counted": lambda answers: _mean([one.label in one.accepted for one in answers]),
    "macro-F1": macro_f1,
    "top-2": lambda answers: _mean([one.right or one.second == one.example.label for one in answers]),
    "abstained": lambda answers: _mean([one.label == "unknown" != one.example.label for one in answers]),
    "calibration error": calibration_error,
    "heal precision": lambda answers: _mean(
        [one.label in one.accepted and one.example.label not in REFUSED for one in answers if one.heals]
    ),
    "heal recall": lambda answers: _mean(
        [one.heals and one.label in one.accepted for one in answers if one.example.label not in REFUSED]
    ),
    "evidence hit@1": lambda answers: _mean([any(one.hits[:1]) for one in answers if one.example.evidence]),
    "evidence hit@3": lambda answers: _mean([any(one.hits) for one in answers if one.example.evidence]),
}


def at_least(answers: Sequence[Answer], least: float) -> tuple[int, float, float, float]:
    """With that probability as the least to act on: heals, how many are right, what share of the failures that can be
    healed is, and what the mistakes cost in builds for each failure (`models.classifier.cost`)."""
    heals = [one for one in answers if one.label not in REFUSED and one.sure >= least]
    right = sum(one.label in one.accepted and one.example.label not in REFUSED for one in heals)
    healable = sum(one.example.label not in REFUSED for one in answers)
    cost = (len(heals) - right + PERSON * (healable - right)) / len(answers)
    return len(heals), right / max(len(heals), 1), right / max(healable, 1), cost


def interval(answers: Sequence[Answer], figure: Callable[[Sequence[Answer]], float]) -> tuple[float, float]:
    """The middle 95 % of the figure over resamples of whole groups."""
    groups: dict[str, list[Answer]] = {}
    for one in answers:
        groups.setdefault(one.example.group, []).append(one)
    names = sorted(groups)
    random = np.random.default_rng(1)
    values = []
    for _ in range(RESAMPLES if figure is not macro_f1 else RESAMPLES // 5):
        drawn = [one for index in random.integers(len(names), size=len(names)) for one in groups[names[index]]]
        values.append(figure(drawn))
    low, high = np.nanquantile(values, [0.025, 0.975]) if not np.all(np.isnan(values)) else (np.nan, np.nan)
    return float(low), float(high)


def _table(answers: dict[str, list[Answer]]) -> None:
    print(f"{'':32}" + "".join(f"{mode:>26}" for mode in answers))
    for name, figure in FIGURES.items():
        cells = []
        for said in answers.values():
            low, high = interval(said, figure)
            cells.append(f"{figure(said):10.3f} [{low:.3f}, {high:.3f}]")
        print(f"{name:32}" + "".join(f"{cell:>26}" for cell in cells))
    counts = {mode: (sum(one.heals for one in said), sum(one.example.label not in REFUSED for one in said)) for mode, said in answers.items()}
    print(f"{'heal decisions / healable':32}" + "".join(f"{f'{heals} / {healable}':>26}" for heals, healable in counts.values()))
    times = {mode: sorted(one.seconds for one in said) for mode, said in answers.items()}
    print(f"{'ms a log: median, slowest':32}" + "".join(f"{f'{t[len(t) // 2] * 1e3:.0f}, {t[-1] * 1e3:.0f}':>26}" for t in times.values()))


def _details(answers: Sequence[Answer], show: int) -> None:
    print("\nlabel                     precision  recall      F1   examples")
    for label in LABEL_NAMES:
        there = sum(one.example.label == label for one in answers)
        if there or any(one.label == label for one in answers):
            precision, recall, score = _of_label(answers, label)
            print(f"{label:24} {precision:10.3f} {recall:7.3f} {score:7.3f} {there:10d}")
    print("\nworst confusions (second labels counted as right)")
    wrong = Counter((one.example.label, one.label) for one in answers if one.label not in one.accepted)
    for (truth, said), count in wrong.most_common(10):
        print(f"  {count:4d} {truth} taken for {said}")
    print("\ncoverage against accuracy: of the surest share of answers, how many are right")
    ranked = sorted((one for one in answers if one.label != "unknown"), key=lambda one: -one.probability)
    for share in (0.25, 0.5, 0.75, 0.9, 1.0):
        part = ranked[: max(int(len(ranked) * share), 1)]
        print(f"  {len(part) / len(answers):5.2f} {_mean([one.right for one in part]):.3f}  (from probability {part[-1].probability:.2f})")
    print(f"\nleast probability to act on: heals, precision, recall, cost in builds for each failure (a person: {PERSON:g} builds)")
    for least in (0.3, 0.4, 0.5, UNSURE, 0.6, 0.7, 0.8, 0.9):
        print("  {:.2f} {:5d} {:.3f} {:.3f} {:.3f}".format(least, *at_least(answers, least)))
    print("\nprobability against truth")
    for _, sure, right, count in bins(answers):
        print(f"  said {sure:.2f}  right {right:.2f}  of {count}")
    for one in [one for one in answers if one.label not in one.accepted][:show]:
        print("---", one.example.id, one.example.group, one.example.label, "->", one.label, f"{one.probability:.2f}")


def plot(answers: dict[str, list[Answer]], path: Path) -> None:
    """Write the reliability diagram as a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(5, 5))
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":")
    for mode, said in answers.items():
        points: NDArray[np.float64] = np.array([(sure, right) for _, sure, right, _ in bins(said)])
        axes.plot(points[:, 0], points[:, 1], marker="o", label=f"{mode} (ECE {calibration_error(said):.3f})")
    axes.set(xlabel="probability said", ylabel="share that is right", xlim=(0, 1), ylim=(0, 1))
    axes.legend()
    figure.savefig(path, dpi=110, bbox_inches="tight")


def _asked(example: Example, held: HeldOut | None) -> Asked:
    """How the classifier is asked of this example."""
    if held is None:
        return classify
    guess = held.guess(example, load_model().arbitration)
    return lambda log, outcome: guess


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m models.evaluate", description=__doc__)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--png", type=Path, help="where to write the reliability diagram; with several DATA, their names are added")
    parser.add_argument("--modes", default=",".join(MODES))
    parser.add_argument("--held-out", type=Path, help="answers of networks that saw nothing of the failure's group, from models.train")
    parser.add_argument("--show", type=int, default=0, help="how many wrong answers to name")
    options = parser.parse_args()
    held = HeldOut.load(options.held_out) if options.held_out else None
    for path in options.data:
        examples = [one for one in load([path]) if one.label != PASSED_LABEL]
        answers = {mode: [answer(one, mode, _asked(one, held)) for one in examples] for mode in options.modes.split(",")}
        print(f"\n{path.name}: {len(examples)} failures of {len({one.group for one in examples})} groups\n")
        _table(answers)
        _details(list(answers.values())[-1], options.show)
        if options.png:
            plot(answers, options.png if len(options.data) == 1 else options.png.with_stem(f"{options.png.stem}-{path.stem}"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
