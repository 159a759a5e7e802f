"""Runs as a history keeps them, made by hand."""

from __future__ import annotations

from typing import Any

from guard.types import LABELS


def failure(label: str = "stale_state", fingerprint: str = "f1", text: str = "lock is held") -> dict[str, Any]:
    return {
        "label": label,
        "family": LABELS[label],
        "probability": 0.9,
        "source": "signature:x",
        "evidence": [{"line": 3, "text": text, "rank": "primary"}],
        "entities": {},
        "fingerprint": fingerprint,
        "alternatives": [],
    }


def healing(*remedies: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
    named = [{"name": name, "details": {"summary": f"does {name}", **(details or {})}, "wait_s": 0} for name in remedies]
    return {
        "decision": "heal", "reason": "because", "remedies": named, "refused": [],
        "expected_cost_s": 1, "success_probability": 0.5,
    }  # fmt: skip


def attempt(number: int, code: int, diagnosis: dict[str, Any] | None = None, plan: dict[str, Any] | None = None, duration_s: float = 60.0) -> dict[str, Any]:
    return {
        "number": number, "exit_code": code, "signal": None, "ended": "exited", "duration_s": duration_s,
        "telemetry": {}, "diagnosis": diagnosis, "plan": plan,
    }  # fmt: skip


def document(run_id: str, attempts: list[dict[str, Any]], at: str = "2026-11-01T10:00:00+00:00", **more: Any) -> dict[str, Any]:
    code = attempts[-1]["exit_code"]
    status = "failed" if code else "passed" if len(attempts) == 1 else "healed"
    last = attempts[-2]["plan"] if status == "healed" else None
    return {
        "schema": "pipeguard.run/1", "id": run_id, "status": status, "exit_code": code, "platform": "none",
        "command": ["make", "test"], "started_at": at, "duration_s": 61.0,
        "healed_by": [one["name"] for one in last["remedies"]] if last else [], "attempts": attempts,
        "rescued_s": 0, "wasted_s": 0, "diagnosis_s": 0.1, "project": "acme/app", "branch": "main", "commit": "c0ffee",
        **more,
    }  # fmt: skip


def healed(run_id: str, remedy: str = "reset_state", at: str = "2026-11-01T10:00:00+00:00", **more: Any) -> dict[str, Any]:
    return document(run_id, [attempt(1, 1, failure(), healing(remedy)), attempt(2, 0)], at, **more)


def failed(run_id: str, remedy: str = "reset_state", at: str = "2026-11-01T10:00:00+00:00", **more: Any) -> dict[str, Any]:
    return document(run_id, [attempt(1, 1, failure(), healing(remedy)), attempt(2, 1, failure())], at, **more)
