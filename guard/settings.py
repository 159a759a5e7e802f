"""`.pipeguard.yml`, policy file, flags and environment → one frozen Settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from guard import settings_file, settings_flags, settings_place
from guard.errors import SettingsError
from guard.remedies.user_strategy import Strategy
from guard.settings_keys import Reader
from guard.types import Allow, Limits

MOST_SIGNATURE_NODES = 100_000


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
class ReportSettings:
    """What `guard report` reckons with, and where it may send metrics."""

    price_per_minute: float = 0.008
    """What a minute of a runner costs: a guess until the settings say so."""
    currency: str = "USD"
    pushgateway: str | None = None
    """Address of a Prometheus Pushgateway."""
    pushgateway_env: str | None = None
    """The variable that holds it, where it is a secret."""


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
    quarantine: Path | None = None
    """The file that names the tests that are known to be flaky."""
    history: str | None = None
    """The store's URL; None: not set, or off."""
    history_off: bool = False
    """Whether somebody said `off`: else a checkout has a history of its own."""
    history_days: int | None = None
    """How long runs are remembered; None: as long as that kind of store does by itself."""
    history_megabytes: int | None = None
    """How large a store may grow before its oldest runs go."""
    escalate: Mapping[str, Any] = field(default_factory=dict)
    report: ReportSettings = ReportSettings()
    allow: Allow = Allow()
    probes: bool = False
    result_file: str | None = None
    on_heal: str | None = None
    only: tuple[str, ...] | None = None
    """The remedies that may be used; None: all but those of `without`."""
    without: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    """One line for each thing that a policy or a fork's build left out."""

    def lets(self, remedy: str) -> bool:
        """Whether a remedy may be used at all."""
        return remedy not in self.without and (self.only is None or remedy in self.only)

    def rule(self, label: str) -> LabelRule:
        """What is set for a label, or the defaults."""
        rule = self.labels.get(label, LabelRule())
        return replace(rule, verdict=self.on_heal) if self.on_heal is not None and rule.verdict == "pass" else rule


def load(
    workspace: Path, flags: Mapping[str, object], env: Mapping[str, str], platform: str, fork_build: bool
) -> Settings:
    """The settings of a run: the file, over it flags and variables, all within the policy's bounds.

    `platform` is the name of the CI, of no effect yet. Raises SettingsError or GuardError for what a user must mend.
    """
    del platform
    config = str(flags.get("config") or env.get("PIPEGUARD_CONFIG") or "") or None
    found = settings_place.find_file(str(workspace), config)
    document = settings_file.Document(config or settings_place.NAME)
    if found is not None:
        document = settings_file.read(Path(found))
    settings = _of_file(Reader(document, workspace.resolve()), env)
    if fork_build:
        settings = _for_fork(settings)
    settings = settings_flags.over(settings, flags, env)
    policy = env.get("PIPEGUARD_POLICY", "")
    if policy:
        from guard.settings_policy import narrowed

        settings = narrowed(settings, document.values, settings_file.read(Path(policy)), workspace.resolve(), env)
    for path in settings.signatures:
        # What a settings file may not be, a signature file may not be either: a FIFO, too large, aliases without end.
        # One that is missing is named by whoever loads it.
        if path.exists():
            settings_file.read(path, MOST_SIGNATURE_NODES)
    return settings


def _of_file(reader: Reader, env: Mapping[str, str]) -> Settings:
    reader.refuse_unknown()
    return Settings(
        attempts=reader.attempts(),
        budget_s=reader.budget(),
        limits=reader.limits(),
        idempotent=reader.idempotent(),
        labels={name: LabelRule(**values) for name, values in reader.labels().items()},
        strategies=tuple(Strategy(**values) for values in reader.strategies()),
        signatures=reader.signatures(),
        quarantine=reader.quarantine(),
        history=reader.history(env),
        history_off=reader.history_off(),
        history_days=reader.retention("days"),
        history_megabytes=reader.retention("megabytes"),
        escalate=reader.escalate(),
        report=ReportSettings(**reader.report()),
        allow=Allow(**reader.allow()),
        probes=reader.probes(),
    )


def _for_fork(settings: Settings) -> Settings:
    """Whoever sends a change from a fork does not decide where results and messages go."""
    left = list(settings.left_out)
    if settings.escalate:
        left.append("a build of a fork's change: `escalate` is off")
    remote = settings.history is not None and "://" in settings.history
    if remote:
        left.append("a build of a fork's change: the remote `history.store` is off")
    report = settings.report
    if report.pushgateway or report.pushgateway_env:
        left.append("a build of a fork's change: `report.pushgateway` is off")
        report = replace(report, pushgateway=None, pushgateway_env=None)
    history = None if remote else settings.history
    off = settings.history_off or remote
    return replace(settings, escalate={}, history=history, history_off=off, report=report, left_out=tuple(left))


__all__ = ["LabelRule", "Settings", "SettingsError", "load"]
