"""`.pipeguard.yml`, policy file, flags and environment → one frozen Settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from guard import settings_file, settings_place
from guard.errors import GuardError, SettingsError
from guard.remedies.user_strategy import Strategy
from guard.settings_keys import Reader
from guard.types import Allow, Limits


@dataclass(frozen=True)
class LabelRule:
    """What the settings say about one label."""

    on: bool = True
    attempts: int | None = None
    remedies: tuple[str, ...] | None = None
    min_probability: float | None = None
    verdict: str = "pass"
    """pass, warn or fail: what a heal of it means for the job."""


@dataclass(frozen=True)
class Settings:
    """Everything that can be set, with its default."""

    attempts: int = 3
    budget_s: float | None = None
    limits: Limits = Limits()
    idempotent: bool | None = None
    labels: Mapping[str, LabelRule] = field(default_factory=dict)
    strategies: tuple[Strategy, ...] = ()
    signatures: tuple[Path, ...] = ()
    history: str | None = None
    escalate: Mapping[str, Any] = field(default_factory=dict)
    allow: Allow = Allow()
    probes: bool = False
    result_file: str | None = None
    on_heal: str | None = None
    left_out: tuple[str, ...] = ()
    """One line for each thing that a policy or a fork's build left out."""

    def rule(self, label: str) -> LabelRule:
        """What is set for a label, or the defaults."""
        rule = self.labels.get(label, LabelRule())
        return replace(rule, verdict=self.on_heal) if self.on_heal is not None and rule.verdict == "pass" else rule


def load(
    workspace: Path, flags: Mapping[str, object], env: Mapping[str, str], platform: str, fork_build: bool
) -> Settings:
    """The settings of a run. Raises SettingsError or GuardError for what a user must mend."""
    del platform
    config = str(flags.get("config") or env.get("PIPEGUARD_CONFIG") or "") or None
    found = settings_place.find_file(str(workspace), config)
    document = settings_file.Document(config or settings_place.NAME)
    if found is not None:
        document = settings_file.read(Path(found))
    reader = Reader(document, workspace.resolve())
    settings = Settings(
        attempts=reader.attempts(),
        budget_s=reader.budget(),
        limits=reader.limits(),
        idempotent=reader.idempotent(),
        labels={name: LabelRule(**values) for name, values in reader.labels().items()},
        strategies=tuple(Strategy(**values) for values in reader.strategies()),
        signatures=reader.signatures(),
        history=reader.history(env),
        escalate=reader.escalate(),
        allow=Allow(**reader.allow()),
        probes=reader.probes(),
    )
    reader.refuse_unknown()
    if fork_build:
        settings = _for_fork(settings)
    policy = env.get("PIPEGUARD_POLICY", "")
    if policy:
        from guard.settings_policy import narrowed

        settings = narrowed(settings, settings_file.read(Path(policy)))
    return _with_flags(settings, flags, env)


def _for_fork(settings: Settings) -> Settings:
    left = list(settings.left_out)
    if settings.escalate:
        left.append("a build of a fork's change: `escalate` is off")
    remote = settings.history is not None and "://" in settings.history
    if remote:
        left.append("a build of a fork's change: the remote `history.store` is off")
    return replace(
        settings, escalate={}, history=None if remote else settings.history, left_out=tuple(left)
    )


def _with_flags(settings: Settings, flags: Mapping[str, object], env: Mapping[str, str]) -> Settings:
    """Flags, then PIPEGUARD_* variables of the same names, over the file; a policy's bounds stay in force."""
    from guard.durations import seconds

    def given(name: str) -> tuple[object | None, str]:
        if flags.get(name) is not None:
            return flags[name], f"--{name.replace('_', '-')}"
        variable = f"PIPEGUARD_{name.upper()}"
        return env.get(variable) or None, variable

    def duration(name: str) -> float | None:
        value, source = given(name)
        if value is None:
            return None
        try:
            return seconds(value)
        except ValueError as error:
            raise GuardError(f"{source}: {error}") from error

    attempts, source = given("attempts")
    if attempts is not None:
        if not str(attempts).isdigit() or not 1 <= int(str(attempts)) <= 20:
            raise GuardError(f"{source}: {attempts!r} is no number from 1 to 20")
        settings = replace(settings, attempts=int(str(attempts)))
    timeout, idle, budget = duration("timeout"), duration("idle_timeout"), duration("budget")
    limits = replace(
        settings.limits,
        attempt_s=timeout if timeout is not None else settings.limits.attempt_s,
        idle_s=idle if idle is not None else settings.limits.idle_s,
    )
    settings = replace(settings, limits=limits, budget_s=budget if budget is not None else settings.budget_s)
    idempotent, source = given("idempotent")
    if idempotent is not None:
        values = {"auto": None, "true": True, "false": False}
        if str(idempotent).lower() not in values:
            raise GuardError(f"{source}: {idempotent!r} is none of auto, true, false")
        settings = replace(settings, idempotent=values[str(idempotent).lower()])
    on_heal, source = given("on_heal")
    if on_heal is not None:
        if on_heal not in ("pass", "warn", "fail"):
            raise GuardError(f"{source}: {on_heal!r} is none of pass, warn, fail")
        settings = replace(settings, on_heal=str(on_heal))
    result = flags.get("result_file") or env.get("PIPEGUARD_RESULT")
    return replace(settings, result_file=os.path.abspath(str(result)) if result else None)


__all__ = ["LabelRule", "Settings", "SettingsError", "load"]
