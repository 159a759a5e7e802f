"""A policy file → settings narrowed to its bounds; what it forbids is left out, with one line each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guard.settings_file import Document
from guard.settings_keys import Reader

if TYPE_CHECKING:
    from guard.settings import Settings


def narrowed(settings: Settings, policy: Document) -> Settings:
    """The settings within the policy's bounds. Raises SettingsError for an error in the policy."""
    reader = _PolicyReader(policy, Path(policy.file).resolve().parent)
    left = list(settings.left_out)
    values = policy.values
    if "attempts" in values and reader.attempts() < settings.attempts:
        left.append(f"policy: attempts {settings.attempts} cut to {reader.attempts()}")
        settings = replace(settings, attempts=reader.attempts())
    bound = reader.budget()
    if bound is not None and (settings.budget_s is None or settings.budget_s > bound):
        settings = replace(settings, budget_s=bound)
    limits = reader.limits()
    settings = replace(
        settings,
        limits=replace(
            settings.limits,
            attempt_s=_least(settings.limits.attempt_s, limits.attempt_s),
            idle_s=_least(settings.limits.idle_s, limits.idle_s),
        ),
    )
    for name, empty in (("strategies", ()), ("escalate", {}), ("history", None)):
        if values.get(name) in ("off", False) and getattr(settings, name):
            left.append(f"policy: `{name}` is off")
            settings = replace(settings, **{name: empty})  # type: ignore[arg-type]
    if values.get("probes") in ("off", False) and settings.probes:
        left.append("policy: `probes` is off")
        settings = replace(settings, probes=False)
    if values.get("idempotent") in (False, "false") and settings.idempotent is not False:
        left.append("policy: `idempotent: false`")
        settings = replace(settings, idempotent=False)
    for label, rule in reader.labels().items():
        if rule.get("on") is False and settings.rule(label).on:
            labels = {**settings.labels, label: replace(settings.rule(label), on=False)}
            settings = replace(settings, labels=labels)
    if "allow" in values:
        settings = _allow(settings, reader, left)
    reader.refuse_unknown()
    return replace(settings, left_out=tuple(left))


def _allow(settings: Settings, reader: Reader, left: list[str]) -> Settings:
    bounds: dict[str, Any] = reader.allow()
    allow = settings.allow
    if "reclaim" in bounds:
        kept = tuple(name for name in allow.reclaim if name in bounds["reclaim"])
        left += [f"policy: `allow.reclaim` without {name}" for name in allow.reclaim if name not in kept]
        allow = replace(allow, reclaim=kept)
    if "delete" in bounds:
        if not bounds["delete"]:
            if allow.delete:
                left.append("policy: `allow.delete: []` forbids all deletion")
            allow = replace(allow, delete=None)
        elif allow.delete:
            kept = tuple(one for one in allow.delete if any(_within(one, root) for root in bounds["delete"]))
            left += [f"policy: `allow.delete` without {one}" for one in allow.delete if one not in kept]
            allow = replace(allow, delete=kept)
    if bounds.get("swap") is False and allow.swap:
        left.append("policy: `allow.swap` is off")
        allow = replace(allow, swap=False)
    if bounds.get("kill") == "none" and allow.kill != "none":
        left.append("policy: `allow.kill: none`")
        allow = replace(allow, kill="none")
    return replace(settings, allow=allow)


class _PolicyReader(Reader):
    """A policy's own paths may lie anywhere: it belongs to whoever runs the CI."""

    def _inside(self, name: str, path: Any, *roots: Path, deletable: bool = False) -> Path:
        del path, roots, deletable
        return Path(self.workspace, name).resolve()


def _least(one: float | None, other: float | None) -> float | None:
    return min((value for value in (one, other) if value is not None), default=None)


def _within(path: str, root: Any) -> bool:
    return Path(path) == Path(str(root)) or Path(str(root)) in Path(path).parents
