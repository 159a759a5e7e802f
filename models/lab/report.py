"""What the lab holds, and what guard made of it: a page of Markdown from the scenarios and the rows of `check`."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from models.lab.check import RIGHT
from models.lab.scenario import PASSED, SCENARIOS
from models.lab.trial import wanted


def report(rows: Iterable[dict[str, Any]] = ()) -> str:
    """Counts of scenarios by label and tool; with rows, the verdicts on them and each one that is not right."""
    heals: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    cases: Counter[str] = Counter()
    tools: dict[str, Counter[str]] = defaultdict(Counter)
    for scenario in SCENARIOS.values():
        found = list(scenario.cases())
        can = any(wanted(scenario, case) for case in found)
        (heals if can else refused)[scenario.label] += 1
        cases[scenario.label] += len(found)
        tools[scenario.tool]["heals" if can else "passes" if scenario.label == PASSED else "refused"] += 1
    failing = {label: heals[label] + refused[label] for label in cases}
    lines = [
        "# The failure lab",
        "",
        f"{len(SCENARIOS)} scenarios of {len(tools)} tools, {sum(cases.values())} cases: {sum(heals.values())} scenarios that can heal, "
        f"{sum(refused.values()) - refused[PASSED]} that must be refused, {refused[PASSED]} that pass.",
        "",
        "| label | scenarios | that can heal | cases |",
        "| --- | ---: | ---: | ---: |",
        *(f"| {label} | {count} | {heals[label]} | {cases[label]} |" for label, count in sorted(failing.items(), key=lambda pair: -pair[1])),
        "",
        "Tools (scenarios that can heal / must be refused / pass): "
        + ", ".join(f"{tool} ({count['heals']}/{count['refused']}/{count['passes']})" for tool, count in sorted(tools.items())),
    ]
    verdicts = {row["scenario"]: row for row in rows}  # the last of several
    if verdicts:
        counted = Counter(row["verdict"] for row in verdicts.values())
        lines += ["", "## Under guard", "", "| verdict | cases |", "| --- | ---: |", *(f"| {name} | {count} |" for name, count in counted.most_common())]
        wrong = [row for row in verdicts.values() if row["verdict"] not in RIGHT]
        lines += ["", "Not as the scenario wants:" if wrong else "All as the scenarios want.", ""]
        lines += [
            f"- {row['verdict']}: `{row['scenario']}` ({row['label']}): taken for {', '.join(row['diagnosed']) or '-'}; {row['reason'] or '-'}"
            for row in wrong
        ]
    return "\n".join(lines) + "\n"


def rows_of(file: Path | None) -> list[dict[str, Any]]:
    """The rows that `check` wrote; none without a file."""
    return [json.loads(row) for row in file.read_text(encoding="utf-8").splitlines()] if file is not None else []
