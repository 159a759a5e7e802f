"""Where Node's heap limit stands, and how the next attempt gets a larger one."""

from __future__ import annotations

import re
from pathlib import Path

from guard.remedies.heap_flags import NODE, rewritten, sizes
from guard.remedies.heap_growth import MB, grown, no_room, room
from guard.remedies.tools_in_play import files_text, programs, read, script_text
from guard.types import Around, Change, EnvPatch, Outcome, Refusal, Surroundings

# V8's trace before it gives up: `Mark-Compact (reduce) 47.7 (49.6) -> 47.6 (49.6) MB`; in brackets what it held
_HELD = re.compile(r"(?:Mark-[Cc]ompact|Mark-sweep|Scavenge)(?: \([\w ]+\))? [\d.]{1,9} \(([\d.]{1,9})\) ->")
_NPMRC = re.compile(r"(?m)^\s*node-options\s*=\s*(.*)$")


def larger(remedy: str, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """The flag rewritten where the command or NODE_OPTIONS has it, else added to NODE_OPTIONS (Deno: DENO_V8_FLAGS)."""
    command = outcome.command
    # Deno reads no NODE_OPTIONS; its own variable has the flags with commas between them (docs of the environment variables).
    variable, between = ("DENO_V8_FLAGS", ",") if "deno" in programs(command) else ("NODE_OPTIONS", " ")
    options = command.env.get(variable, "")
    ours = sizes(NODE, (*command.argv, options))
    theirs = sizes(NODE, (files_text(command),))
    held = _held(outcome)
    flags = (*ours, *theirs)
    # V8 holds somewhat more than the flag says; far more means that the flag was not in force.
    old = min(flags) if flags and held <= max(flags) * 1.3 + 64 * MB else held
    if not flags:
        # A flag for all would take memory from those that have V8's own limit.
        old = max(old, _default(surroundings))
    free = room(outcome, surroundings)
    new = grown(old, old, 0, free)
    if new is None:
        return no_room(remedy, "Node's heap", old, free)
    # A flag on Node's own command line wins over NODE_OPTIONS, and we do not edit the user's files.
    if theirs and held <= max(theirs) * 1.3 + 64 * MB and not set(ours) & set(theirs):
        return Refusal(
            remedy,
            f"--max-old-space-size={max(theirs) // MB} stands in a file that the command runs, and no variable overrides it there",
        )
    argv = tuple(rewritten(NODE, word, new) for word in command.argv)
    flag = f"--max-old-space-size={new // MB}"
    env: dict[str, EnvPatch] = {}
    if NODE.search(options):
        env[variable] = rewritten(NODE, options, new)
    elif argv == command.argv:
        env[variable] = Around(after=f"{between}{flag}" if options else flag)
    npmrc = _NPMRC.search(read(Path(command.cwd) / ".npmrc"))
    name = next((name for name in command.env if name.lower() == "npm_config_node_options"), "")
    if programs(command) & {"npm", "npx", "pnpm"} and (name or npmrc):
        # npm writes this over NODE_OPTIONS for the scripts it runs; the variable goes before .npmrc.
        had = command.env[name] if name else npmrc[1].strip().strip("\"'") if npmrc else ""
        env[name or "npm_config_node_options"] = (
            rewritten(NODE, had, new) if NODE.search(had) else f"{had} {flag}".strip()
        )
    where = "in the script" if argv != command.argv and script_text(command) else "on its command line"
    return Change(
        remedy=remedy,
        summary=f"gives Node a heap of {new // MB} MB (was {old // MB} MB)"
        + (f", {where}" if argv != command.argv else ""),
        env=env,
        argv=argv if argv != command.argv else None,
        success_probability=0.75,
        details={"runtime": "node", "old_mb": old // MB, "new_mb": new // MB},
    )


def _held(outcome: Outcome) -> int:
    """Bytes that the heap held when V8 gave up, as its own trace says; 0 where there is none."""
    window = outcome.window
    text = (window.head + b"\n" + window.tail)[-(1 << 19) :].decode("utf-8", "replace")
    found = [float(number) for number in _HELD.findall(text) if number.count(".") <= 1 and number != "."]
    return int(max(found[-8:], default=0)) * MB


def _default(surroundings: Surroundings) -> int:
    """V8's own limit: a quarter of the memory, at most 4 GB; 2 GB where there is less than 15 GB (64 bits)."""
    total = surroundings.memory_limit_bytes or surroundings.memory_total_bytes or 8 << 30
    return min(max(total // 4, 256 * MB), 4096 * MB if total >= 15 << 30 else 2048 * MB)
