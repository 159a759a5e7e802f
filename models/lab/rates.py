"""Rows of cases played under guard → how often each remedy healed each label: the priors that learning begins with.

A case counts once, by its newest row, and only where guard's diagnosis was right: how sure a diagnosis is, is counted apart
from whether a remedy helps. As in a history a remedy healed where the run ended green after it, and did not where the
same failure came again; where another came, nothing is known.

Cases that were played twice tell how much a rate says of the next failure: where a remedy heals a cause always or never,
one trial of it says more than what all other causes did, and the prior counts for few runs.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

PLAYED = Path(__file__).with_name("played.jsonl")
"""One line a case: what of its row the rates rest on."""
BEFORE = Path(__file__).with_name("played_before.jsonl")
"""The same of the play before that, for the cases that were played twice."""
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


def runs_of_prior(first: Iterable[Mapping[str, Any]], second: Iterable[Mapping[str, Any]]) -> float:
    """For how many runs a prior of these rates counts, by what became of the same cases twice.

    Each cause has its own chance that a remedy heals it, drawn from a Beta distribution about the rate of its label and
    remedies: how much two plays of one cause agree more than plays of two causes do is that distribution's a + b, by
    moments. Two plays of one cause differ with the probability 2 E[p (1 - p)] = 2 m (1 - m) c / (c + 1), for a mean of m
    and c = a + b; plays of two causes with 2 m (1 - m). Infinite where plays of one cause agree no more than those of two.
    """
    plays = [{(str(row["scenario"]), str(row["label"]), group): healed for row in rows for group, healed in _trials(row).items()} for rows in (first, second)]
    pairs: dict[tuple[str, str], list[tuple[bool, bool]]] = {}
    for (scenario, label, group), healed in plays[0].items():
        if (scenario, label, group) in plays[1]:
            pairs.setdefault((label, group), []).append((healed, plays[1][scenario, label, group]))
    alike = unlike = 0.0
    for several in pairs.values():
        if len(several) > 1:
            alike += sum(one != other for one, other in several)
            unlike += len(several) * _differing(several)
    share = alike / unlike if unlike else 1.0
    return share / (1 - share) if share < 1 else math.inf


def played_twice(before: Path = BEFORE, played: Path = PLAYED) -> float:
    """`runs_of_prior` of the committed rows."""
    return runs_of_prior(_rows(before), _rows(played))


def _differing(pairs: Sequence[tuple[bool, bool]]) -> float:
    """The share of plays of two causes of which one healed and the other did not."""
    count, healed = len(pairs), sum(map(sum, pairs))
    within = sum(one * 2 * (2 - sum(pair)) for pair in pairs for one in [sum(pair)])
    return (2 * healed * (2 * count - healed) - within) / (4 * count * (count - 1))


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


def write(files: Iterable[Path], played: Path = PLAYED, target: Path = TARGET, before: Path = BEFORE) -> Rates:
    """Take the rows of `files` into `played`, later ones in place of earlier, and write the table of it all.

    What a row of another file took the place of goes to `before`.
    """
    rows, replaced = (_rows(file) if file.exists() else [] for file in (played, before))
    for file in files:
        new = joined((), _rows(file))
        again = {row["scenario"] for row in new}
        replaced = joined(replaced, [row for row in rows if row["scenario"] in again])
        rows = joined(rows, new)
    for file, kept in ((played, rows), (before, replaced)):
        file.write_text("".join(f"{json.dumps(row)}\n" for row in kept), encoding="utf-8")
    found = rates(rows)
    target.write_text(module(found), encoding="utf-8")
    return found


def _rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
