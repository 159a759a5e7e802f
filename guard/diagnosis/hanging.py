"""The dumps of a hang → lines of evidence: which process, what it waits for, where in the program it stands."""

from __future__ import annotations

import re

from guard.diagnosis.mask import Masker
from guard.types import Evidence, Telemetry

MOST = 3
_LONGEST = 300
# Threads at work in a dump of: jcmd and jstack, py-spy, Node.
_FRAME = re.compile(r"^\s+(?:at \S.*|[\w.<>]+ \(.*:\d+\))$")
_MAIN = re.compile(r'^"main"|^Thread .*MainThread|^Thread \S+ \(|^JavaScript|^Error')
# Where a runtime itself waits says nothing of the program.
_RUNTIME = re.compile(
    r"\bat (?:java|jdk|sun|javax)\.|\bat (?:async )?(?:node:|process\.)|\(node:|\b(?:threading|selectors|subprocess|queue|socket|ssl)\.py:"
    r"|\(asyncio/|\(concurrent/|<frozen "
)


def evidence(telemetry: Telemetry, masker: Masker) -> tuple[Evidence, ...]:
    """At most MOST lines; line 0, for they do not stand in the output."""
    if not telemetry.dumps:
        return ()
    found = [line for line in telemetry.dumps[0].splitlines() if line][:1]
    for dump in telemetry.dumps[1:]:
        head, _, text = dump.partition("\n")
        frame = _where(text)
        if frame:
            found.append(f"{head.rstrip(':')} stands at {frame}")
    return tuple(Evidence(0, masker.text(line[:_LONGEST]), "related") for line in found[:MOST])


def _where(dump: str) -> str:
    """The innermost frame of the program itself in its main thread, else the innermost of all."""
    lines = dump.splitlines()
    begin = next((number for number, line in enumerate(lines) if _MAIN.match(line)), 0)
    frames: list[str] = []
    for line in lines[begin + 1 :]:
        if not line.strip() or (frames and re.match(r"^(?:\"|Thread )", line)):
            break
        if _FRAME.match(line):
            frames.append(line.strip().removeprefix("at "))
    waits = [line for line in lines if line.startswith("open: ")]
    if not frames and waits:
        return f"its event loop, with {', '.join(line.removeprefix('open: ') for line in waits[:3])}"
    own = [frame for frame in frames if not _RUNTIME.search(f"at {frame}")]
    return (own or frames or [""])[0]
