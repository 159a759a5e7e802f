"""A run's document → the `name=value` lines that the Jenkins library reads, in guard's own words: no text of the log."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from guard.platforms import reports_folder
from guard.platforms.facts import facts
from guard.report import result

# Causes that a larger or another machine may not have.
_OF_THE_MACHINE = ("out_of_memory", "disk_full", "resource_limit", "infrastructure")
# Reasons of guard.policy.plan not to repeat a command anywhere; tests hold them to it.
_NOWHERE = ("must not run twice", "idempotent: false", "cannot be read again", "told to stop", "settings turn")


def write(path: str, document: Mapping[str, Any]) -> list[str]:
    """Write the lines, and the run as JSON beside them. Returns why either could not be written ("" where it was)."""
    text = "".join(f"{name}={' '.join(value.split())}\n" for name, value in lines(document).items())
    run = os.path.join(os.path.dirname(path), f"pipeguard-{document['id']}.json")
    return [reports_folder.replace(path, text), result.write(run, document)]


def lines(document: Mapping[str, Any]) -> dict[str, str]:
    """The facts of a run, what settings make of a heal, whether another machine may help, and a line for people."""
    found = facts(document)
    return {
        **found,
        "verdict": str(document.get("verdict", "")),
        "elsewhere": "yes" if elsewhere(document) else "no",
        "description": _description(found),
    }


def elsewhere(document: Mapping[str, Any]) -> bool:
    """Whether the command, red here after all remedies, may pass on a larger machine, and may be run once more."""
    last = document["attempts"][-1]
    cause, plan = last.get("diagnosis") or {}, last.get("plan") or {}
    if document["status"] != "failed" or cause.get("label") not in _OF_THE_MACHINE:
        return False
    return bool(plan) and not any(words in plan["reason"] for words in _NOWHERE)


def _description(found: Mapping[str, str]) -> str:
    if found["status"] == "healed":
        by = found["healed-by"].replace(",", ", ") or "running again"
        return f"guard: healed {found['label']} by {by}, on attempt {found['attempts']}"
    if found["status"] == "interrupted":
        return "guard: told to stop"
    share = f" ({float(found['probability']):.0%})" if found["probability"] else ""
    return f"guard: failed, {found['label'] or 'unknown'}{share}, {found['attempts']} attempt{'s' if found['attempts'] != '1' else ''}"
