"""What learning is worth: 1,000 runs of worlds that change, healed in the fixed order and by what was learned.

    python tests/bench/learning.py [--runs 1000] [--seeds 8] [--worlds half-other,…] [--weights 0.5,1,2] [--plot docs/learning.png]

The plan, the memory and the store are guard's own; only the remedies and the worlds are made up. Each cause has its own
chances that a remedy heals it; for some causes the best one is not the first of guard's fixed order, and now and then all
chances are dealt again. All ways meet the same failures with the same luck: the fixed order, what was learned on the lab's
priors, and what was learned on the remedies' own word alone. Regret is counted against whoever knows the chances: seconds
until green, where a run that stays red costs ten minutes more (somebody looks, and starts it again). Each figure is a mean
over seeds with its 95 % interval; the lab's share is the mean of the differences, seed by seed.
`--weights`: with the prior counted for so many runs (`odds.PRIOR_RUNS`).
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import permutations
from pathlib import Path
from typing import Any

from guard.history.checking import checked
from guard.history.entry import entry
from guard.history.opening import open_store
from guard.history.recall import History
from guard.history.store import SqlStore
from guard.policy import odds, offers
from guard.policy import plan as planning
from guard.policy.remedies_by_label import ORDER
from guard.remedies import REMEDIES
from guard.settings.values import Settings
from guard.types import (
    Attempt,
    Change,
    Command,
    Diagnosis,
    LogWindow,
    Memory,
    NoMemory,
    Outcome,
    Surroundings,
    Telemetry,
)

ATTEMPT_S = 120.0
RED_COSTS_S = 600.0
HOURS_BETWEEN = 1.0
LABELS = ("stale_state", "out_of_memory", "disk_full", "corrupt_artifact")
ACTUAL_CASES = odds.RATES
COST_S = {"reset_state": 1.0, "kill_stragglers": 2.0, "wait": 20.0, "raise_heap": 0.0, "fewer_workers": 60.0, "free_disk": 20.0,
          "move_temp": 0.0, "purge_cache": 5.0}  # fmt: skip
PRIOR = {"reset_state": 0.8, "kill_stragglers": 0.5, "wait": 0.5, "raise_heap": 0.7, "fewer_workers": 0.6, "free_disk": 0.7,
         "move_temp": 0.5, "purge_cache": 0.8}  # fmt: skip


@dataclass(frozen=True)
class Made:
    """A remedy that always applies and costs what it costs; those that this world does not know never apply."""

    name: str

    def propose(self, diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | None:
        del diagnosis, outcome, surroundings
        if self.name not in COST_S:
            return None
        return Change(self.name, f"does {self.name}", env={"X": self.name}, success_probability=PRIOR[self.name], cost_s=COST_S[self.name])


@dataclass(frozen=True)
class Cause:
    """A failure that comes back, and what heals it."""

    label: str
    fingerprint: str
    chances: dict[str, float]


def remedies_of(label: str) -> list[str]:
    return [name for group in ORDER[label] for name in group if name in COST_S]


@dataclass(frozen=True)
class World:
    """How causes come about."""

    causes: int = 12
    other_best: float | None = 0.5
    """Share of the causes that are best healed by another remedy than the first of the order; None: as often as the lab saw."""
    best: tuple[float, float] = (0.75, 0.95)
    rest: tuple[float, float] = (0.0, 0.25)
    deals: int = 2
    """How often chances are dealt, evenly over the runs."""


WORLDS = {
    "half-other": World(),
    "as-the-lab": World(other_best=None),
    "first-best": World(other_best=0.0),
    "all-other": World(other_best=1.0),
    "half-hearted": World(best=(0.5, 0.7), rest=(0.2, 0.4)),
    "many-causes": World(causes=80),
    "restless": World(deals=6),
}


def deal(world: World, dice: random.Random) -> list[Cause]:
    """Its causes, labels evenly spread."""
    causes = []
    for number in range(world.causes):
        label = LABELS[number % len(LABELS)]
        names = remedies_of(label)
        if world.other_best is None:
            good = {name for name in names if dice.random() < _as_the_lab(label, name)}
        else:
            good = {names[0] if number >= world.causes * world.other_best else dice.choice(names[1:])}
        causes.append(Cause(label, f"cause-{number}", {name: dice.uniform(*(world.best if name in good else world.rest)) for name in names}))
    dice.shuffle(causes)
    return causes


def _as_the_lab(label: str, name: str) -> float:
    """How often the lab's cases had that remedy heal; of what it never tried nobody knows."""
    healed, tried = ACTUAL_CASES.get(label, {}).get(name, (1, 2))
    return healed / tried


@dataclass
class Ended:
    """How one run went."""

    seconds: float
    green: bool
    attempts: list[dict[str, Any]]
    healed_by: str = ""

    @property
    def cost(self) -> float:
        return self.seconds if self.green else self.seconds + RED_COSTS_S


def play(cause: Cause, luck: dict[str, float], memory: Memory) -> Ended:
    """One run from its first failure on, as guard's own plan has it."""
    spent: list[Attempt] = []
    told: list[dict[str, Any]] = []
    ended = Ended(0.0, False, told)
    diagnosis = Diagnosis(cause.label, 0.95, "signature:made", fingerprint=cause.fingerprint)
    for number in range(1, 4):
        outcome = Outcome(Command(("make",), idempotent=True), number, 1, None, "exited", ATTEMPT_S, LogWindow(), Telemetry())
        decided = planning.plan(diagnosis, outcome, spent, Settings(), Surroundings(), memory, None)
        told.append(_attempt(number, 1, cause, decided.changes))
        if decided.decision != "heal":
            return ended
        spent.append(Attempt(outcome, diagnosis, decided))
        ended.seconds += ATTEMPT_S + sum(change.cost_s for change in decided.changes)
        for change in decided.changes:
            if luck[change.remedy] < cause.chances[change.remedy]:
                ended.green, ended.healed_by = True, change.remedy
        if ended.green:
            told.append(_attempt(number + 1, 0, None, ()))
            return ended
    return ended


def oracle(cause: Cause, luck: dict[str, float]) -> float:
    """What the run costs whoever knows the chances, and so tries the best two remedies, or one, or none, in the best order."""
    names = remedies_of(cause.label)

    def on_average(order: Sequence[str]) -> float:
        total, still = 0.0, 1.0
        for name in order:
            total += still * (ATTEMPT_S + COST_S[name])
            still *= 1 - cause.chances[name]
        return total + still * RED_COSTS_S

    cost = 0.0
    for name in min((order for many in range(3) for order in permutations(names, many)), key=on_average):
        cost += ATTEMPT_S + COST_S[name]
        if luck[name] < cause.chances[name]:
            return cost
    return cost + RED_COSTS_S


def _attempt(number: int, code: int, cause: Cause | None, changes: Sequence[Change]) -> dict[str, Any]:
    diagnosis = None
    if cause is not None:
        diagnosis = {
            "label": cause.label, "family": Diagnosis(cause.label, 1, "").family, "probability": 0.95, "source": "signature:made",
            "evidence": [], "entities": {}, "fingerprint": cause.fingerprint, "alternatives": [],
        }  # fmt: skip
    plan = {
        "decision": "heal" if changes else "escalate", "reason": "", "refused": [], "expected_cost_s": 0, "success_probability": 0.5,
        "remedies": [{"name": change.remedy, "details": {"summary": change.summary}, "wait_s": 0} for change in changes],
    }  # fmt: skip
    return {"number": number, "exit_code": code, "signal": None, "ended": "exited", "duration_s": ATTEMPT_S, "telemetry": {},
            "diagnosis": diagnosis, "plan": plan if diagnosis else None}  # fmt: skip


def keep(store: SqlStore, number: int, at: datetime, ended: Ended) -> None:
    document = {
        "schema": "pipeguard.run/1", "id": f"run-{number}", "status": "healed" if ended.green else "failed", "exit_code": 0 if ended.green else 1,
        "platform": "none", "command": ["make"], "started_at": at.isoformat(timespec="seconds"), "duration_s": ended.seconds,
        "healed_by": [ended.healed_by] if ended.green else [], "attempts": ended.attempts, "rescued_s": 0, "wasted_s": 0, "diagnosis_s": 0,
        "project": "p",
    }  # fmt: skip
    store.record([entry(checked(document))])


@dataclass
class Figures:
    """What a way of healing came to."""

    regret: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    green: int = 0

    def add(self, ended: Ended, best: float) -> None:
        self.regret.append((self.regret[-1] if self.regret else 0.0) + ended.cost - best)
        if ended.green:
            self.green += 1
            self.seconds.append(ended.seconds)


WAYS = ("fixed order", "learned", "without the lab")


def simulate(world: World, runs: int, seed: int) -> dict[str, Figures]:
    """What each way of WAYS came to."""
    dice = random.Random(seed)
    figures = {way: Figures() for way in WAYS}
    begin = datetime(2026, 1, 1, tzinfo=timezone.utc)
    with tempfile.TemporaryDirectory() as folder, patched():
        stores = {way: open_store(f"sqlite:{folder}/{number}.db", read_only=False, create=True) for number, way in enumerate(WAYS[1:])}
        causes: list[Cause] = []
        for number in range(runs):
            if not causes or number % math.ceil(runs / world.deals) == 0:
                causes = deal(world, dice)
            cause = dice.choice(causes)
            luck = {name: dice.random() for name in COST_S}
            best = oracle(cause, luck)
            figures["fixed order"].add(play(cause, luck, NoMemory()), best)
            for way, store in stores.items():
                assert store is not None
                with rates({} if way == "without the lab" else ACTUAL_CASES):
                    ended = _one_run(store, number, cause, luck, begin)
                figures[way].add(ended, best)
        for store in stores.values():
            assert store is not None
            store.close()
    return figures


def _one_run(store: SqlStore, number: int, cause: Cause, luck: dict[str, float], begin: datetime) -> Ended:
    at = begin + timedelta(hours=HOURS_BETWEEN * number)
    ended = play(cause, luck, History(lambda question: question(store), "p", at.timestamp))
    keep(store, number, at, ended)
    return ended


@contextmanager
def rates(found: Any) -> Iterator[None]:
    """The odds with these rates in place of the lab's."""
    old, odds.RATES = odds.RATES, found  # type: ignore[misc]
    try:
        yield
    finally:
        odds.RATES = old  # type: ignore[misc]


class patched:  # noqa: N801 - reads as a statement
    """The plan with made-up remedies in place of those that look at a machine."""

    def __enter__(self) -> None:
        self._old: Any = offers.REMEDIES
        offers.REMEDIES = {name: Made(name) for name in REMEDIES}  # type: ignore[misc,assignment]

    def __exit__(self, *of: object) -> None:
        offers.REMEDIES = self._old  # type: ignore[misc]


def plot(path: Path, fixed: Figures, learned: Figures) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 3.6))
    for figures, name, colour in ((fixed, "fixed order", "#b0413e"), (learned, "learned", "#3b7a57")):
        left.plot([one / 3600 for one in figures.regret], label=name, color=colour)
        window = 50
        means = [sum(figures.seconds[max(at - window, 0) : at]) / min(at, window) for at in range(1, len(figures.seconds) + 1)]
        right.plot(means, label=name, color=colour)
    left.axvline(len(fixed.regret) / 2, color="#888", linewidth=0.8, linestyle=":")
    left.set(xlabel="runs (dotted: the world changes)", ylabel="hours", title="Regret against whoever knows the chances")
    right.set(xlabel="runs that became green", ylabel="seconds", title="Time to green, mean of the last 50", ylim=(0, None))
    left.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def interval(values: Sequence[float]) -> str:
    """`5.1 ± 0.4`: the mean, and 1.96 standard errors of it."""
    error = 1.96 * statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return f"{statistics.mean(values):6.1f} ± {error:4.1f}"


def compared(name: str, world: World, runs: int, seeds: Sequence[int]) -> tuple[list[str], dict[str, Figures]]:
    """A line for each way, and the figures of the first seed."""
    found = [simulate(world, runs, seed) for seed in seeds]
    lines = []
    for way in WAYS:
        of = [one[way] for one in found]
        regret = interval([one.regret[-1] / 3600 for one in of])
        to_green = interval([statistics.mean(one.seconds) for one in of])
        green = interval([100 * one.green / runs for one in of])
        lines.append(f"{name:<14}{way:<16} regret {regret} h   green {green} %   time to green {to_green} s")
    share = interval([(one["learned"].regret[-1] - one["without the lab"].regret[-1]) / 3600 for one in found])
    return [*lines, f"{name:<14}with the lab's priors {share} h"], found[0]


def main(say: Callable[[str], None] = print) -> None:
    reader = argparse.ArgumentParser()
    reader.add_argument("--runs", type=int, default=1000)
    reader.add_argument("--seeds", type=int, default=8, help="how many, from --first on")
    reader.add_argument("--first", type=int, default=1)
    reader.add_argument("--worlds", default=",".join(WORLDS))
    reader.add_argument("--weights", default=str(odds.PRIOR_RUNS))
    reader.add_argument("--plot", type=Path)
    asked = reader.parse_args()
    for weight in asked.weights.split(","):
        odds.PRIOR_RUNS = float(weight)  # type: ignore[misc]
        say(f"prior counted for {weight} runs, {asked.runs} runs, {asked.seeds} seeds from {asked.first} on")
        for name in asked.worlds.split(","):
            lines, first = compared(name, WORLDS[name], asked.runs, range(asked.first, asked.first + asked.seeds))
            for line in lines:
                say(line)
            if asked.plot and name == "half-other":
                plot(asked.plot, first["fixed order"], first["learned"])
                say(f"plot: {asked.plot}")


if __name__ == "__main__":
    main()
