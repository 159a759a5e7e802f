"""What a remedy did → one entry of the audit trail: the actions, who allowed them, before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from guard.settings.values import Settings
from guard.types import UNSET, Applied, Around, Change, EnvPatch, Event

_RECLAIMS = {"purge_cache": "caches", "free_disk": "caches"}


def audit_body(applied: Applied, event: Event, settings: Settings, env: Mapping[str, str]) -> dict[str, Any]:
    """The entry, not yet masked. `event`: with the number of the attempt that failed; `env`: what the command was given."""
    change = applied.change
    begun = bool(change.actions) and not applied.done and not applied.error and applied.time_s == 0.0
    return {
        "what": "begins" if begun else "failed" if applied.error else "done",
        "remedy": change.key,
        "summary": change.summary,
        "allowed_by": allowed_by(change, settings, env),
        "actions": [{"kind": one.kind, "target": one.target, **one.data} for one in change.actions],
        "before": _before(change, env),
        "after": _after(change, applied),
        "attempt": event.number,
    }


def allowed_by(change: Change, settings: Settings, env: Mapping[str, str]) -> list[str]:
    """The settings that let it happen; `default` where guard does it unless told otherwise."""
    found = []
    if "strategy" in change.details:
        found.append(f"strategies: {change.details['strategy']}")
    kinds = {one.kind for one in change.actions}
    if change.remedy in _RECLAIMS and kinds & {"delete", "truncate", "run"}:
        found.append(f"allow.reclaim: {', '.join(settings.allow.reclaim)}")
    found += [
        f"allow.delete: {folder}"
        for one in change.actions
        for folder in settings.allow.delete or ()
        if one.kind in ("delete", "truncate") and (one.target == folder or one.target.startswith(folder + "/"))
    ]
    if "kill" in kinds:
        found.append(f"allow.kill: {settings.allow.kill}")
    if "swap" in kinds:
        found.append("allow.swap")
    named = [label for label, rule in settings.labels.items() if rule.remedies is not None and change.remedy in rule.remedies]
    found += [f"labels.{label}.remedies" for label in named]
    if settings.idempotent:
        found.append("idempotent: true")
    if env.get("PIPEGUARD_POLICY"):
        found.append(f"within the policy {env['PIPEGUARD_POLICY']}")
    return list(dict.fromkeys(found)) or ["default"]


def _before(change: Change, env: Mapping[str, str]) -> dict[str, Any]:
    return {"env": {name: env.get(name) for name in change.env}} if change.env else {}


def _after(change: Change, applied: Applied) -> dict[str, Any]:
    after: dict[str, Any] = {}
    if change.env:
        after["env"] = {name: _patched(patch) for name, patch in change.env.items()}
    if change.argv is not None:
        after["argv"] = list(change.argv)
    if change.rlimits:
        after["rlimits"] = dict(change.rlimits)
    if change.cpus is not None:
        after["cpus"] = change.cpus
    if change.temp_dir is not None:
        after["temp_dir"] = change.temp_dir
    if applied.done:
        after["done"] = list(applied.done)
    if applied.error:
        after["error"] = applied.error
    return after


def _patched(patch: EnvPatch) -> str | None:
    """None: the variable is taken away; `…` stands for its old value."""
    if isinstance(patch, Around):
        return f"{patch.before}…{patch.after}"
    return None if patch is UNSET else str(patch)
