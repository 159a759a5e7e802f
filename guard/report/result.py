"""A Run → the result file `pipeguard.run/1` (guard/schema/run.schema.json): masked, mode 0600, replaced whole."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from guard.diagnosis.mask import Masker
from guard.report import text_file
from guard.types import UNSET, Applied, Attempt, Change, Diagnosis, Mount, Plan, Run, Telemetry

SCHEMA = "pipeguard.run/1"
# How Python carries bytes of argv and of file names that are no UTF-8: nothing that a file in UTF-8 can hold.
_LONE = re.compile("[\ud800-\udfff]")


def run_object(run: Run, masker: Masker) -> dict[str, Any]:
    """The JSON object of a run; a byte of an argument or a path that is no text stands in it as U+FFFD."""
    document = {
        "schema": SCHEMA,
        "id": run.id,
        "status": run.status,
        "exit_code": run.exit_code,
        "platform": run.platform,
        "command": [masker.text(word) for word in run.command],
        "started_at": run.started_at,
        "duration_s": round(run.duration_s, 3),
        "healed_by": list(run.healed_by),
        "attempts": [_attempt(attempt, masker) for attempt in run.attempts],
        "rescued_s": round(run.rescued_s, 3),
        "wasted_s": round(run.wasted_s, 3),
        "diagnosis_s": round(run.diagnosis_s, 4),
    }
    return {name: _encodable(value) for name, value in document.items()}


def diagnosis_object(diagnosis: Diagnosis) -> dict[str, Any]:
    """The JSON object of a diagnosis; its texts were masked when it was made."""
    return {
        "label": diagnosis.label,
        "family": diagnosis.family,
        "probability": diagnosis.probability,
        "source": diagnosis.source,
        "evidence": [{"line": one.line, "text": one.text, "rank": one.rank} for one in diagnosis.evidence],
        "entities": {
            name: list(value) if isinstance(value, tuple) else value for name, value in diagnosis.entities.items()
        },
        "fingerprint": diagnosis.fingerprint,
        "alternatives": [
            {"label": one.label, "probability": one.probability} for one in diagnosis.alternatives
        ],
    }


def plan_object(plan: Plan, applied: tuple[Applied, ...], masker: Masker) -> dict[str, Any]:
    """The JSON object of a plan and of what was done of it."""
    done = {id(one.change): one for one in applied}
    return {
        "decision": plan.decision,
        "reason": masker.text(plan.reason),
        "remedies": [remedy_object(change, done.get(id(change)), masker) for change in plan.changes],
        "refused": [{"name": one.remedy, "reason": masker.text(one.reason)} for one in plan.refused],
        "expected_cost_s": plan.expected_cost_s,
        "success_probability": plan.success_probability,
    }


def remedy_object(change: Change, applied: Applied | None, masker: Masker) -> dict[str, Any]:
    """The JSON object of one change: its details, the variables it takes away, what was done, the wait."""
    details = dict(change.details)
    details["summary"] = change.summary
    without = sorted(name for name, patch in change.env.items() if patch is UNSET)
    if without:
        details["without"] = without
    if change.actions:
        details["actions"] = [{"kind": action.kind, "target": action.target} for action in change.actions]
    if applied is not None and applied.done:
        details["done"] = list(applied.done)
    if applied is not None and applied.error:
        details["error"] = applied.error
    return {"name": change.remedy, "details": masked_value(details, masker), "wait_s": round(change.wait_s, 3)}


def write(path: str, document: Mapping[str, Any]) -> str:
    """Write the file beside itself and move it into place. Returns why it could not be written, or ""."""
    problem = text_file.write(path, json.dumps(document, ensure_ascii=False, indent=1) + "\n", mode=0o600)
    return f"result file {path} not written: {problem}" if problem else ""


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return _LONE.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {_encodable(name): _encodable(one) for name, one in value.items()}
    return [_encodable(one) for one in value] if isinstance(value, list | tuple) else value


def _attempt(attempt: Attempt, masker: Masker) -> dict[str, Any]:
    outcome = attempt.outcome
    return {
        "number": outcome.number,
        "exit_code": outcome.exit_code,
        "signal": outcome.signal,
        "ended": outcome.ended,
        "duration_s": round(outcome.duration_s, 3),
        "telemetry": _telemetry(outcome.telemetry, masker),
        "diagnosis": diagnosis_object(attempt.diagnosis) if attempt.diagnosis is not None else None,
        "plan": plan_object(attempt.plan, attempt.applied, masker) if attempt.plan is not None else None,
    }


def _telemetry(telemetry: Telemetry, masker: Masker) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "peak_rss_bytes": telemetry.peak_rss_bytes,
        "oom_kills": telemetry.oom_kills,
        "oom_kills_host": telemetry.oom_kills_host,
        "memory_limit_bytes": telemetry.memory_limit_bytes,
        "memory_available_bytes": telemetry.memory_available_bytes,
        "disks_before": [_mount(mount) for mount in telemetry.disks_before],
        "disks_after": [_mount(mount) for mount in telemetry.disks_after],
        "load1": telemetry.load1,
        "open_files_limit": list(telemetry.open_files_limit) if telemetry.open_files_limit else None,
        "processes_limit": list(telemetry.processes_limit) if telemetry.processes_limit else None,
        "survivors": [{"pid": one.pid, "name": one.name} for one in telemetry.survivors],
        "dumps": [masker.text(dump) for dump in telemetry.dumps],
    }
    # What the kernel did not tell is absent.
    return {name: value for name, value in figures.items() if value not in (None, [])}


def _mount(mount: Mount) -> dict[str, Any]:
    figures = {
        "path": mount.path,
        "free_bytes": mount.free_bytes,
        "total_bytes": mount.total_bytes,
        "free_inodes": mount.free_inodes,
        "total_inodes": mount.total_inodes,
    }
    return {name: value for name, value in figures.items() if value is not None}


def masked_value(value: Any, masker: Masker) -> Any:
    """A JSON value with every text in it masked."""
    if isinstance(value, str):
        return masker.text(value)
    if isinstance(value, Mapping):
        return {str(key): masked_value(one, masker) for key, one in value.items()}
    if isinstance(value, (list, tuple, frozenset, set)):
        return [masked_value(one, masker) for one in value]
    return value if isinstance(value, (int, float, bool)) or value is None else masker.text(str(value))
