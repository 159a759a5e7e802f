"""A run's document → the few messages that belong on the job's page, at the file and line that the evidence names."""

from __future__ import annotations

import os

from guard import detect
from guard.platforms.evidence_places import place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

MOST = 3
_WIDTH = 400


def lines(annotate: Callable[..., str], document: Mapping[str, Any], environment: Mapping[str, str]) -> list[str]:
    """At most three lines made by a platform's `annotate`; none for a run that passed or was told to stop.

    A heal is a notice, a warning or an error, as the settings' verdict says; a red run is an error at each place that
    its evidence names, or one without a place.
    """
    if document["status"] == "healed":
        return _of_heal(annotate, document, environment)
    if document["status"] != "failed":
        return []
    attempt = document["attempts"][-1]
    found = attempt.get("diagnosis")
    if not found:
        return []
    title = f"{found['label']} ({found['probability']:.0%})"
    reason = str((attempt.get("plan") or {}).get("reason", ""))
    end = f"\nnot repeated: {reason}" if reason else ""
    made = []
    for text, where in places(found, environment)[:MOST]:
        made.append(annotate("error", title, text[:_WIDTH] + end, *where))
    return [line for line in made or [annotate("error", title, (_evidence(found) + end).lstrip("\n"))] if line]


def _of_heal(annotate: Callable[..., str], document: Mapping[str, Any], environment: Mapping[str, str]) -> list[str]:
    failed = [attempt for attempt in document["attempts"] if attempt.get("diagnosis")]
    found = failed[0]["diagnosis"] if failed else {}
    verdict = document.get("verdict", "pass")
    level = {"fail": "error", "warn": "warning"}.get(verdict, "notice")
    by = ", ".join(document["healed_by"]) or "running again"
    text = f"passed on attempt {len(document['attempts'])} after {by}"
    if found:
        text += f"; the first attempt failed: {found['label']} ({found['probability']:.0%})\n{_evidence(found)}"
    if verdict == "fail":
        text += "\nsettings make a healed job red"
    where = places(found, environment)[:1] if found else []
    line = annotate(level, "healed by Pipeguard", text.rstrip(), *(where[0][1] if where else ()))
    return [line] if line else []


def _evidence(found: Mapping[str, Any]) -> str:
    return "\n".join(str(one["text"])[:_WIDTH] for one in found["evidence"][:2])


def places(found: Mapping[str, Any], environment: Mapping[str, str]) -> list[tuple[str, tuple[str, int]]]:
    """The evidence of a diagnosis that names a file of the workspace, with path and line, each place once."""
    workspace = detect.workspace(environment)
    folder = os.path.join(workspace, environment.get("PIPEGUARD_WORKING_DIRECTORY", ""))
    seen: dict[tuple[str, int], str] = {}
    for one in found["evidence"]:
        lines = (one["text"], *one.get("around", ()))
        where = next(filter(None, (place(str(line), workspace, folder) for line in lines)), None)
        if where is not None:
            seen.setdefault(where, str(one["text"]))
    entities = found.get("entities", {})
    path, line = entities.get("path"), entities.get("line")
    if not seen and isinstance(path, str) and str(line).isdigit():
        where = place(f"{path}:{line}", workspace, folder)
        if where is not None:
            seen[where] = _evidence(found)
    return [(text, where) for where, text in seen.items()]
