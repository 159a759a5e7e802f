"""`python -m models.lab list|record|matrix`: the lab's scenarios, their outputs as a corpus, each client in each weather."""

from __future__ import annotations

import argparse
import fnmatch
import json
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import models.lab.scenarios  # noqa: F401  registers them
from models.lab.record import NotAsMeant, record
from models.lab.scenario import SCENARIOS, Case, Scenario
from models.lab.weather_matrix import matrix


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
        missing = [need for need in scenario.needs if shutil.which(need) is None]
        if missing:
            print(f"skipped {scenario.name}/{case.name}: no {', '.join(missing)}", file=sys.stderr)
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
        lines = [line for line in pool.map(one, pairs) if line]
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    print(f"{len(lines)} of {len(pairs)} cases recorded", file=sys.stderr)
    return 0 if len(lines) == len(pairs) else 1


def main() -> int:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(prog="python -m models.lab")
    parser.add_argument("what", choices=("list", "record", "matrix"))
    parser.add_argument("patterns", nargs="*")
    parser.add_argument("-o", "--output", type=Path, help="the JSON Lines file to write")
    parser.add_argument("-j", "--jobs", type=int, default=2)
    options = parser.parse_args()
    if options.what == "list":
        for scenario, case in chosen(options.patterns):
            print(f"{case.label or scenario.label:22} {scenario.heals or '-':20} {scenario.name}/{case.name}")
        return 0
    if options.what == "matrix":
        matrix(options.patterns)
        return 0
    return _record(options.patterns, options.output, options.jobs)


if __name__ == "__main__":
    sys.exit(main())
