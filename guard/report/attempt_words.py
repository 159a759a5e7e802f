"""An attempt of a run's document in a few words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def how_it_ended(attempt: Mapping[str, Any]) -> str:
    """How it ended and after how long."""
    seconds = f"{attempt['duration_s']:.1f} s"
    ended = attempt["ended"]
    if ended == "not_started":
        return "could not start"
    if ended == "signalled":
        return f"killed by signal {attempt['signal']} after {seconds}"
    if ended == "attempt_timeout":
        return f"over its time limit, ended after {seconds}"
    if ended == "idle_timeout":
        return f"no output, ended after {seconds}"
    if ended == "budget":
        return f"the time budget was used up after {seconds}"
    if ended == "cancelled":
        return f"told to stop after {seconds}"
    return f"exit code {attempt['exit_code']} after {seconds}" if attempt["exit_code"] else f"passed after {seconds}"


def changes(attempt: Mapping[str, Any]) -> list[str]:
    """What was changed for the attempt after it, a clause each."""
    plan = attempt.get("plan") or {}
    if plan.get("decision") != "heal":
        return []
    return [str(remedy["details"].get("summary") or remedy["name"]) for remedy in plan["remedies"]]


def refusals(attempt: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Remedies that would have helped, each with why it was not used."""
    plan = attempt.get("plan") or {}
    return [(str(one["name"]), str(one["reason"])) for one in plan.get("refused", ())]
