"""`python -m models.lab list|record|check|report|matrix|rates`: scenarios, their outputs as a corpus, guard's verdicts, each client in each weather, priors."""

from __future__ import annotations

import argparse
import fnmatch
import json
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import models.lab.scenarios  # noqa: F401  registers them
from models.lab import rates, weather_matrix
from models.lab.check import RIGHT, clears, line, repeatable, verdict
from models.lab.record import NotAsMeant, record
from models.lab.report import report, rows_of
from models.lab.scenario import SCENARIOS, Case, Scenario
from models.lab.trial import missing, play, wanted


def chosen(patterns: list[str]) -> list[tuple[Scenario, Case]]:
    """The cases whose `tool/what/case` matches one of the patterns, all without any; `pip/*` means those of pip."""
    found = []
    for scenario in SCENARIOS.values():
        for case in scenario.cases():
            name = f"{scenario.name}/{case.name}"
            if not patterns or any(fnmatch.fnmatch(name, pattern) or name.startswith(pattern) for pattern in patterns):
                found.append((scenario, case))
    return found


def _record(patterns: list[str], target: Path | None, jobs: int) -> int:
    def one(pair: tuple[Scenario, Case]) -> str:
        scenario, case = pair
        if missing(scenario):
            print(f"skipped {scenario.name}/{case.name}: no {missing(scenario)}", file=sys.stderr)
            return ""
        try:
            row = record(scenario, case)
        except (NotAsMeant, RuntimeError, OSError) as error:
            print(f"not as meant: {error}", file=sys.stderr)
            return ""
        print(f"{row['label']:22} {row['exit_code']:4} {len(row['text'].splitlines()):6} lines  {row['scenario']}", file=sys.stderr)
        return json.dumps(row, ensure_ascii=False)

    pairs = chosen(patterns)
    with ThreadPoolExecutor(jobs) as pool:
        rows = [row for row in pool.map(one, pairs) if row]
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    print(f"{len(rows)} of {len(pairs)} cases recorded", file=sys.stderr)
    return 0 if len(rows) == len(pairs) else 1


def _check(patterns: list[str], target: Path | None, jobs: int, each: int, only: str) -> int:
    """Run cases under guard and hold what it did against what the scenarios want."""
    pairs: list[tuple[Scenario, Case]] = []
    taken: Counter[str] = Counter()
    for scenario, case in chosen(patterns):
        if only and only != ("heals" if wanted(scenario, case) else "refused"):
            continue
        if wanted(scenario, case) and not repeatable(case):
            continue
        taken[scenario.name] += 1
        if not each or taken[scenario.name] <= each:
            pairs.append((scenario, case))
    out = target.open("a", encoding="utf-8") if target is not None else None

    def one(pair: tuple[Scenario, Case]) -> str:
        scenario, case = pair
        if missing(scenario):
            return f"skipped: no {missing(scenario)}"
        try:
            trial = play(scenario, case, "guard")
        except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
            print(f"not as meant {scenario.name}/{case.name}: {error}", flush=True)
            return "not as meant"
        found = verdict(trial, clears=clears(scenario, case))
        print(line(trial, found), flush=True)
        if out is not None:
            out.write(json.dumps(trial.row() | {"verdict": found}) + "\n")
            out.flush()
        return found

    with ThreadPoolExecutor(jobs) as pool:
        found = Counter(pool.map(one, pairs))
    for name, count in found.most_common():
        print(f"{count:6} {name}")
    return 0 if all(name in RIGHT for name in found) else 1


def main() -> int:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(prog="python -m models.lab")
    parser.add_argument("what", choices=("list", "record", "check", "report", "matrix", "rates"))
    parser.add_argument("patterns", nargs="*", help="of cases; rates: files of rows to take in, the newest last")
    parser.add_argument("-o", "--output", type=Path, help="the JSON Lines file to write; report: to read")
    parser.add_argument("-j", "--jobs", type=int, default=2)
    parser.add_argument("--each", type=int, default=0, help="check: at most so many cases of each scenario")
    parser.add_argument("--live", action="store_true", help="matrix: goods of the machine's own upstreams, fetched through the lab")
    parser.add_argument("--words", action="store_true", help="matrix: each client's own last words, without guard")
    parser.add_argument("--only", choices=("heals", "refused"), default="", help="check: only such scenarios")
    options = parser.parse_intermixed_args()
    if options.what == "list":
        for scenario, case in chosen(options.patterns):
            print(f"{case.label or scenario.label:22} {wanted(scenario, case) or '-':20} {scenario.name}/{case.name}")
        return 0
    if options.what == "matrix":
        if options.words:
            weather_matrix.words(options.patterns)
            return 0
        cells = weather_matrix.matrix(options.patterns, jobs=options.jobs, live=options.live, rows=options.output)
        print(weather_matrix.summary(rows_of(options.output) or cells), end="")
        return 0 if all(cell["verdict"] in weather_matrix.RIGHT for cell in cells) else 1
    if options.what == "rates":
        for label, groups in rates.write(map(Path, options.patterns)).items():
            for group, (healed, tried) in groups.items():
                print(f"{label:22} {group:40} {healed:4} of {tried}")
        print(f"by the cases that were played twice the prior counts for {rates.played_twice():.2f} runs")
        return 0
    if options.what == "report":
        print(report(rows_of(options.output)), end="")
        return 0
    if options.what == "check":
        return _check(options.patterns, options.output, options.jobs, options.each, options.only)
    return _record(options.patterns, options.output, options.jobs)


if __name__ == "__main__":
    sys.exit(main())
