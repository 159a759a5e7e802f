"""Rows of cases played under guard → how often each remedy healed each label: the priors that learning begins with.

A case counts once, by its newest row, and only where guard's diagnosis was right: how sure a diagnosis is, is counted apart
from whether a remedy helps. As in a history a remedy healed where the run ended green after it, and did not where the
same failure came again; where another came, nothing is known.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

PLAYED = Path(__file__).with_name("played.jsonl")
"""One line a case: what of its row the rates rest on."""
TARGET = Path(__file__).parents[2] / "guard" / "policy" / "measured.py"
_KEPT = ("scenario", "label", "green", "diagnosed", "remedies")

Rates = dict[str, dict[str, tuple[int, int]]]
"""label → remedies of one attempt, joined by `+` in the order of the alphabet → (healed, tried)."""


def joined(old: Iterable[Mapping[str, Any]], new: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What the rates rest on of guard's rows (`check`, `time_to_green.py`), one a case: the last of several."""
    found = {str(row["scenario"]): {name: row[name] for name in _KEPT} for row in (*old, *new) if row.get("way", "guard") == "guard"}
    return [found[name] for name in sorted(found)]


def rates(rows: Iterable[Mapping[str, Any]]) -> Rates:
    """Heals and trials by label and remedies."""
    counted: Counter[tuple[str, str, bool]] = Counter()
    for row in rows:
        for group, healed in _trials(row).items():
            counted[str(row["label"]), group, healed] += 1
    found: Rates = {}
    for label, group in sorted({(label, group) for label, group, _ in counted}):
        heals = counted[label, group, True]
        found.setdefault(label, {})[group] = (heals, heals + counted[label, group, False])
    return found


def _trials(row: Mapping[str, Any]) -> dict[str, bool]:
    """Remedies of one attempt → whether they healed: one trial a case, however often they were tried."""
    found: dict[str, bool] = {}
    diagnosed, remedies = row["diagnosed"], row["remedies"]
    for position, group in enumerate(remedies):
        healed = bool(row["green"]) and position == len(remedies) - 1
        after = diagnosed[position + 1] if position + 1 < len(diagnosed) else None
        if diagnosed[position] == row["label"] and (healed or after == row["label"]):
            name = "+".join(sorted(group))
            found[name] = healed or found.get(name, False)
    return found


def module(found: Rates) -> str:
    """The text of guard/policy/measured.py."""
    lines = [
        '"""How often remedies healed in the failure lab; written by `python -m models.lab rates`, not by hand."""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import Final",
        "",
        "RATES: Final[dict[str, dict[str, tuple[int, int]]]] = {",
    ]
    for label, groups in found.items():
        lines.append(f"    {json.dumps(label)}: {{")
        lines += [f"        {json.dumps(group)}: ({healed}, {tried})," for group, (healed, tried) in groups.items()]
        lines.append("    },")
    lines += ["}", '"""label → remedies of one attempt, joined by `+` in the order of the alphabet → (healed, tried)."""', ""]
    return "\n".join(lines)


def write(files: Iterable[Path], played: Path = PLAYED, target: Path = TARGET) -> Rates:
    """Take the rows of `files` into `played`, later ones in place of earlier, and write the table of it all."""
    old = _rows(played) if played.exists() else []
    rows = joined(old, [row for file in files for row in _rows(file)])
    played.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    found = rates(rows)
    target.write_text(module(found), encoding="utf-8")
    return found


def _rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
