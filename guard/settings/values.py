"""Settings and what they are made of: frozen, every value with its default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from guard.remedies.user_strategy import Strategy
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
