"""A port that a process of an earlier attempt of this job still holds."""

from __future__ import annotations

import re

from guard.caches import said
from guard.remedies import processes
from guard.remedies.leftovers.leftover import REMEDY
from guard.types import Action, Diagnosis, Outcome, Process, Refusal, Surroundings

NAME = "port_holder"

_IN_USE = re.compile(r"(?i)address (?:is )?already in use|EADDRINUSE|port .{0,60}(?:already |is |being )+(?:in use|used|allocated|taken)|only one usage of each socket")
# A port as the tools write it beside that: `:::3000`, `('0.0.0.0', 8000)`, `port 8080`, `0.0.0.0:80`, `[::]:9000`.
_PORT = re.compile(r"(?i)(?:\bport:?\s+|[\]\w.*:\s]:|', )(\d{2,5})\b(?![:.]\d)")


def find(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> tuple[Action, ...] | Refusal | None:
    """Ends the listeners when this job made them; a foreign one is named and left alone. None: nobody listens any more."""
    text = said.text(diagnosis)
    if not _IN_USE.search(text):
        return None
    holders: list[tuple[int, Process]] = []
    # Not every tool says which port it was: then those that the command names and that are really taken.
    for port in _ports(diagnosis, text) or _in_command(outcome):
        found, somebody = processes.listening(port)
        if somebody and not found:
            return Refusal(REMEDY, f"port {port} is held by a process that cannot be seen from here")
        foreign = next((one for one in found if not processes.ours(one, outcome)), None)
        if foreign is not None:
            return Refusal(REMEDY, f"port {port} is held by {processes.shown(foreign)}, which this job did not start")
        holders += [(port, one) for one in found]
    if not holders:
        return None
    if surroundings.allow.kill != "job":
        return Refusal(REMEDY, f"settings do not allow to end {processes.shown(holders[0][1])}, which holds port {holders[0][0]}")
    return tuple(
        Action(
            "kill",
            str(one.pid),
            {"leftover": NAME, "start_ticks": str(one.start_ticks), "name": one.name, "port": str(port)},
        )
        for port, one in holders
    )


def _ports(diagnosis: Diagnosis, text: str) -> tuple[int, ...]:
    told = said.entity(diagnosis, "port")
    if told.isdigit():
        return (int(told),) if 0 < int(told) < 65536 else ()
    lines = (line for line in text.splitlines() if _IN_USE.search(line))
    found = [int(port) for line in lines for port in _PORT.findall(line) if 0 < int(port) < 65536]
    return tuple(dict.fromkeys(found))[:5]


def _in_command(outcome: Outcome) -> tuple[int, ...]:
    words = " ".join((*outcome.command.argv, outcome.command.script or ""))
    numbers = dict.fromkeys(int(number) for number in re.findall(r"(?<![\w.])\d{2,5}(?![\w.])", words))
    return tuple(port for port in numbers if 79 < port < 65536 and processes.listening(port)[1])[:5]


def act(action: Action, surroundings: Surroundings) -> str:
    """End it, if it is still the process that was found."""
    del surroundings
    one = Process(int(action.target), int(action.data["start_ticks"]), action.data["name"])
    what = f"{processes.shown(one)} that held port {action.data['port']}"
    if not processes.same(one):
        return f"{what} has ended already"
    problem = processes.end(one)
    if problem:
        raise ValueError(f"{what}: {problem}")
    return f"ended {what}"
