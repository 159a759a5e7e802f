"""Where Node's heap limit stands, and how the next attempt gets a larger one."""

from __future__ import annotations

import re
from pathlib import Path

from guard.remedies import own_files, stand_ins
from guard.remedies.heap.flags import NODE, rewritten, sizes
from guard.remedies.heap.growth import MB, grown, no_room, room
from guard.remedies.tools_in_play import files_text, programs, read, script_text
from guard.types import Action, Around, Change, EnvPatch, Outcome, Refusal, Surroundings

# V8's trace before it gives up: `Mark-Compact (reduce) 47.7 (49.6) -> 47.6 (49.6) MB`; in brackets what it held
_HELD = re.compile(r"(?:Mark-[Cc]ompact|Mark-sweep|Scavenge)(?: \([\w ]+\))? [\d.]{1,9} \(([\d.]{1,9})\) ->")
_SHARE_HELD = 0.6
"""Of its limit, V8 holds at least this when it gives up; small heaps hold more than it."""
_NPMRC = re.compile(r"(?m)^\s*node-options\s*=\s*(.*)$")


def larger(remedy: str, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """The flag rewritten where the command or NODE_OPTIONS has it, else added to NODE_OPTIONS (Deno: DENO_V8_FLAGS).

    One that stands in a file of the user, or that nothing shows but V8's own trace, is changed by a stand-in for Node.
    """
    command = outcome.command
    # Deno reads no NODE_OPTIONS; its own variable has the flags with commas between them (docs of the environment variables).
    deno = "deno" in programs(command)
    variable, between = ("DENO_V8_FLAGS", ",") if deno else ("NODE_OPTIONS", " ")
    options = command.env.get(variable, "")
    ours = sizes(NODE, (*command.argv, options))
    theirs = sizes(NODE, (files_text(command),))
    held = _held(outcome)
    default = _default(surroundings)
    in_force = [size for size in (*ours, *theirs) if _may_be(size, held)]
    # V8 gives up with its heap nearly full: far less than all that is known, and a limit stands where nothing shows it.
    hidden = not in_force and 0 < held < _SHARE_HELD * min((*ours, default))
    behind = not deno and (hidden or bool(set(in_force) & set(theirs)))
    # A flag for all would take memory from those that have V8's own limit.
    known = hidden or (held and (ours or theirs))
    old = min(in_force) if in_force else held if known else max(held, default)
    if own_files.given(command.env.get("PATH", "")) and behind:
        return Refusal(
            remedy, f"a heap of {old // MB} MB is set by code, or for a Node called by its whole path, and no variable overrides it there"
        )
    free = room(outcome, surroundings)
    new = grown(old, old, 0, free)
    if new is None:
        return no_room(remedy, "Node's heap", old, free)
    argv = tuple(rewritten(NODE, word, new) for word in command.argv)
    flag = f"--max-old-space-size={new // MB}"
    env: dict[str, EnvPatch] = {}
    if NODE.search(options):
        env[variable] = rewritten(NODE, options, new)
    elif argv == command.argv and not behind:
        env[variable] = Around(after=f"{between}{flag}" if options else flag)
    npmrc = _NPMRC.search(read(Path(command.cwd) / ".npmrc"))
    name = next((name for name in command.env if name.lower() == "npm_config_node_options"), "")
    if programs(command) & {"npm", "npx", "pnpm"} and (name or npmrc):
        # npm writes this over NODE_OPTIONS for the scripts it runs; the variable goes before .npmrc.
        had = command.env[name] if name else npmrc[1].strip().strip("\"'") if npmrc else ""
        env[name or "npm_config_node_options"] = (
            rewritten(NODE, had, new) if NODE.search(had) else f"{had} {flag}".strip()
        )
    actions: tuple[Action, ...] = ()
    if behind:
        folder = own_files.folder(outcome.number, surroundings)
        if folder is None:
            return Refusal(remedy, "no folder was found in which a program could stand in for Node")
        actions = own_files.actions(folder, {"node": stand_ins.node("node", folder, new // MB)})
        env["PATH"] = stand_ins.in_front(folder)
    where = " in the script" if script_text(command) else " on its command line"
    where = where if argv != command.argv else " where it is started with less" if behind else ""
    return Change(
        remedy=remedy,
        summary=f"gives Node a heap of {new // MB} MB (was {old // MB} MB){',' if where else ''}{where}",
        env=env,
        argv=argv if argv != command.argv else None,
        actions=actions,
        success_probability=0.75,
        details={"runtime": "node", "old_mb": old // MB, "new_mb": new // MB},
    )


def _may_be(size: int, held: int) -> bool:
    """Whether a flag of that size was in force: V8 holds somewhat more than it says, and not far less; held 0: not known."""
    return not held or _SHARE_HELD * size <= held <= size * 1.3 + 64 * MB


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
