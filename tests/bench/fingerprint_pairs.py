"""`python tests/bench/fingerprint_pairs.py [PATTERN…]`: the same failure twice, and different ones: do their fingerprints tell?

Each failing case of the lab runs twice, bare, in two places: other folders, process ids, ports, times and durations. The same case should have the
same fingerprint both times; two cases of different scenarios should not share one. What shares one is listed, for a person to judge: two scenarios
may well make the same failure.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import models.lab.scenarios  # noqa: F401  registers them
from guard.commands.judging import Judge, window_of
from guard.diagnosis.fingerprint import normalised
from guard.settings.values import Settings
from guard.types import Surroundings
from models.lab.place import place
from models.lab.scenario import PASSED, SCENARIOS, Case, Scenario
from models.lab.trial import missing


def chosen(patterns: list[str], each: int) -> list[tuple[Scenario, Case]]:
    """At most `each` failing cases of every scenario."""
    found = []
    for scenario in SCENARIOS.values():
        cases = [case for case in scenario.cases() if PASSED not in (case.label or scenario.label, case.label) and not case.ends_by_limit]
        named = [case for case in cases if not patterns or any(fnmatch.fnmatch(f"{scenario.name}/{case.name}", one) for one in patterns)]
        if not missing(scenario):
            found += [(scenario, case) for case in named[:each]]
    return found


def recorded(pairs: list[tuple[Scenario, Case]], jobs: int, out: Path) -> None:
    """Run each case twice and add what it printed to `out`."""

    def one(pair: tuple[Scenario, Case]) -> None:
        scenario, case = pair
        texts, codes = [], []
        for _ in range(2):
            try:
                with place(case) as here:
                    done = here.bare()
            except (RuntimeError, OSError) as error:
                print(f"left out {scenario.name}/{case.name}: {str(error).splitlines()[0][:120]}", file=sys.stderr)
                return
            texts.append(done.output)
            codes.append(done.exit_code)
        if 0 in codes:
            return
        row = {"scenario": f"{scenario.name}/{case.name}", "label": case.label or scenario.label, "exit_codes": codes, "texts": texts}
        with out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, pairs))


def _judged(text: str, code: int, judge: Judge) -> tuple[str, str, str, str]:
    """Fingerprint, label, source and the first line of evidence."""
    diagnosis, _ = judge.judge(window_of([text.encode()]), code)
    return diagnosis.fingerprint, diagnosis.label, diagnosis.source, diagnosis.evidence[0].text if diagnosis.evidence else ""


def report(rows: list[dict[str, Any]], show: int) -> None:
    """Print both figures and what went wrong."""
    judge = Judge(Settings(), Surroundings())
    same, seen = 0, defaultdict(list)
    split = []
    for row in rows:
        one, two = (_judged(text, code, judge) for text, code in zip(row["texts"], row["exit_codes"], strict=True))
        same += one[0] == two[0]
        if one[0] != two[0]:
            split.append((row["scenario"], one, two))
        seen[one[0]].append((row["scenario"], one))
    names = {row["scenario"]: row["scenario"].rsplit("/", 1)[0] for row in rows}
    total = sum(1 for at, a in enumerate(rows) for b in rows[:at] if names[a["scenario"]] != names[b["scenario"]])
    shared = [group for group in seen.values() if len({names[name] for name, _ in group}) > 1]
    pairs = sum(1 for group in shared for at, (a, _) in enumerate(group) for b, _ in group[:at] if names[a] != names[b])
    print(f"the same failure twice: {same} of {len(rows)} have one fingerprint ({same / len(rows):.1%})")
    print(f"different failures: {pairs} of {total} pairs share one ({pairs / total:.3%})")
    for name, one, two in split[:show]:
        print(f"\nsplit: {name}\n  {one[1]} {one[2]}: {normalised(one[3])[:200]}\n  {two[1]} {two[2]}: {normalised(two[3])[:200]}")
    for group in sorted(shared, key=len, reverse=True)[:show]:
        print(f"\nshared: {', '.join(name for name, _ in group)[:400]}\n  {group[0][1][1]} {group[0][1][2]}: {normalised(group[0][1][3])[:200]}")


def main() -> None:
    """Record what is missing, then report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("patterns", nargs="*")
    parser.add_argument("--each", type=int, default=1)
    parser.add_argument("-j", "--jobs", type=int, default=2)
    parser.add_argument("--rows", type=Path, default=Path("fingerprint_pairs.jsonl"))
    parser.add_argument("--show", type=int, default=15)
    parser.add_argument("--only-report", action="store_true")
    options = parser.parse_args()
    have = {row["scenario"] for row in _read(options.rows)}
    if not options.only_report:
        wanted = chosen(options.patterns, options.each)
        recorded([pair for pair in wanted if f"{pair[0].name}/{pair[1].name}" not in have], options.jobs, options.rows)
    report(_read(options.rows), options.show)


def _read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(row) for row in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


if __name__ == "__main__":
    main()
