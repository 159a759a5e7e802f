"""A policy file → settings narrowed to its bounds; what it forbids is left out, with one line each.

The policy belongs to whoever runs the CI. It bounds what a repository may ask for, and names the places
(`history`, `escalate`, `signatures`) that are used where the repository names none.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guard.settings.document import Document, Place, shown
from guard.settings.keys import Reader
from guard.types import LABELS

if TYPE_CHECKING:
    from guard.settings.values import LabelRule, ReportSettings, Settings

_VERDICTS = ("pass", "warn", "fail")
_OFF = ("off", False)


def narrowed(
    settings: Settings, asked: Mapping[str, Any], policy: Document, workspace: Path, env: Mapping[str, str]
) -> Settings:
    """The settings within the policy's bounds; `asked` is what the repository's file says itself.

    Raises SettingsError for an error in the policy.
    """
    bounds = _Bounds(policy, workspace, asked, env)
    bounds.reader.refuse_unknown()
    settings = bounds.numbers(settings)
    settings = bounds.switches(settings)
    settings = bounds.labels(settings)
    settings = bounds.places(settings)
    settings = bounds.allow(settings)
    return replace(settings, left_out=(*settings.left_out, *bounds.left))


class _Bounds:
    """One policy at work: each step narrows one part and notes what it left out."""

    def __init__(self, policy: Document, workspace: Path, asked: Mapping[str, Any], env: Mapping[str, str]) -> None:
        self.reader = _PolicyReader(policy, workspace)
        self.values = policy.values
        self.asked = asked
        self.env = env
        self.left: list[str] = []

    def numbers(self, settings: Settings) -> Settings:
        """Attempts, budget, limits."""
        attempts, budget, limits = self.reader.attempts(), self.reader.budget(), self.reader.limits()
        if self.values.get("attempts") is not None and attempts < settings.attempts:
            if "attempts" in self.asked or settings.attempts > 3:
                self.left.append(f"policy: attempts: {settings.attempts} cut to {attempts}")
            settings = replace(settings, attempts=attempts)
        old = settings.limits
        return replace(
            settings,
            budget_s=self._least("budget", settings.budget_s, budget),
            limits=replace(
                old,
                attempt_s=self._least("limits.attempt", old.attempt_s, limits.attempt_s),
                idle_s=self._least("limits.idle", old.idle_s, limits.idle_s),
            ),
        )

    def _least(self, name: str, value: float | None, bound: float | None) -> float | None:
        if bound is None or (value is not None and value <= bound):
            return value
        if value is not None:
            self.left.append(f"policy: {name}: {value:g} s cut to {bound:g} s")
        return bound

    def switches(self, settings: Settings) -> Settings:
        """What can be off, and whether a command may run twice."""
        if self.values.get("strategies") in _OFF and settings.strategies:
            self.left.append("policy: `strategies` is off")
            settings = replace(settings, strategies=())
        if "probes" in self.values and not self.reader.probes() and settings.probes:
            self.left.append("policy: `probes` is off")
            settings = replace(settings, probes=False)
        # From what may run twice least to what may most: false, auto, true.
        rank = {False: 0, None: 1, True: 2}
        bound = self.reader.idempotent()
        if self.values.get("idempotent") is not None and rank[bound] < rank[settings.idempotent]:
            word = "auto" if bound is None else "false"
            if settings.idempotent is not None:
                self.left.append(f"policy: idempotent: true cut to {word}")
            settings = replace(settings, idempotent=bound)
        return settings

    def labels(self, settings: Settings) -> Settings:
        """The stricter of both rules for each label that the policy names."""
        from guard.policy.refusals import REFUSED
        from guard.settings.values import LabelRule

        rules = dict(settings.labels)
        for label, values in self.reader.labels().items():
            bound, rule = LabelRule(**values), settings.labels.get(label, LabelRule())
            if rule.remedies is None and label in REFUSED:
                # Naming remedies makes a refused label one that is repeated: only the repository asks for that.
                bound = replace(bound, remedies=None)
            rules[label] = _stricter(rule, bound)
            if label in settings.labels and rules[label] != rule:
                self.left.append(f"policy: labels.{label} is narrowed")
        return replace(settings, labels={label: rules[label] for label in LABELS if label in rules})

    def places(self, settings: Settings) -> Settings:
        """Where results and messages go: the policy's places, and of the repository's those it allows."""
        self.reader.strategies()
        settings = self._retention(settings)
        store = self.reader.history(self.env)
        if store is not None or self.reader.history_off():
            refused = "history" in self.asked and settings.history is None
            if settings.history is not None and settings.history != store:
                self.left.append("policy: `history.store` of the repository is left out")
            off = self.reader.history_off() or (refused and settings.history_off)
            settings = replace(settings, history=None if refused else store, history_off=off)
        if self.values.get("escalate") is not None:
            settings = replace(settings, escalate=self._escalate(settings.escalate))
        if self.values.get("report") is not None:
            settings = replace(settings, report=self._report(settings.report))
        own = self.reader.signatures()
        return replace(settings, signatures=(*own, *(one for one in settings.signatures if one not in own)))

    def _retention(self, settings: Settings) -> Settings:
        """What is to be forgotten by the policy is forgotten, however long the repository would keep it."""
        days, megabytes = self.reader.retention("days"), self.reader.retention("megabytes")
        return replace(
            settings,
            history_days=min((n for n in (settings.history_days, days) if n is not None), default=None),
            history_megabytes=min((n for n in (settings.history_megabytes, megabytes) if n is not None), default=None),
        )

    def _escalate(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        allowed = self.reader.escalate()
        if not allowed and asked:
            self.left.append("policy: `escalate` is off")
            return {}
        if "escalate" not in self.asked:
            return allowed
        kept = {name: value for name, value in asked.items() if name in allowed and value == allowed[name]}
        self.left += [f"policy: `escalate.{name}` is left out" for name in asked if name not in kept]
        return kept

    def _report(self, asked: ReportSettings) -> ReportSettings:
        """The policy's Pushgateway is the only one; what a minute costs is nobody's secret and no risk."""
        own = self.reader.report()
        places = {name: own.get(name) for name in ("pushgateway", "pushgateway_env")}
        for name, place in places.items():
            if getattr(asked, name) not in (None, place):
                self.left.append(f"policy: `report.{name}` is left out")
        return replace(asked, pushgateway=places["pushgateway"], pushgateway_env=places["pushgateway_env"])

    def allow(self, settings: Settings) -> Settings:
        """What remedies may touch."""
        bounds, allow = self.reader.allow(), settings.allow
        if "reclaim" in bounds:
            kept = tuple(name for name in allow.reclaim if name in bounds["reclaim"])
            if "reclaim" in (self.asked.get("allow") or {}):
                self.left += [f"policy: `allow.reclaim` without {name}" for name in allow.reclaim if name not in kept]
            allow = replace(allow, reclaim=kept)
        if "delete" in bounds:
            allow = replace(allow, delete=self._deletable(allow.delete or (), bounds["delete"]))
        if bounds.get("swap") is False and allow.swap:
            self.left.append("policy: `allow.swap` is off")
            allow = replace(allow, swap=False)
        if bounds.get("kill") == "none" and allow.kill != "none":
            if "kill" in (self.asked.get("allow") or {}):
                self.left.append("policy: `allow.kill` is none")
            allow = replace(allow, kill="none")
        return replace(settings, allow=allow)

    def _deletable(self, asked: tuple[str, ...], roots: tuple[str, ...]) -> tuple[str, ...] | None:
        """None: the policy's empty list forbids all deletion."""
        if not roots:
            if asked:
                self.left.append("policy: `allow.delete: []` forbids all deletion")
            return None
        kept = tuple(one for one in asked if any(Path(root) in (Path(one), *Path(one).parents) for root in roots))
        self.left += [f"policy: `allow.delete` without {shown(os.path.relpath(one, self.reader.workspace))}" for one in asked if one not in kept]
        return kept


def _stricter(rule: LabelRule, bound: LabelRule) -> LabelRule:
    remedies = rule.remedies
    if bound.remedies is not None:
        given = bound.remedies if remedies is None else remedies
        remedies = tuple(name for name in given if name in bound.remedies)
    return replace(
        rule,
        on=rule.on and bound.on,
        attempts=min((n for n in (rule.attempts, bound.attempts) if n is not None), default=None),
        remedies=remedies,
        min_probability=max(
            (p for p in (rule.min_probability, bound.min_probability) if p is not None), default=None
        ),
        verdict=max(rule.verdict, bound.verdict, key=_VERDICTS.index),
    )


class _PolicyReader(Reader):
    """A policy's own paths may lie anywhere: it belongs to whoever runs the CI.

    A relative `allow.delete` means a folder of the workspace, every other relative path lies beside the policy.
    """

    def _inside(self, name: str, path: Place, *roots: Path, deletable: bool = False) -> Path:
        del roots
        beside = self.workspace if deletable else Path(self.document.file).absolute().parent
        try:
            return Path(os.path.realpath(beside / name))
        except (OSError, ValueError) as error:
            raise self._error(path, f"{shown(name)} is no path") from error


__all__ = ["narrowed"]
