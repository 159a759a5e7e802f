"""What learning is worth: 1,000 runs of a world that changes half-way, healed in the fixed order and by what was learned.

    python tests/bench/learning.py [--runs 1000] [--seed 1] [--plot docs/learning.png]

The plan, the memory and the store are guard's own; only the remedies and the world are made up. Each cause has its
own chances that a remedy heals it; for half of the causes the best one is not the first of guard's fixed order, and
half-way all chances are dealt again. Both ways meet the same failures with the same luck. Regret is counted against
whoever knows the chances: seconds until green, where a run that stays red costs ten minutes more (somebody looks,
and starts it again).
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import permutations
from pathlib import Path
from typing import Any

from guard.history.checking import checked
from guard.history.entry import entry
from guard.history.opening import open_store
from guard.history.recall import History
from guard.history.store import SqlStore
from guard.policy import offers
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
CAUSES = 12
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


def deal(dice: random.Random) -> list[Cause]:
    """Causes, of which half are best healed by the first remedy of the fixed order."""
    causes = []
    for number in range(CAUSES):
        label = LABELS[number % len(LABELS)]
        names = remedies_of(label)
        best = names[0] if number < CAUSES / 2 else dice.choice(names[1:])
        causes.append(Cause(label, f"cause-{number}", {name: dice.uniform(0.75, 0.95) if name == best else dice.uniform(0.0, 0.25) for name in names}))
    dice.shuffle(causes)
    return causes


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
    """What the run costs whoever knows the chances and so tries the best two remedies in the best order; same luck."""
    names = remedies_of(cause.label)

    def on_average(order: Sequence[str]) -> float:
        total, still = 0.0, 1.0
        for name in order[:2]:
            total += still * (ATTEMPT_S + COST_S[name])
            still *= 1 - cause.chances[name]
        return total + still * RED_COSTS_S

    cost = 0.0
    for name in min(permutations(names), key=on_average)[:2]:
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

    regret: list[float]
    seconds: list[float]
    green: int = 0

    def add(self, ended: Ended, best: float) -> None:
        self.regret.append((self.regret[-1] if self.regret else 0.0) + ended.cost - best)
        if ended.green:
            self.green += 1
            self.seconds.append(ended.seconds)


def simulate(runs: int, seed: int) -> tuple[Figures, Figures]:
    """What the fixed order came to, and what was learned."""
    dice = random.Random(seed)
    fixed, learned = Figures([], []), Figures([], [])
    begin = datetime(2026, 1, 1, tzinfo=timezone.utc)
    with tempfile.TemporaryDirectory() as folder, patched():
        store = open_store(f"sqlite:{folder}/history.db", read_only=False, create=True)
        assert store is not None
        causes = deal(dice)
        for number in range(runs):
            if number == runs // 2:
                causes = deal(dice)
            cause = dice.choice(causes)
            luck = {name: dice.random() for name in COST_S}
            at = begin + timedelta(hours=HOURS_BETWEEN * number)
            best = oracle(cause, luck)
            memory = History(lambda question: question(store), "p", at.timestamp)
            with_memory = play(cause, luck, memory)
            without = play(cause, luck, NoMemory())
            keep(store, number, at, with_memory)
            learned.add(with_memory, best)
            fixed.add(without, best)
        store.close()
    return fixed, learned


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


def main(say: Callable[[str], None] = print) -> None:
    reader = argparse.ArgumentParser()
    reader.add_argument("--runs", type=int, default=1000)
    reader.add_argument("--seed", type=int, default=1)
    reader.add_argument("--plot", type=Path)
    asked = reader.parse_args()
    fixed, learned = simulate(asked.runs, asked.seed)
    for name, figures in (("fixed order", fixed), ("learned", learned)):
        mean = sum(figures.seconds) / len(figures.seconds)
        say(f"{name:<12} regret {figures.regret[-1] / 3600:6.1f} h   green {figures.green / asked.runs:.1%}   time to green {mean:.0f} s")
    if asked.plot:
        plot(asked.plot, fixed, learned)
        say(f"plot: {asked.plot}")


if __name__ == "__main__":
    main()
