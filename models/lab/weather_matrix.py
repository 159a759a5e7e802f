"""Every client in every weather, played under guard: the label it found, whether it ended green, how often it ran; as a table."""

from __future__ import annotations

import fnmatch
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from models.lab.place import place
from models.lab.record import anonymous
from models.lab.scenario import Scenario
from models.lab.trial import Trial, play
from models.lab.weather_clients import CLIENTS, Client
from models.lab.weather_kinds import KINDS, SAYS, Kind
from models.lab.weather_live_clients import live_client

HEALED, REFUSED, SURVIVED, SKIPPED = "healed", "refused", "survived", "skipped"
"""survived: the client got over it by itself, or never met it; its first run passed."""
MISLABELLED, NOT_HEALED, REPEATED, WRONG_GREEN = "MISLABELLED", "NOT HEALED", "REPEATED", "WRONG GREEN"
RIGHT = (HEALED, REFUSED, SURVIVED, SKIPPED)
_CALM_LIMIT_S = 60.0


def matrix(patterns: Sequence[str], *, jobs: int = 2, live: bool = False, rows: Path | None = None) -> list[dict[str, Any]]:
    """Play the cells that match a `client/kind` pattern, all without any; each row is printed, and added to the file, as it ends."""
    found: list[dict[str, Any]] = []
    with ThreadPoolExecutor(jobs) as pool:
        for row in pool.map(lambda pair: cell(*pair, live=live), list(pairs(patterns))):
            found.append(row)
            sys.stdout.write(_line(row))
            sys.stdout.flush()
            if rows is not None:
                with rows.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
    return found


def pairs(patterns: Sequence[str]) -> Iterator[tuple[Client, Kind]]:
    """The cells asked for, kind by kind, so that one client's cells do not all run at once."""
    for kind in KINDS.values():
        for name, client in CLIENTS.items():
            if not patterns or any(fnmatch.fnmatch(f"{name}/{kind.name}", pattern) for pattern in patterns):
                yield client, kind


def cell(client: Client, kind: Kind, *, live: bool = False) -> dict[str, Any]:
    """One client in one weather under guard. A cell that cannot be played says why, as `skipped`."""
    row: dict[str, Any] = {"client": client.name, "kind": kind.name, "live": live}
    lacking = [need for need in client.needs or (client.name,) if shutil.which(need) is None]
    if lacking:
        return row | {"verdict": SKIPPED, "why": f"no {', '.join(lacking)}"}
    if live:
        there = live_client(client)
        if isinstance(there, str):
            return row | {"verdict": SKIPPED, "why": there}
        client = there
    scenario = Scenario(f"{client.name}/matrix", client.name, kind.labels[0], "wait" if kind.heals else "", (), tuple)
    case = client.case(kind.name, kind.on(client.path, live=live), timeout_s=_CALM_LIMIT_S)
    try:
        trial = play(scenario, case, "guard")
    except RuntimeError as error:
        survived = str(error).endswith("the first run passed")
        return row | {"verdict": SURVIVED if survived else SKIPPED, "why": "" if survived else str(error)[-300:]}
    except (OSError, subprocess.CalledProcessError) as error:
        return row | {"verdict": SKIPPED, "why": str(error)[-300:]}
    if trial.troubles:
        return row | {"verdict": SKIPPED, "why": f"the upstream could not be asked: {trial.troubles[0]}"}
    played = {name: value for name, value in trial.row().items() if name in ("runs", "seconds", "first_s", "exit_code", "diagnosed", "remedies", "reason", "source", "green")}
    verdict = _verdict(kind, trial, {*kind.labels, SAYS.get((client.name, kind.name), kind.labels[0])})
    return row | played | {"verdict": verdict} | ({} if verdict in RIGHT else {"tail": trial.output[-3000:]})


def _verdict(kind: Kind, trial: Trial, right: set[str]) -> str:
    if trial.wrong_green:
        return WRONG_GREEN
    if kind.heals and not trial.green:
        return NOT_HEALED
    closer = any("look_closer" in group for group in trial.remedies)  # what the first run's log hides, the second look shows
    if not kind.heals and not trial.green and trial.runs > 1 + closer:
        return REPEATED
    named = trial.diagnosed if closer else trial.diagnosed[:1]
    if not set(named) & right and not (closer and trial.green):
        return MISLABELLED
    return HEALED if trial.green else REFUSED


def _line(row: dict[str, Any]) -> str:
    text = f"{row['verdict']:12} {row['client']:11} {row['kind']:22} "
    if "runs" not in row:
        return f"{text}{row['why']}\n"
    steps = " → ".join(label + (f" [{'+'.join(row['remedies'][at])}]" if at < len(row["remedies"]) else "") for at, label in enumerate(row["diagnosed"]))
    text += f"{steps or '-'}; {row['runs']} runs, {row['seconds']:.1f} s"
    return f"{text}\n" if row["verdict"] in RIGHT else f"{text}\n             because: {row['reason']} ({row['source']})\n"


def table(rows: Iterable[dict[str, Any]]) -> str:
    """The rows as a table of Markdown, a weather a line; the last of several rows of a cell counts."""
    cells = {(row["kind"], row["client"]): row for row in rows}
    clients = [name for name in CLIENTS if any(client == name for _, client in cells)]
    lines = ["| weather | " + " | ".join(clients) + " |", "| --- |" + " --- |" * len(clients)]
    lines += [
        f"| {kind} | " + " | ".join(_cell(KINDS[kind], cells.get((kind, client))) for client in clients) + " |"
        for kind in KINDS
        if any(of == kind for of, _ in cells)
    ]
    return "\n".join(lines) + "\n"


def summary(rows: Iterable[dict[str, Any]]) -> str:
    """The table, under a line that counts the cells; why those that were not played were not."""
    last = {(row["kind"], row["client"]): row for row in rows}.values()
    counts = Counter(row["verdict"] for row in last)
    second = sum(row["verdict"] == HEALED and row["runs"] == 2 for row in last)
    played = len(last) - counts[SKIPPED]
    lines = [
        f"{played} cells: {counts[HEALED]} healed ({second} on the second run), {counts[REFUSED]} refused, {counts[SURVIVED]} survived by the client itself"
        + "".join(f", {count} {verdict.lower()}" for verdict, count in counts.items() if verdict not in RIGHT)
        + ".",
        *sorted({f"Not played, {row['client']}: {row['why']}." for row in last if row["verdict"] == SKIPPED}),
    ]
    return "\n".join(lines) + "\n\n" + table(last)


def _cell(kind: Kind, row: dict[str, Any] | None) -> str:
    """`label runs`, in words that fit: the label where it is not the weather's own, what became of it where that is not right."""
    if row is None or row["verdict"] == SKIPPED:
        return ""
    if row["verdict"] == SURVIVED:
        return "passes"
    first = row["diagnosed"][0] if row["diagnosed"] else "no label"
    became = {HEALED: "healed", REFUSED: "refused", MISLABELLED: "healed" if row["green"] else "refused"}.get(row["verdict"], row["verdict"].lower())
    return f"{became}, {row['runs']}" + ("" if first == kind.labels[0] else f" ({first})")


def words(patterns: Sequence[str], lines: int = 4) -> None:
    """Print each cell's exit code and last lines without guard, for whoever writes scenarios or signatures."""
    for client, kind in pairs(patterns):
        try:
            with place(client.case("words", kind.on(client.path), timeout_s=45.0)) as here:
                done = here.bare()
                text = anonymous(done.output, here)
        except (RuntimeError, OSError) as error:
            sys.stdout.write(f"== {client.name} × {kind.name}: {error}\n")
            continue
        tail = [line for line in text.splitlines() if line.strip()][-lines:]
        code = done.exit_code if done.in_time else "still running"
        sys.stdout.write(f"== {client.name} × {kind.name}: exit {code}\n" + "".join(f"   {line[:220]}\n" for line in tail))
        sys.stdout.flush()
