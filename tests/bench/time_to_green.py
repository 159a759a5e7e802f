"""`python tests/bench/time_to_green.py [PATTERN…]`: each failure of the lab run again by a person, by a blind retry, and under guard.

Four ways, one after the other on the same machine, in turns so that a slow minute strikes all: the job run again from its start after each red
run (what a person's delay, the queue and the job's own setting-up cost is left out, which favours it); three attempts ten seconds apart, as the
common wrappers do; guard as it comes; guard with `probes: on`, which may ask whether a service is up again. Writes a table (Markdown), a plot (PNG) and the rows (JSON Lines).
"""

from __future__ import annotations

import argparse
import fnmatch
import hashlib
import json
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import models.lab.scenarios  # noqa: F401  registers them
from guard.policy.refusals import REFUSED
from models.lab.check import clears, repeatable
from models.lab.scenario import PASSED, SCENARIOS, Case, Scenario
from models.lab.trial import BLIND_WAIT_S, RUNS, missing, play, wanted

WAYS = ("again", "blind", "guard", "probes")
TITLES = {"again": "run again from the start", "blind": "blind retry", "guard": "guard", "probes": "guard, probes on"}
_BY_GUARD = ("guard", "probes")
Row = dict[str, Any]


def chosen(patterns: list[str], each: int, refused: int) -> list[tuple[Scenario, Case]]:
    """At most `each` cases of every scenario that can heal, and `refused` of those that cannot, spread over all scenarios."""
    found: list[tuple[Scenario, Case]] = []
    cannot: list[tuple[Scenario, Case]] = []
    for scenario in SCENARIOS.values():
        if scenario.label == PASSED or missing(scenario):
            continue
        taken: dict[bool, int] = defaultdict(int)
        for case in scenario.cases():
            name, heals = f"{scenario.name}/{case.name}", bool(wanted(scenario, case))
            if case.label == PASSED or (heals and not clears(scenario, case)) or case.ends_by_limit or (heals and not repeatable(case)):
                continue
            if not heals and (case.label or scenario.label) not in REFUSED:
                continue  # a cause that often heals and here cannot: neither healable nor to be refused
            if (not patterns or any(fnmatch.fnmatch(name, one) for one in patterns)) and taken[heals] < each:
                taken[heals] += 1
                (found if heals else cannot).append((scenario, case))
    step = max(len(cannot) / refused, 1.0) if refused else len(cannot) + 1.0
    found += [cannot[int(at * step)] for at in range(min(refused, len(cannot)))]
    # In no order of tools: what is measured so far is a fair part of the whole whenever it is cut short.
    return sorted(found, key=lambda pair: hashlib.sha256(f"{pair[0].name}/{pair[1].name}".encode()).digest())


def measured(pairs: list[tuple[Scenario, Case]], jobs: int, out: Path, seal: bool) -> None:
    """Play each case each way and add the rows to `out`."""

    def one(numbered: tuple[int, tuple[Scenario, Case]]) -> None:
        number, (scenario, case) = numbered
        turn = number % len(WAYS)
        rows = []
        for way in WAYS[turn:] + WAYS[:turn]:
            try:
                rows.append(play(scenario, case, way, seal=seal).row())
            except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
                print(f"left out {scenario.name}/{case.name}: {str(error).splitlines()[0][:150]}", file=sys.stderr, flush=True)
                return
        with out.open("a", encoding="utf-8") as file:
            file.writelines(f"{json.dumps(row)}\n" for row in rows)
        print(f"{scenario.name}/{case.name}: " + ", ".join(f"{row['way']} {'green' if row['green'] else 'red'} {row['seconds']} s" for row in rows), flush=True)

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, enumerate(pairs)))


def _by_case(rows: Iterable[Row]) -> dict[str, dict[str, Row]]:
    cases: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in rows:
        cases[row["scenario"]][row["way"]] = row
    return {name: ways for name, ways in cases.items() if len(ways) == len(WAYS)}


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.0%})" if whole else "-"


def _times(seconds: list[float]) -> str:
    if not seconds:
        return "-"
    p90 = sorted(seconds)[min(int(len(seconds) * 0.9), len(seconds) - 1)]
    return f"{statistics.median(seconds):.1f} s / {p90:.1f} s"


def _damage(ways: dict[str, Row], way: str) -> list[str]:
    """What this way of guard changed outside and the command by itself did not."""
    return sorted(set(ways[way].get("outside") or ()) - set(ways["blind"].get("outside") or ()) - set(ways["again"].get("outside") or ()))


def table(rows: list[Row]) -> str:
    """The figures as Markdown."""
    cases = _by_case(rows)
    healable = [ways for ways in cases.values() if ways["guard"]["heals"]]
    refused = [ways for ways in cases.values() if not ways["guard"]["heals"]]
    lines = [
        f"{len(cases)} cases of {len({name.rsplit('/', 1)[0] for name in cases})} scenarios: {len(healable)} that can heal, {len(refused)} that cannot; "
        f"at most {RUNS} runs each way, {BLIND_WAIT_S:.0f} s between those of a blind retry.",
        "",
        "| | " + " | ".join(TITLES[way] for way in WAYS) + " |",
        "| --- |" + " ---: |" * len(WAYS),
    ]

    def add(name: str, cells: Iterable[str]) -> None:
        lines.append(f"| {name} | " + " | ".join(cells) + " |")

    add("ended green, of what can heal", (_share(sum(ways[way]["green"] for ways in healable), len(healable)) for way in WAYS))
    add("green by the second run", (_share(sum(ways[way]["green"] and ways[way]["runs"] == 2 for ways in healable), len(healable)) for way in WAYS))
    add("time to green, median / p90", (_times([ways[way]["seconds"] for ways in healable if ways[way]["green"]]) for way in WAYS))
    every = [ways for ways in healable if all(ways[way]["green"] for way in WAYS)]
    add(f"the same where all ways end green ({len(every)})", (_times([ways[way]["seconds"] for ways in every]) for way in WAYS))
    add("runs of what cannot heal, mean", (f"{statistics.mean(ways[way]['runs'] for ways in refused):.2f}" if refused else "-" for way in WAYS))
    add("seconds spent after the first red run on what cannot heal", (f"{sum(ways[way]['seconds'] - ways[way]['first_s'] for ways in refused):.0f}" for way in WAYS))
    add("the same on what can heal and stayed red", (f"{sum(ways[way]['wasted_s'] for ways in healable):.0f}" for way in WAYS))
    add("green without a passing run", (str(sum(ways[way]["wrong_green"] for ways in cases.values())) for way in WAYS))
    if any(ways["guard"].get("outside") is not None for ways in cases.values()):
        damage = {way: {name: found for name, ways in cases.items() if (found := _damage(ways, way))} for way in _BY_GUARD}
        add("changed outside its own folders and caches, beyond what the command itself changed", ("-", "-", *(str(len(damage[way])) for way in _BY_GUARD)))
        lines += ["", *(f"- {name} ({TITLES[way]}): {', '.join(paths[:5])}" for way in _BY_GUARD for name, paths in damage[way].items())]
    lines += ["", "By cause, of what can heal:", "", "| label | cases | " + " | ".join(TITLES[way] for way in WAYS) + " |", "| --- | ---: |" + " ---: |" * len(WAYS)]
    by_label: dict[str, list[dict[str, Row]]] = defaultdict(list)
    for ways in healable:
        by_label[ways["guard"]["label"]].append(ways)
    for label, group in sorted(by_label.items()):
        cells = (f"{sum(ways[way]['green'] for ways in group)}, {_times([ways[way]['seconds'] for ways in group if ways[way]['green']])}" for way in WAYS)
        lines.append(f"| {label} | {len(group)} | " + " | ".join(cells) + " |")
    for way in _BY_GUARD:
        red = [name for name, ways in cases.items() if ways[way]["heals"] and not ways[way]["green"]]
        twice = [name for name, ways in cases.items() if not ways[way]["heals"] and ways[way]["runs"] > 1]
        lines += ["", f"Not healed by {TITLES[way]}: {', '.join(red) or 'none'}.", "", f"Repeated by {TITLES[way]} although nothing could heal it: {', '.join(twice) or 'none'}."]
    return "\n".join(lines) + "\n"


def plot(rows: list[Row], file: Path) -> None:
    """The share of what can heal that is green after so many seconds, each way."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    healable = [ways for ways in _by_case(rows).values() if ways["guard"]["heals"]]
    figure, axes = pyplot.subplots(figsize=(7, 3.6), dpi=110)
    for way, colour in zip(WAYS, ("#b0542e", "#8a8a8a", "#1f6f8b", "#6aa84f"), strict=True):
        seconds = sorted(ways[way]["seconds"] for ways in healable if ways[way]["green"])
        steps = [100 * (at + 1) / len(healable) for at in range(len(seconds))]
        axes.step([0, *seconds, 180], [0, *steps, steps[-1] if steps else 0], where="post", label=TITLES[way], color=colour)
    axes.set(xlim=(0, 120), ylim=(0, 100), xlabel="seconds from the first run's beginning", ylabel="green, % of what can heal")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", frameon=False)
    figure.tight_layout()
    figure.savefig(file)


def main() -> None:
    """Measure, or with `--only-report` read the rows again, and write the table and the plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("patterns", nargs="*")
    parser.add_argument("--each", type=int, default=1, help="at most so many cases of each scenario")
    parser.add_argument("--refused", type=int, default=100, help="so many cases that must be refused")
    parser.add_argument("-j", "--jobs", type=int, default=2)
    parser.add_argument("--rows", type=Path, default=Path("time_to_green.jsonl"))
    parser.add_argument("--table", type=Path)
    parser.add_argument("--png", type=Path)
    parser.add_argument("--no-seal", action="store_true", help="do not watch for changes outside (no root, no overlay)")
    parser.add_argument("--only-report", action="store_true")
    options = parser.parse_args()
    if not options.only_report:
        pairs = chosen(options.patterns, options.each, options.refused)
        done = {row["scenario"] for row in _read(options.rows)}
        measured([pair for pair in pairs if f"{pair[0].name}/{pair[1].name}" not in done], options.jobs, options.rows, not options.no_seal)
    text = table(_read(options.rows))
    print(text)
    if options.table:
        options.table.write_text(text, encoding="utf-8")
    if options.png:
        plot(_read(options.rows), options.png)


def _read(file: Path) -> list[Row]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


if __name__ == "__main__":
    main()
